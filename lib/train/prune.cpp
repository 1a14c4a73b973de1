#include "train/prune.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <algorithm>

namespace wetgate::train {
namespace {

constexpr double least_answer = 1e-6;  // a leaky channel passes on what is below 0 too

/// The rows (`axis` 0) or columns (`axis` 1) of a [O,I,3,3] or [O] tensor whose place is kept.
nets::Tensor kept_of(const nets::Tensor& tensor, const std::vector<bool>& dead, std::size_t axis) {
    const auto outer = axis == 0 ? std::size_t{1} : static_cast<std::size_t>(tensor.shape[0]);
    const std::size_t inner = tensor.values.size() / (outer * dead.size());
    nets::Tensor result{tensor.shape, {}};
    result.shape[axis] = std::count(dead.begin(), dead.end(), false);
    for (std::size_t o = 0; o < outer; ++o) {
        for (std::size_t c = 0; c < dead.size(); ++c) {
            if (dead[c]) continue;
            const auto from =
                tensor.values.begin() + static_cast<std::ptrdiff_t>((o * dead.size() + c) * inner);
            result.values.insert(result.values.end(), from, from + static_cast<std::ptrdiff_t>(inner));
        }
    }
    return result;
}

/// The blocks' names in the order of NetworkShape::hidden.
std::vector<std::string> block_names(const nets::NetworkShape& shape) {
    std::vector<std::string> names;
    const auto add = [&](const std::string& list, int count) {
        for (int i = 0; i < count; ++i) names.push_back(list + "." + std::to_string(i));
    };
    if (shape.kind == nets::NetworkShape::Kind::SrNet) {
        add("body", shape.blocks);
        return names;
    }
    const auto levels = static_cast<int>(shape.widths.size()) - 1;
    for (int level = 0; level < levels; ++level) add("enc." + std::to_string(level), shape.blocks);
    add("mid", static_cast<int>(shape.dilations.size()));
    for (int level = levels; level-- > 0;) add("dec." + std::to_string(level), shape.blocks);
    return names;
}

}  // namespace

void DeadChannelCount::add(const at::Tensor& input) {
    const c10::NoGradGuard no_grad;
    std::size_t block = 0;
    network_.forward_watched(input, [&](const at::Tensor& inner) {
        const at::Tensor lives = network_.shape().slope == 0 ? inner > 0 : inner.abs() > least_answer;
        const at::Tensor fires = lives.flatten(2).any(2).any(0).to(at::kCPU).contiguous();
        const auto channels = static_cast<std::size_t>(fires.numel());
        if (dead_.size() <= block) dead_.emplace_back(channels, true);
        for (std::size_t c = 0; c < channels; ++c) {
            if (fires.data_ptr<bool>()[c]) dead_[block][c] = false;
        }
        ++block;
    });
}

double DeadChannelCount::share() const {
    double dead = 0, all = 0;
    for (const auto& block : dead_) {
        dead += static_cast<double>(std::count(block.begin(), block.end(), true));
        all += static_cast<double>(block.size());
    }
    return all > 0 ? dead / all : 0;
}

nets::Tensors pruned(nets::NetworkShape& shape, const nets::Tensors& weights,
                     const std::vector<std::vector<bool>>& dead) {
    nets::Tensors result = weights;
    shape.hidden.clear();
    const std::vector<std::string> names = block_names(shape);
    for (std::size_t block = 0; block < names.size(); ++block) {
        std::vector<bool> gone = dead.at(block);
        if (std::count(gone.begin(), gone.end(), false) == 0)
            gone[0] = false;  // a convolution needs a channel
        shape.hidden.push_back(static_cast<int>(std::count(gone.begin(), gone.end(), false)));
        const auto cut = [&](const std::string& part, std::size_t axis) {
            nets::Tensor& tensor = result.by_name.at(names[block] + part);
            tensor = kept_of(tensor, gone, axis);
        };
        cut(".conv1.weight", 0);
        cut(".conv1.bias", 0);
        cut(".conv2.weight", 1);
    }
    return result;
}

}  // namespace wetgate::train

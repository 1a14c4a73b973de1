#include "train/trainer.h"

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <future>
#include <numbers>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/hash.h"
#include "core/share.h"

namespace wetgate::train {
namespace {

// Raised when the same spec is trained otherwise than before: old checkpoints are then of no use.
constexpr const char* training_version = "4";

constexpr double beta1 = 0.9;
constexpr double beta2 = 0.99;
constexpr double epsilon = 1e-8;
constexpr double weight_decay = 1e-4;
constexpr double clip_norm = 0.5;
constexpr double average_keeps = 0.999;
constexpr double where_weight = 0.1;
constexpr std::int64_t curve_points = 100;
constexpr std::int64_t checkpoint_limit = std::int64_t{8} << 30;

nets::Tensor host_copy(const at::Tensor& tensor) {
    const at::Tensor host = tensor.detach().to(at::kCPU).to(at::kFloat).contiguous();
    nets::Tensor copy{host.sizes().vec(), {}};
    copy.values.assign(host.data_ptr<float>(), host.data_ptr<float>() + host.numel());
    return copy;
}

/// One weight and what the optimiser knows of it. LibTorch's own optimisers keep that under keys that change
/// between its versions, and a checkpoint must outlive one: so the dozen lines of AdamW are here.
struct Weight {
    std::string name;
    at::Tensor value, mean, square, average;
};

class Optimiser {
public:
    explicit Optimiser(const nets::Network& network) {
        for (auto& [name, value] : network.parameters()) {
            at::Tensor trained = value;
            trained.set_requires_grad(true);
            const at::Tensor plain = trained.detach();
            weights_.push_back({name, trained, at::zeros_like(plain), at::zeros_like(plain), plain.clone()});
        }
    }

    void step(std::int64_t index, double rate) {
        const c10::NoGradGuard no_grad;
        double norm = 0;
        for (const Weight& weight : weights_)
            norm += weight.value.grad().square().sum(at::kDouble).item<double>();
        const double shrink = std::min(1.0, clip_norm / (std::sqrt(norm) + 1e-12));
        const double count = static_cast<double>(index + 1);
        const double bias1 = 1 - std::pow(beta1, count);
        const double bias2 = 1 - std::pow(beta2, count);
        const double keeps = std::min(average_keeps, (count + 1) / (count + 10));
        for (Weight& weight : weights_) {
            const at::Tensor gradient = weight.value.grad() * shrink;
            weight.mean.mul_(beta1).add_(gradient, 1 - beta1);
            weight.square.mul_(beta2).addcmul_(gradient, gradient, 1 - beta2);
            const at::Tensor scale = (weight.square / bias2).sqrt().add_(epsilon);
            weight.value.mul_(1 - rate * weight_decay);
            weight.value.addcdiv_(weight.mean, scale, -rate / bias1);
            weight.average.lerp_(weight.value, 1 - keeps);
            weight.value.mutable_grad().reset();
        }
    }

    nets::Tensors average() const {
        nets::Tensors all;
        for (const Weight& weight : weights_) all.by_name[weight.name] = host_copy(weight.average);
        return all;
    }

    nets::Tensors state() const {
        nets::Tensors all;
        for (const Weight& weight : weights_) {
            for (const auto& [kind, tensor] : parts(weight))
                all.by_name[kind + weight.name] = host_copy(*tensor);
        }
        return all;
    }
    void restore(const nets::Tensors& state) {
        const c10::NoGradGuard no_grad;
        for (Weight& weight : weights_) {
            for (const auto& [kind, tensor] : parts(weight)) {
                const nets::Tensor& stored = state.by_name.at(kind + weight.name);
                tensor->copy_(at::tensor(at::ArrayRef<float>(stored.values)).view(tensor->sizes()));
            }
        }
    }

private:
    template <class W>
    static std::vector<std::pair<std::string, decltype(&std::declval<W&>().value)>> parts(W& weight) {
        return {{"value.", &weight.value},
                {"mean.", &weight.mean},
                {"square.", &weight.square},
                {"average.", &weight.average}};
    }

    std::vector<Weight> weights_;
};

/// Makes the batches of coming steps on threads of their own, so that a GPU does not wait for them.
class BatchesAhead {
public:
    BatchesAhead(const BatchMaker& make, std::int64_t first, std::int64_t end)
        : make_(make), next_(first), end_(end) {
        ahead_ = static_cast<std::size_t>(std::clamp(threads_of(cpu_facts()), 2, most_ahead)) - 1;
    }
    Batch take() {
        while (waiting_.size() < ahead_ && next_ < end_) {
            waiting_.push_back(std::async(std::launch::async, make_, next_));
            ++next_;
        }
        std::future<Batch> batch = std::move(waiting_.front());
        waiting_.pop_front();
        return batch.get();
    }

private:
    static constexpr int most_ahead = 32;

    const BatchMaker& make_;
    std::int64_t next_, end_;
    std::size_t ahead_;
    std::deque<std::future<Batch>> waiting_;
};

double rate_at(std::int64_t step, const Recipe& recipe) {
    const double done = static_cast<double>(step) / static_cast<double>(recipe.steps);
    const double warm_up =
        std::min(1.0, 20 * (static_cast<double>(step) + 1) / static_cast<double>(recipe.steps));
    return recipe.learning_rate * warm_up * (0.01 + 0.99 * 0.5 * (1 + std::cos(std::numbers::pi * done)));
}

at::Tensor loss_of(const at::Tensor& made, const Batch& batch, Loss kind) {
    const at::Tensor square = (made.narrow(1, 0, 3) - batch.target).square();
    const at::Tensor error = kind == Loss::Square ? square : (square + 1e-6).sqrt();
    const at::Tensor mean = batch.weight.defined()
                                ? (error * batch.weight).sum() / (batch.weight.sum() * 3 + 1e-6)
                                : error.mean();
    if (!batch.where.defined()) return mean;
    return mean + where_weight * at::binary_cross_entropy_with_logits(made.narrow(1, 3, 1), batch.where);
}

/// Where a run of this identity stands.
std::optional<nets::Tensors> checkpoint_of(const Recipe& recipe) {
    std::error_code ignored;
    if (recipe.checkpoint.empty() || !std::filesystem::exists(recipe.checkpoint, ignored))
        return std::nullopt;
    const std::string bytes = read_text(recipe.checkpoint, checkpoint_limit);
    nets::Tensors state =
        nets::parse_safetensors(std::as_bytes(std::span(bytes)), recipe.checkpoint.string());
    if (state.metadata["identity"] != content_hash(recipe.identity + training_version)) return std::nullopt;
    return state;
}

/// With all digits: what is read back is the same number.
std::string exact(double value) {
    char text[64];
    std::snprintf(text, sizeof text, "%.17g", value);
    return text;
}

std::string joined(const std::vector<double>& values) {
    std::string text;
    for (const double value : values) text += exact(value) + " ";
    return text;
}

std::vector<double> parted(const std::string& text) {
    std::vector<double> values;
    std::size_t at = 0;
    while (at < text.size()) {
        std::size_t used = 0;
        values.push_back(std::stod(text.substr(at), &used));
        at += used + 1;
    }
    return values;
}

}  // namespace

Trained train_network(const nets::NetworkShape& shape, const nets::Tensors& start, const BatchMaker& batches,
                      const Recipe& recipe) {
    nets::Network network(shape, start, "in training");
    network.place(recipe.device, /*half=*/false);
    Optimiser optimiser(network);
    Trained trained;
    std::int64_t first = 0;
    double sum = 0;
    std::int64_t summed = 0;
    if (auto state = checkpoint_of(recipe)) {
        optimiser.restore(*state);
        first = std::stoll(state->metadata["step"]);
        trained.losses = parted(state->metadata["losses"]);
        sum = std::stod(state->metadata["sum"]);
        summed = std::stoll(state->metadata["summed"]);
    }
    const auto save = [&](std::int64_t step) {
        if (recipe.checkpoint.empty()) return;
        nets::Tensors state = optimiser.state();
        state.metadata = {{"identity", content_hash(recipe.identity + training_version)},
                          {"step", std::to_string(step)},
                          {"losses", joined(trained.losses)},
                          {"sum", exact(sum)},
                          {"summed", std::to_string(summed)}};
        write_atomic(recipe.checkpoint, nets::serialize_safetensors(state, nets::Storage::Float32));
    };
    const std::int64_t stretch = std::max<std::int64_t>(1, recipe.steps / curve_points);
    if (recipe.device.is_cuda())
        at::globalContext().setAllowTF32CuDNN(true);  // training need not repeat bits
    BatchesAhead ahead(batches, first, recipe.steps);
    const at::AutoGradMode with_gradients(true);
    for (std::int64_t step = first; step < recipe.steps; ++step) {
        if (recipe.stop.stop_requested()) {
            save(step);
            throw Error(ErrorKind::Cancelled, "stopped by a signal; run the same command to go on");
        }
        Batch batch = ahead.take();
        batch.input = batch.input.to(recipe.device);
        batch.target = batch.target.to(recipe.device);
        if (batch.weight.defined()) batch.weight = batch.weight.to(recipe.device);
        if (batch.where.defined()) batch.where = batch.where.to(recipe.device);
        const at::Tensor loss = loss_of(network.forward_watched(batch.input, nullptr), batch, recipe.loss);
        const double value = loss.item<double>();
        if (!std::isfinite(value)) {
            throw Error(ErrorKind::Internal,
                        "training diverged at step " + std::to_string(step) + "; lower the learning_rate");
        }
        loss.backward();
        optimiser.step(step, rate_at(step, recipe));
        sum += value;
        if (++summed == stretch) {
            trained.losses.push_back(sum / static_cast<double>(stretch));
            sum = 0;
            summed = 0;
        }
        if (recipe.progress) recipe.progress(step + 1, value);
        if ((step + 1) % recipe.checkpoint_every == 0 || step + 1 == recipe.steps) save(step + 1);
    }
    trained.weights = optimiser.average();
    return trained;
}

}  // namespace wetgate::train

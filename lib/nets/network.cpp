#include "nets/network.h"

#include <fmt/format.h>
#include <torch/torch.h>

#include <utility>

#include "core/error.h"

// Note [The networks]
// Two fully convolutional networks; tensors are named as the cards' weights name them.
// ResUnet: the picture is unshuffled (2x2 pixels become channels), passes residual blocks at ever coarser
// levels (2x2 convolutions of stride 2 between them) and back up (1x1 convolution and pixel shuffle, added to
// what the level had on the way down), and is shuffled back; the result is added to three of the input's
// channels. After Ronneberger et al., "U-Net", 2015, with the blocks of Lim et al., below.
// SrNet: a trunk of residual blocks at the input's size, shuffled to twice the size, added to the input with
// each pixel repeated 2x2. After Lim et al., "Enhanced Deep Residual Networks for Single Image
// Super-Resolution" (EDSR), 2017.
// Neither normalises or pools over the picture: see Network.

namespace wetgate::nets {

namespace {

namespace nn = torch::nn;

nn::Conv2d convolution(int in, int out, int size, int dilation = 1) {
    return nn::Conv2d(nn::Conv2dOptions(in, out, size).padding(size / 2 * dilation).dilation(dilation));
}

struct ResBlock : nn::Module {
    ResBlock(int channels, int hidden, int dilation, double slope) : slope_(slope) {
        conv1_ = register_module("conv1", convolution(channels, hidden, 3, dilation));
        conv2_ = register_module("conv2", convolution(hidden, channels, 3));
    }
    at::Tensor forward(const at::Tensor& x, const BlockWatch& watch) {
        const at::Tensor inner = conv1_->forward(x);
        if (watch) watch(inner);
        return x + conv2_->forward(slope_ == 0 ? at::relu(inner) : at::leaky_relu(inner, slope_));
    }

private:
    double slope_;
    nn::Conv2d conv1_{nullptr}, conv2_{nullptr};
};

struct Blocks : nn::Module {
    at::Tensor forward(at::Tensor x, const BlockWatch& watch) {
        for (const std::shared_ptr<ResBlock>& block : list_) x = block->forward(x, watch);
        return x;
    }
    void add(int channels, int hidden, int dilation, double slope) {
        list_.push_back(register_module(std::to_string(list_.size()),
                                        std::make_shared<ResBlock>(channels, hidden, dilation, slope)));
    }

private:
    std::vector<std::shared_ptr<ResBlock>> list_;
};

/// Deals out NetworkShape::hidden to blocks in the order in which they are made.
class HiddenWidths {
public:
    explicit HiddenWidths(const NetworkShape& shape) : shape_(shape) {}
    std::shared_ptr<Blocks> blocks(int channels, const std::vector<int>& dilations) {
        auto made = std::make_shared<Blocks>();
        for (const int dilation : dilations) {
            made->add(channels, shape_.hidden.empty() ? channels : shape_.hidden.at(next_), dilation,
                      shape_.slope);
            ++next_;
        }
        return made;
    }

private:
    const NetworkShape& shape_;
    std::size_t next_ = 0;
};

struct ResUnet final : nn::Module {
    explicit ResUnet(const NetworkShape& shape) : residual_(shape.residual), where_(shape.where) {
        const std::vector<int>& widths = shape.widths;
        const std::vector<int> plain(static_cast<std::size_t>(shape.blocks), 1);
        HiddenWidths hidden(shape);
        in_ = register_module("inp", convolution(4 * shape.channels_in, widths.front(), 3));
        out_ = register_module("out", convolution(widths.front(), 4 * shape.channels_out(), 3));
        const auto list = [this](const char* name) { return register_module(name, nn::ModuleList()); };
        nn::ModuleList down_blocks = list("enc"), down = list("down"), up = list("up"),
                       up_blocks = list("dec");
        const std::size_t levels = widths.size() - 1;
        for (std::size_t level = 0; level < levels; ++level) {
            const int fine = widths[level];
            const int coarse = widths[level + 1];
            Level& made = levels_.emplace_back();
            down_blocks->push_back(made.down_blocks = hidden.blocks(fine, plain));
            made.down = nn::Conv2d(nn::Conv2dOptions(fine, coarse, 2).stride(2));
            made.up = convolution(coarse, 4 * fine, 1);
            down->push_back(made.down);
            up->push_back(made.up);
        }
        middle_ = register_module("mid", hidden.blocks(widths.back(), shape.dilations));
        for (std::size_t level = levels; level-- > 0;)
            levels_[level].up_blocks = hidden.blocks(widths[level], plain);
        for (const Level& level : levels_) up_blocks->push_back(level.up_blocks);
    }

    at::Tensor forward(const at::Tensor& x, const BlockWatch& watch) {
        at::Tensor features = in_->forward(at::pixel_unshuffle(x, 2).to(in_->weight.scalar_type()));
        std::vector<at::Tensor> skips;
        for (Level& level : levels_) {
            skips.push_back(level.down_blocks->forward(features, watch));
            features = level.down->forward(skips.back());
        }
        features = middle_->forward(features, watch);
        for (std::size_t level = levels_.size(); level-- > 0;) {
            const at::Tensor up = at::pixel_shuffle(levels_[level].up->forward(features), 2);
            features = levels_[level].up_blocks->forward(up + skips[level], watch);
        }
        const at::Tensor made = at::pixel_shuffle(out_->forward(features).to(at::kFloat), 2);
        const at::Tensor picture = x.narrow(1, residual_, 3) + made.narrow(1, 0, 3);
        return where_ ? at::cat({picture, made.narrow(1, 3, 1)}, 1) : picture;
    }

private:
    struct Level {
        std::shared_ptr<Blocks> down_blocks, up_blocks;
        nn::Conv2d down{nullptr}, up{nullptr};
    };
    int residual_;
    bool where_;
    nn::Conv2d in_{nullptr}, out_{nullptr};
    std::shared_ptr<Blocks> middle_;
    std::vector<Level> levels_;
};

struct SrNet final : nn::Module {
    explicit SrNet(const NetworkShape& shape) {
        const int channels = shape.widths.front();
        head_ = register_module("head", convolution(shape.channels_in, channels, 3));
        body_ = register_module(
            "body", HiddenWidths(shape).blocks(channels,
                                               std::vector<int>(static_cast<std::size_t>(shape.blocks), 1)));
        fuse_ = register_module("fuse", convolution(channels, channels, 3));
        tail_ = register_module("tail", convolution(channels, 12, 3));
    }

    at::Tensor forward(const at::Tensor& x, const BlockWatch& watch) {
        at::Tensor features = head_->forward(x.to(head_->weight.scalar_type()));
        features = features + fuse_->forward(body_->forward(features, watch));
        return at::pixel_shuffle(tail_->forward(features).to(at::kFloat) + x.repeat_interleave(4, 1), 2);
    }

private:
    nn::Conv2d head_{nullptr}, fuse_{nullptr}, tail_{nullptr};
    std::shared_ptr<Blocks> body_;
};

template <class Module>
struct OwnBody final : NetworkBody {
    explicit OwnBody(const NetworkShape& shape) : module_(std::make_shared<Module>(shape)) {
        module_->eval();
    }

    at::Tensor forward(const at::Tensor& x, const BlockWatch& watch) override {
        return module_->forward(channels_last_ ? x.contiguous(at::MemoryFormat::ChannelsLast) : x, watch);
    }
    std::vector<std::pair<std::string, at::Tensor>> parameters() override {
        std::vector<std::pair<std::string, at::Tensor>> list;
        for (const auto& parameter : module_->named_parameters())
            list.emplace_back(parameter.key(), parameter.value());
        return list;
    }
    void place(c10::Device device, at::ScalarType type) override {
        const c10::NoGradGuard no_grad;
        module_->to(device, type);
        channels_last_ = device.is_cuda();
        if (!channels_last_) return;
        for (at::Tensor& weights : module_->parameters()) {
            if (weights.dim() == 4) weights.set_data(weights.contiguous(at::MemoryFormat::ChannelsLast));
        }
    }

private:
    std::shared_ptr<Module> module_;
    bool channels_last_ = false;
};

std::shared_ptr<NetworkBody> own_body(const NetworkShape& shape) {
    if (shape.kind == NetworkShape::Kind::SrNet) return std::make_shared<OwnBody<SrNet>>(shape);
    return std::make_shared<OwnBody<ResUnet>>(shape);
}

std::string text_of(at::IntArrayRef sizes) {
    return fmt::format("[{}]", fmt::join(sizes, ","));
}

}  // namespace

Network::Network(NetworkShape shape, const Tensors& weights, const std::string& name)
    : shape_(std::move(shape)) {
    const auto refuse = [&](const std::string& why) {
        throw Error(ErrorKind::Model,
                    fmt::format("the weights of model '{}' are not those of its card: {}; fetch both again",
                                name, why));
    };
    const c10::NoGradGuard no_grad;
    body_ = own_body(shape_);
    std::size_t used = 0;
    for (auto& [key, parameter] : body_->parameters()) {
        const auto found = weights.by_name.find(key);
        if (found == weights.by_name.end()) refuse(fmt::format("'{}' is missing", key));
        const Tensor& tensor = found->second;
        const at::IntArrayRef sizes = parameter.sizes();
        if (sizes != at::IntArrayRef(tensor.shape))
            refuse(fmt::format("'{}' is {} and should be {}", key, text_of(tensor.shape), text_of(sizes)));
        parameter.copy_(at::tensor(at::ArrayRef<float>(tensor.values)).view(sizes));
        parameter.set_requires_grad(false);
        ++used;
    }
    if (used != weights.by_name.size())
        refuse(fmt::format("they hold {} tensors, the network {}", weights.by_name.size(), used));
}

Network::Network(NetworkShape shape, const std::string& archive, const std::string& name)
    : shape_(std::move(shape)), body_(script_body(archive, name)) {}

void Network::place(c10::Device device, bool half) {
    body_->place(device, half ? at::kHalf : at::kFloat);
}

at::Tensor Network::forward(const at::Tensor& picture) const {
    const c10::NoGradGuard no_grad;
    return body_->forward(checked(picture), nullptr);
}

at::Tensor Network::forward_watched(const at::Tensor& picture, const BlockWatch& watch) const {
    return body_->forward(checked(picture), watch);
}

std::vector<std::pair<std::string, at::Tensor>> Network::parameters() const {
    return body_->parameters();
}

const at::Tensor& Network::checked(const at::Tensor& picture) const {
    const int multiple = shape_.multiple();
    const bool fits = picture.dim() == 4 && picture.size(1) == shape_.channels_in && picture.size(2) > 0 &&
                      picture.size(3) > 0 && picture.size(2) % multiple == 0 &&
                      picture.size(3) % multiple == 0;
    if (!fits || picture.scalar_type() != at::kFloat) {
        throw Error(ErrorKind::Usage,
                    fmt::format("a network of {} channels and multiples of {} was given {} {}",
                                shape_.channels_in, multiple, picture.toString(), text_of(picture.sizes())));
    }
    return picture;
}

Tensors fresh_weights(const NetworkShape& shape, std::uint64_t seed) {
    constexpr double block_start = 0.1;
    torch::manual_seed(seed);
    const c10::NoGradGuard no_grad;
    Tensors weights;
    for (auto& [name, value] : own_body(shape)->parameters()) {
        at::Tensor start = value.detach().contiguous();
        if (name.find("conv2.") != std::string::npos) start = start * block_start;
        if (name.starts_with("out.") || name.starts_with("tail.")) start = at::zeros_like(start);
        weights.by_name[name] = {start.sizes().vec(),
                                 {start.data_ptr<float>(), start.data_ptr<float>() + start.numel()}};
    }
    return weights;
}

}  // namespace wetgate::nets

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

struct NetworkBody : torch::nn::Module {
    virtual at::Tensor forward(const at::Tensor& x) = 0;
};

namespace {

namespace nn = torch::nn;

nn::Conv2d convolution(int in, int out, int size, int dilation = 1) {
    return nn::Conv2d(nn::Conv2dOptions(in, out, size).padding(size / 2 * dilation).dilation(dilation));
}

struct ResBlock : nn::Module {
    ResBlock(int channels, int dilation, double slope) : slope_(slope) {
        conv1_ = register_module("conv1", convolution(channels, channels, 3, dilation));
        conv2_ = register_module("conv2", convolution(channels, channels, 3));
    }
    at::Tensor forward(const at::Tensor& x) {
        const at::Tensor inner = conv1_->forward(x);
        return x + conv2_->forward(slope_ == 0 ? at::relu(inner) : at::leaky_relu(inner, slope_));
    }

private:
    double slope_;
    nn::Conv2d conv1_{nullptr}, conv2_{nullptr};
};

nn::Sequential blocks(int channels, const std::vector<int>& dilations, double slope) {
    nn::Sequential sequence;
    for (const int dilation : dilations) sequence->push_back(ResBlock(channels, dilation, slope));
    return sequence;
}

struct ResUnet final : NetworkBody {
    explicit ResUnet(const NetworkShape& shape) : residual_(shape.residual) {
        const std::vector<int>& widths = shape.widths;
        const std::vector<int> plain(static_cast<std::size_t>(shape.blocks), 1);
        in_ = register_module("inp", convolution(4 * shape.channels_in, widths.front(), 3));
        out_ = register_module("out", convolution(widths.front(), 12, 3));
        middle_ = register_module("mid", blocks(widths.back(), shape.dilations, shape.slope));
        for (const auto& [list, name] : {std::pair(&down_blocks_, "enc"), std::pair(&down_, "down"),
                                         std::pair(&up_, "up"), std::pair(&up_blocks_, "dec")}) {
            *list = register_module(name, nn::ModuleList());
        }
        for (std::size_t level = 0; level + 1 < widths.size(); ++level) {
            const int fine = widths[level];
            const int coarse = widths[level + 1];
            down_blocks_->push_back(blocks(fine, plain, shape.slope));
            down_->push_back(nn::Conv2d(nn::Conv2dOptions(fine, coarse, 2).stride(2)));
            up_->push_back(convolution(coarse, 4 * fine, 1));
            up_blocks_->push_back(blocks(fine, plain, shape.slope));
        }
    }

    at::Tensor forward(const at::Tensor& x) override {
        at::Tensor features = in_->forward(at::pixel_unshuffle(x, 2));
        std::vector<at::Tensor> skips;
        for (std::size_t level = 0; level < down_->size(); ++level) {
            skips.push_back(down_blocks_[level]->as<nn::Sequential>()->forward(features));
            features = down_[level]->as<nn::Conv2d>()->forward(skips.back());
        }
        features = middle_->forward(features);
        for (std::size_t level = down_->size(); level-- > 0;) {
            const at::Tensor up = at::pixel_shuffle(up_[level]->as<nn::Conv2d>()->forward(features), 2);
            features = up_blocks_[level]->as<nn::Sequential>()->forward(up + skips[level]);
        }
        return x.narrow(1, residual_, 3) + at::pixel_shuffle(out_->forward(features), 2);
    }

private:
    int residual_;
    nn::Conv2d in_{nullptr}, out_{nullptr};
    nn::Sequential middle_{nullptr};
    nn::ModuleList down_blocks_{nullptr}, down_{nullptr}, up_{nullptr}, up_blocks_{nullptr};
};

struct SrNet final : NetworkBody {
    explicit SrNet(const NetworkShape& shape) {
        const int channels = shape.widths.front();
        head_ = register_module("head", convolution(shape.channels_in, channels, 3));
        body_ = register_module(
            "body",
            blocks(channels, std::vector<int>(static_cast<std::size_t>(shape.blocks), 1), shape.slope));
        fuse_ = register_module("fuse", convolution(channels, channels, 3));
        tail_ = register_module("tail", convolution(channels, 12, 3));
    }

    at::Tensor forward(const at::Tensor& x) override {
        at::Tensor features = head_->forward(x);
        features = features + fuse_->forward(body_->forward(features));
        return at::pixel_shuffle(tail_->forward(features) + x.repeat_interleave(4, 1), 2);
    }

private:
    nn::Conv2d head_{nullptr}, fuse_{nullptr}, tail_{nullptr};
    nn::Sequential body_{nullptr};
};

std::shared_ptr<NetworkBody> body_of(const NetworkShape& shape) {
    if (shape.kind == NetworkShape::Kind::SrNet) return std::make_shared<SrNet>(shape);
    return std::make_shared<ResUnet>(shape);
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
    const at::NoGradGuard no_grad;
    body_ = body_of(shape_);
    std::size_t used = 0;
    for (const auto& parameter : body_->named_parameters()) {
        const auto found = weights.by_name.find(parameter.key());
        if (found == weights.by_name.end()) refuse(fmt::format("'{}' is missing", parameter.key()));
        const Tensor& tensor = found->second;
        const at::IntArrayRef sizes = parameter.value().sizes();
        if (sizes != at::IntArrayRef(tensor.shape))
            refuse(fmt::format("'{}' is {} and should be {}", parameter.key(), text_of(tensor.shape),
                               text_of(sizes)));
        parameter.value().copy_(at::tensor(at::ArrayRef<float>(tensor.values)).view(sizes));
        parameter.value().set_requires_grad(false);
        ++used;
    }
    if (used != weights.by_name.size())
        refuse(fmt::format("they hold {} tensors, the network {}", weights.by_name.size(), used));
    body_->eval();
}

at::Tensor Network::forward(const at::Tensor& picture) const {
    const int multiple = shape_.multiple();
    const bool fits = picture.dim() == 4 && picture.size(1) == shape_.channels_in && picture.size(2) > 0 &&
                      picture.size(3) > 0 && picture.size(2) % multiple == 0 &&
                      picture.size(3) % multiple == 0;
    if (!fits || picture.scalar_type() != at::kFloat) {
        throw Error(ErrorKind::Usage,
                    fmt::format("a network of {} channels and multiples of {} was given {} {}",
                                shape_.channels_in, multiple, picture.toString(), text_of(picture.sizes())));
    }
    const at::NoGradGuard no_grad;
    return body_->forward(picture);
}

}  // namespace wetgate::nets

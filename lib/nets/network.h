#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "nets/network_body.h"
#include "nets/network_shape.h"
#include "nets/safetensors.h"

namespace wetgate::nets {

/// A network with its weights, ready to be asked. Fully convolutional, without normalisation or global
/// pooling: a pixel depends on what is within shape().radius_px() of it and on nothing else, so that tiles
/// with that halo agree with the whole picture. Const after construction: forward() may be called from
/// several threads.
class Network {
public:
    /// `weights` must hold the tensors of this shape, by name and size, and no others; Error{Model}
    /// otherwise. float32 on the CPU. `name` is the model in messages.
    Network(NetworkShape shape, const Tensors& weights, const std::string& name);

    /// A user's TorchScript archive, as script_body() takes it.
    Network(NetworkShape shape, const std::string& archive, const std::string& name);

    /// Moves the weights to `device`, where `half` makes them float16. Not for a network in use.
    void place(c10::Device device, bool half);

    /// `picture`: [N,C,H,W] float32, C = shape().channels_in, H and W multiples of shape().multiple().
    /// Returns [N,3,scale*H,scale*W] float32. Error{Usage} for another shape or type.
    at::Tensor forward(const at::Tensor& picture) const;

    /// forward() that gradients flow through, with a look at every block.
    at::Tensor forward_watched(const at::Tensor& picture, const BlockWatch& watch) const;
    /// The weights by name; the tensors are the network's own.
    std::vector<std::pair<std::string, at::Tensor>> parameters() const;

    const NetworkShape& shape() const { return shape_; }

private:
    const at::Tensor& checked(const at::Tensor& picture) const;

    NetworkShape shape_;
    std::shared_ptr<NetworkBody> body_;
};

/// Weights to start training from, by `seed`: those of LibTorch's layers, but what a residual block adds
/// starts small and the whole network's change at 0, so that it begins as the identity and no channel dies
/// early.
Tensors fresh_weights(const NetworkShape& shape, std::uint64_t seed);

}  // namespace wetgate::nets

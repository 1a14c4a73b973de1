#pragma once
#include <ATen/core/Tensor.h>

#include <memory>
#include <string>

#include "nets/network_shape.h"
#include "nets/safetensors.h"

namespace wetgate::nets {

struct NetworkBody;

/// A network with its weights, ready to be asked. Fully convolutional, without normalisation or global
/// pooling: a pixel depends on what is within shape().radius_px() of it and on nothing else, so that tiles
/// with that halo agree with the whole picture. Const after construction: forward() may be called from
/// several threads.
class Network {
public:
    /// `weights` must hold the tensors of this shape, by name and size, and no others; Error{Model}
    /// otherwise. float32 on the CPU. `name` is the model in messages.
    Network(NetworkShape shape, const Tensors& weights, const std::string& name);

    /// `picture`: [N,C,H,W] float32, C = shape().channels_in, H and W multiples of shape().multiple().
    /// Returns [N,3,scale*H,scale*W] float32. Error{Usage} for another shape or type.
    at::Tensor forward(const at::Tensor& picture) const;

    const NetworkShape& shape() const { return shape_; }

private:
    NetworkShape shape_;
    std::shared_ptr<NetworkBody> body_;
};

}  // namespace wetgate::nets

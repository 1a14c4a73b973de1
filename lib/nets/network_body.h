#pragma once
#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "nets/network_shape.h"

namespace wetgate::nets {

/// Called for each residual block, in the order of NetworkShape::hidden, with what its activation is about to
/// get: [N,C,H,W].
using BlockWatch = std::function<void(const at::Tensor& inner)>;

/// What stands behind a Network: one of our own, or a user's script.
struct NetworkBody {
    virtual ~NetworkBody() = default;
    virtual at::Tensor forward(const at::Tensor& x, const BlockWatch& watch) = 0;
    /// By name, sharing memory with the network.
    virtual std::vector<std::pair<std::string, at::Tensor>> parameters() = 0;
    /// Moves the weights; what goes in and comes out stays float32.
    virtual void place(c10::Device device, at::ScalarType type) = 0;
};

/// A TorchScript archive in memory. Error{Model} when LibTorch cannot load it; `name` is the model in the
/// message.
std::shared_ptr<NetworkBody> script_body(const std::string& archive, const std::string& name);

}  // namespace wetgate::nets

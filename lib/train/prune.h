#pragma once
#include <ATen/core/Tensor.h>

#include <vector>

#include "nets/network.h"

namespace wetgate::train {

/// The hidden channels of all residual blocks that answer nothing, anywhere in what was added, by block: a
/// ReLU that died learns no more.
class DeadChannelCount {
public:
    /// `network` outlives it.
    explicit DeadChannelCount(const nets::Network& network) : network_(network) {}
    void add(const at::Tensor& input);  // [N,C,H,W]
    const std::vector<std::vector<bool>>& dead() const { return dead_; }
    double share() const;

private:
    const nets::Network& network_;
    std::vector<std::vector<bool>> dead_;
};

/// `weights` of `shape` without the dead channels; the shape is changed to what is left.
nets::Tensors pruned(nets::NetworkShape& shape, const nets::Tensors& weights,
                     const std::vector<std::vector<bool>>& dead);

}  // namespace wetgate::train

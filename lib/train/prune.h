#pragma once
#include <ATen/core/Tensor.h>

#include <vector>

#include "nets/network.h"

namespace wetgate::train {

/// Share of the hidden channels of all residual blocks that answer nothing, anywhere in `inputs`, and which
/// they are (by block): a ReLU that died learns no more.
struct DeadChannels {
    double share = 0;
    std::vector<std::vector<bool>> dead;
};
DeadChannels dead_channels(const nets::Network& network, const std::vector<at::Tensor>& inputs);

/// `weights` of `shape` without the dead channels; the shape is changed to what is left.
nets::Tensors pruned(nets::NetworkShape& shape, const nets::Tensors& weights, const DeadChannels& dead);

}  // namespace wetgate::train

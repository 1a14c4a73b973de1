#pragma once
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "nets/network.h"

namespace wetgate::train {

/// What one step learns from.
struct Batch {
    at::Tensor input;        // [N,C,H,W] float32
    at::Tensor target;       // [N,3,sH,sW] float32
    at::Tensor weight = {};  // [N,1,sH,sW] float32, or undefined: all alike
    at::Tensor where =
        {};  // [N,1,sH,sW] float32: 1 where the picture is to change; of a network that says so
};

/// The batch of a step: a function of the step alone, so that a run that was killed goes on as it would have.
/// Called from several threads.
using BatchMaker = std::function<Batch(std::int64_t step)>;

enum class Loss {
    Charbonnier,  ///< sqrt(d^2 + 1e-6): near the median
    Square        ///< where the target is noisy: only the mean is right
};

struct Recipe {
    std::int64_t steps = 1000;
    double learning_rate = 1e-3;
    Loss loss = Loss::Charbonnier;
    c10::Device device = c10::Device(c10::kCPU);
    std::string identity;              ///< what a checkpoint must have been made for
    std::filesystem::path checkpoint;  ///< empty: none
    std::int64_t checkpoint_every = 200;
    std::function<void(std::int64_t step, double loss)> progress;
    std::stop_token stop;
};

struct Trained {
    nets::Tensors weights;       ///< the exponential moving average
    std::vector<double> losses;  ///< mean of each hundredth of the steps
};

/// AdamW (Loshchilov and Hutter, 2019), warm-up and cosine, gradient norm clipped to 0.5, exponential moving
/// average of the weights; bfloat16 is not used. Goes on from the checkpoint where there is one of the same
/// identity. Error{Cancelled} after a stop, with the checkpoint written.
Trained train_network(const nets::NetworkShape& shape, const nets::Tensors& start, const BatchMaker& batches,
                      const Recipe& recipe);

}  // namespace wetgate::train

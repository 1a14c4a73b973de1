#pragma once
#include <ATen/core/Tensor.h>

#include <array>
#include <span>
#include <vector>

namespace wetgate::passes {

/// Noise as it depends on the picture: variance = a * value + b, each channel R, G, B on its own, of linear
/// light or of coded values. (Foi et al., "Practical Poissonian-Gaussian noise modeling", 2008.)
struct NoiseModel {
    std::array<double, 3> a{}, b{};

    /// Standard deviation [3,H,W] at `value` [3,H,W], values below 0 taken as 0.
    at::Tensor sigma(const at::Tensor& value) const;
};

/// What one channel of one frame shows of its noise where it shows about one level.
struct NoiseBin {
    double level = 0;     ///< mean value
    double variance = 0;  ///< of the noise
    double blocks = 0;    ///< of 8x8 pixels that say so
};

using NoiseBins = std::array<std::vector<NoiseBin>, 3>;  ///< of R, G and B

/// The noise of one picture [3,H,W] float32, where it is smooth and not clipped. `before`: the frame before
/// it, or undefined. `log_levels`: bins of half a stop, for linear light; else of a 24th. `where` [1,H,W]
/// bool: what is looked at; undefined: all of it.
NoiseBins measure_noise(const at::Tensor& picture, const at::Tensor& before, bool log_levels,
                        const at::Tensor& where = {});

/// A model of a shot and how far its measurements lie from it.
struct NoiseFit {
    NoiseModel model;
    double misfit = 0;  ///< weighted mean |log variance / model|
    double blocks = 0;  ///< that it rests on
};

/// The model that explains the bins of many frames best. See Note [The noise model].
NoiseFit fit_noise(std::span<const NoiseBins> frames);

}  // namespace wetgate::passes

#include "passes/denoise_classical.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numbers>

// Note [The classical engine]
// Two steps. The aligned frames are averaged, each pixel of a neighbour weighted by how well its surroundings
// agree with the middle frame's, beyond what noise explains (so a pixel that alignment missed, or that is not
// to be seen there, stays out); the sum of squared weights tells how much noise is left. That rest is taken
// out by a sliding 8x8 DCT: every block's coefficients below a threshold are set to 0, and the blocks that
// cover a pixel are averaged with weights that favour the sparse ones (Yu and Sapiro, "DCT image denoising",
// IPOL 2011; Guleryuz, "Weighted overcomplete denoising", 2003). Colours are decorrelated before.

namespace wetgate::passes::denoise {
namespace {

constexpr std::int64_t side = 8;
constexpr std::int64_t strip_px = 128;   // rows of blocks at once: 64 coefficients a pixel
constexpr double threshold = 2.7;        // standard deviations of the noise
constexpr double agreement_scale = 0.6;  // of noise's variance
constexpr std::int64_t agreement_px = 7;
constexpr double least_sigma = 1e-5;

at::Tensor box_mean(const at::Tensor& planes, std::int64_t size) {  // [C,H,W]
    return at::avg_pool2d(planes.unsqueeze(0), {size, size}, {1, 1}, {size / 2, size / 2}, false,
                          /*count_include_pad=*/false)
        .squeeze(0);
}

/// 64 blocks of 8x8: the orthonormal two-dimensional DCT-II.
at::Tensor dct_filters(const at::TensorOptions& options) {
    std::vector<float> filters;
    const auto wave = [](std::int64_t k, std::int64_t n) {
        const double scale = std::sqrt((k == 0 ? 1.0 : 2.0) / static_cast<double>(side));
        return scale * std::cos(std::numbers::pi * (2.0 * static_cast<double>(n) + 1.0) *
                                static_cast<double>(k) / (2.0 * static_cast<double>(side)));
    };
    for (std::int64_t v = 0; v < side; ++v) {
        for (std::int64_t u = 0; u < side; ++u) {
            for (std::int64_t y = 0; y < side; ++y) {
                for (std::int64_t x = 0; x < side; ++x)
                    filters.push_back(static_cast<float>(wave(v, y) * wave(u, x)));
            }
        }
    }
    return at::tensor(filters, at::kFloat).view({side * side, 1, side, side}).to(options.device());
}

/// One plane [1,H,W], all blocks that fit into the padded picture.
at::Tensor dct_denoised(const at::Tensor& plane, const at::Tensor& sigma, const at::Tensor& filters) {
    const std::int64_t height = plane.size(1);
    const at::Tensor grown =
        at::replication_pad2d(plane.unsqueeze(0), {side - 1, side - 1, side - 1, side - 1});
    const at::Tensor limits =
        at::avg_pool2d(at::replication_pad2d(sigma.unsqueeze(0), {side - 1, side - 1, side - 1, side - 1}),
                       {side, side}, {1, 1}) *
        threshold;
    at::Tensor sum = at::zeros_like(grown);
    at::Tensor weights = at::zeros_like(grown);
    const at::Tensor ones = at::ones({1, 1, side, side}, grown.options());
    const std::int64_t rows = height + side - 1;
    for (std::int64_t first = 0; first < rows; first += strip_px) {
        const std::int64_t count = std::min(strip_px, rows - first);
        const at::Tensor strip = grown.narrow(2, first, count + side - 1);
        at::Tensor coefficients = at::conv2d(strip, filters);
        at::Tensor keep = coefficients.abs() > limits.narrow(2, first, count);
        keep.select(1, 0).fill_(true);  // the mean is never noise
        const at::Tensor weight = 1 / keep.to(at::kFloat).sum(1, /*keepdim=*/true);
        coefficients = coefficients * keep * weight;
        sum.narrow(2, first, count + side - 1) += at::conv_transpose2d(coefficients, filters);
        weights.narrow(2, first, count + side - 1) += at::conv_transpose2d(weight, ones);
    }
    const at::Tensor whole = sum / weights;
    return whole.narrow(2, side - 1, height).narrow(3, side - 1, plane.size(2)).squeeze(0);
}

/// Orthonormal: grey, blue-red, green-magenta.
at::Tensor opponent(const at::TensorOptions& options) {
    const auto third = static_cast<float>(1 / std::sqrt(3.0));
    const auto half = static_cast<float>(1 / std::sqrt(2.0));
    const auto sixth = static_cast<float>(1 / std::sqrt(6.0));
    return at::tensor({third, third, third, half, 0.F, -half, sixth, -2 * sixth, sixth}, at::kFloat)
        .view({3, 3})
        .to(options.device());
}

}  // namespace

at::Tensor classical(const std::vector<at::Tensor>& frames, const at::Tensor& sigma) {
    const at::Tensor& middle = frames[frames.size() / 2];
    const at::Tensor variance = sigma.clamp_min(least_sigma).square();
    at::Tensor sum = middle;
    at::Tensor weight_sum = at::ones_like(middle.slice(0, 0, 1));
    at::Tensor square_sum = weight_sum;
    for (std::size_t k = 0; k < frames.size(); ++k) {
        if (k == frames.size() / 2) continue;
        const at::Tensor off = ((frames[k] - middle).square() / variance).mean(0, /*keepdim=*/true) - 2;
        const at::Tensor beyond = box_mean(off, agreement_px).clamp_min(0);
        const at::Tensor weight = at::exp(beyond / -agreement_scale);
        sum = sum + weight * frames[k];
        weight_sum = weight_sum + weight;
        square_sum = square_sum + weight.square();
    }
    const at::Tensor mean = sum / weight_sum;
    const at::Tensor left = sigma * square_sum.sqrt() / weight_sum;
    const at::Tensor turn = opponent(middle.options());
    const at::Tensor colors = at::matmul(turn, mean.flatten(1)).view_as(mean);
    // Of each turned axis: variances add by the squares of what it takes of each channel.
    const at::Tensor color_sigma = at::matmul(turn.square(), left.square().flatten(1)).view_as(mean).sqrt();
    const at::Tensor filters = dct_filters(middle.options());
    std::vector<at::Tensor> planes;
    for (std::int64_t c = 0; c < 3; ++c)
        planes.push_back(dct_denoised(colors.slice(0, c, c + 1), color_sigma.slice(0, c, c + 1), filters));
    return at::matmul(turn.t(), at::cat(planes).flatten(1)).view_as(mean);
}

}  // namespace wetgate::passes::denoise

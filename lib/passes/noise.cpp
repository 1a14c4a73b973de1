#include "passes/noise.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>

// Note [The noise model]
// A frame is cut into blocks of 8x8 pixels. What a 3x3 operator that answers to no plane and no saddle
// (Immerkaer, "Fast noise variance estimation", 1996) leaves of a smooth block is noise; which blocks are
// smooth is judged from their means over 4x4 pixels, where noise of a pixel and its neighbour hardly counts,
// so that the choice does not prefer blocks that happen to have little of it. Of each level of light the
// smoothest fifth is kept, and its median. The line through the levels of all frames is fitted in ratios,
// since variance spans decades, and trusts what lies above it less than what lies below: texture adds to a
// variance, nothing takes away from it. Where part of a block is clipped, the
// variance is what a Gaussian censored by that share would have had; blocks clipped by more than 0.4 are left
// out. Where nothing is
// smooth but the camera stands still, the difference to the frame before shows the noise without the texture;
// so a level takes the lesser of both, unless the samples of the two frames are equal, as a codec makes them
// that repeats what it has.

namespace wetgate::passes {
namespace {

constexpr std::int64_t block_px = 8;
constexpr double smooth_share = 0.2;
constexpr std::size_t least_blocks = 12;
constexpr double median_of_mean_square = 0.975;  // of 64 samples that overlap, over their mean
constexpr double least_variance = 1e-12;
constexpr float most_clipped = 0.4F;
constexpr double clip_tolerance = 0.25 / 255;
constexpr float equal_share = 0.5F;
constexpr double trust_above = 0.25;  // natural log
constexpr double trust_below = 0.75;
constexpr int rounds = 30;

struct Block {
    float structure = 0;
    float variance = 0;
    float level = 0;
    float temporal = 0;  // variance by the frame before
    float equal = 0;     // share of samples equal to the frame before
    float clipped = 0;   // share of samples
};

/// [3,H,W] -> [3,H/8,W/8]
at::Tensor pooled(const at::Tensor& planes) {
    return at::avg_pool2d(planes.unsqueeze(0), {block_px, block_px}).squeeze(0);
}

at::Tensor high_pass(const at::Tensor& planes) {  // unit gain for white noise
    const at::Tensor kernel = at::tensor({1.F, -2.F, 1.F, -2.F, 4.F, -2.F, 1.F, -2.F, 1.F}, at::kFloat)
                                  .view({1, 1, 3, 3})
                                  .to(planes.device()) /
                              6.0;
    const at::Tensor grown = at::replication_pad2d(planes.unsqueeze(1), {1, 1, 1, 1});
    return at::conv2d(grown, kernel).squeeze(1);
}

/// How much the 4x4 means of each 8x8 block and its surroundings differ, summed over channels: [H/8,W/8].
at::Tensor structure_of(const at::Tensor& picture) {
    const at::Tensor quarter = at::avg_pool2d(picture.unsqueeze(0), {4, 4});
    const at::Tensor mean = at::avg_pool2d(quarter, {2, 2});
    const at::Tensor spread =
        (at::avg_pool2d(quarter * quarter, {2, 2}) - mean * mean).sum(1, /*keepdim=*/true);
    return at::max_pool2d(spread, {3, 3}, {1, 1}, {1, 1}).squeeze(0).squeeze(0);
}

/// [3,H/8,W/8]: share of the block's samples that are the least or greatest of their channel.
at::Tensor clipped_share(const at::Tensor& picture) {
    const at::Tensor flat = picture.flatten(1);
    // Colour transforms leave rounding on what was one code.
    const at::Tensor least = flat.amin(1).view({3, 1, 1}) + clip_tolerance;
    const at::Tensor greatest = flat.amax(1).view({3, 1, 1}) - clip_tolerance;
    return pooled((picture <= least).logical_or(picture >= greatest).to(at::kFloat));
}

/// What clipping a share of a Gaussian's samples on one side leaves of its variance.
double censored_variance(double share) {
    if (share <= 0) return 1;
    // The quantile, by bisection of the distribution function.
    double low = -8, high = 0;
    for (int i = 0; i < 40; ++i) {
        const double middle = (low + high) / 2;
        (0.5 * std::erfc(-middle / std::numbers::sqrt2) < share ? low : high) = middle;
    }
    const double z = low;
    const double density = std::exp(-z * z / 2) / std::sqrt(2 * std::numbers::pi);
    const double mean = z * share + density;
    return z * z * share + (1 - share) + z * density - mean * mean;
}

int bin_of(double level, bool log_levels) {
    if (!log_levels) return static_cast<int>(std::floor(std::clamp(level, -1.0, 2.0) * 24));
    return static_cast<int>(std::floor(2 * std::log2(std::max(level, std::exp2(-10)))));
}

float median(std::vector<Block>& blocks, std::size_t count, float Block::*member) {
    const auto middle = blocks.begin() + static_cast<std::ptrdiff_t>(count / 2);
    std::nth_element(blocks.begin(), middle, blocks.begin() + static_cast<std::ptrdiff_t>(count),
                     [member](const Block& l, const Block& r) { return l.*member < r.*member; });
    return (*middle).*member;
}

NoiseBin bin_from(std::vector<Block>& blocks) {
    const auto share = static_cast<std::size_t>(smooth_share * static_cast<double>(blocks.size()));
    const std::size_t kept = std::min(blocks.size(), std::max(least_blocks, share));
    const auto end = blocks.begin() + static_cast<std::ptrdiff_t>(kept);
    std::nth_element(blocks.begin(), end - 1, blocks.end(),
                     [](const Block& l, const Block& r) { return l.structure < r.structure; });
    NoiseBin bin;
    bin.variance = median(blocks, kept, &Block::variance);
    if (median(blocks, kept, &Block::equal) < equal_share)
        bin.variance = std::min<double>(bin.variance, median(blocks, kept, &Block::temporal));
    double clipped = 0;
    for (auto block = blocks.begin(); block != end; ++block) {
        bin.level += block->level;
        clipped += block->clipped;
    }
    bin.level /= static_cast<double>(kept);
    bin.variance /= median_of_mean_square * censored_variance(clipped / static_cast<double>(kept));
    bin.blocks = static_cast<double>(kept);
    return bin;
}

/// The bins of one channel over all frames: of each level the median of its frames.
std::vector<NoiseBin> gathered(std::span<const NoiseBins> frames, std::size_t channel) {
    std::map<int, std::vector<NoiseBin>> levels;  // a 16th of a stop apart at most
    for (const NoiseBins& frame : frames) {
        for (const NoiseBin& bin : frame[channel])
            levels[static_cast<int>(std::floor(4 * std::log2(std::max(std::abs(bin.level), 1e-4))))]
                .push_back(bin);
    }
    std::vector<NoiseBin> all;
    for (auto& [level, bins] : levels) {
        const auto middle = bins.begin() + static_cast<std::ptrdiff_t>(bins.size() / 2);
        std::nth_element(bins.begin(), middle, bins.end(),
                         [](const NoiseBin& l, const NoiseBin& r) { return l.variance < r.variance; });
        NoiseBin bin = *middle;
        bin.blocks = 0;
        for (const NoiseBin& one : bins) bin.blocks += one.blocks;
        all.push_back(bin);
    }
    return all;
}

/// Weighted least squares of variance = a * level + b in ratios, with a and b not negative.
std::array<double, 2> line_through(const std::vector<NoiseBin>& bins, const std::vector<double>& weights) {
    double ww = 0, wx = 0, wxx = 0, wv = 0, wxv = 0;
    for (std::size_t i = 0; i < bins.size(); ++i) {
        const double x = std::max(bins[i].level, 0.0);
        ww += weights[i];
        wx += weights[i] * x;
        wxx += weights[i] * x * x;
        wv += weights[i] * bins[i].variance;
        wxv += weights[i] * x * bins[i].variance;
    }
    const double determinant = ww * wxx - wx * wx;
    if (determinant > 1e-9 * ww * wxx) {
        const double a = (ww * wxv - wx * wv) / determinant;
        const double b = (wxx * wv - wx * wxv) / determinant;
        if (a >= 0 && b >= 0) return {a, b};
        if (b < 0) return {std::max(0.0, wxv / wxx), 0.0};
    }
    return {0.0, ww > 0 ? wv / ww : 0.0};
}

/// A channel of which nothing is known is as noisy as the others.
void fill_unknown(NoiseModel& model) {
    double a = 0, b = 0, known = 0;
    for (std::size_t c = 0; c < 3; ++c) {
        if (model.a[c] + model.b[c] <= 0) continue;
        a += model.a[c];
        b += model.b[c];
        known += 1;
    }
    for (std::size_t c = 0; c < 3 && known > 0; ++c) {
        if (model.a[c] + model.b[c] > 0) continue;
        model.a[c] = a / known;
        model.b[c] = b / known;
    }
}

}  // namespace

at::Tensor NoiseModel::sigma(const at::Tensor& value) const {
    const auto per_channel = [&](const std::array<double, 3>& three) {
        return at::tensor({three[0], three[1], three[2]}, at::kDouble)
            .to(at::kFloat)
            .view({3, 1, 1})
            .to(value.device());
    };
    return (value.clamp_min(0) * per_channel(a) + per_channel(b)).sqrt();
}

NoiseBins measure_noise(const at::Tensor& picture, const at::Tensor& before, bool log_levels,
                        const at::Tensor& where) {
    NoiseBins bins;
    if (picture.size(1) < 2 * block_px || picture.size(2) < 2 * block_px) return bins;
    const auto host = [](const at::Tensor& planes) {
        return planes.to(at::kFloat).to(at::kCPU).contiguous();
    };
    const at::Tensor structure = host(structure_of(picture));
    const at::Tensor clipped = host(clipped_share(picture));
    const at::Tensor level = host(pooled(picture));
    const at::Tensor variance = host(pooled(high_pass(picture).square()));
    const at::Tensor temporal =
        before.defined() ? host(pooled(high_pass(picture - before).square()) * 0.5) : variance;
    const at::Tensor equal =
        before.defined() ? host(pooled(picture.eq(before).to(at::kFloat))) : at::ones_like(variance);
    const at::Tensor asked = where.defined() ? host(pooled(where.to(at::kFloat))) : at::Tensor();
    const auto blocks = static_cast<std::size_t>(structure.numel());
    for (std::size_t c = 0; c < 3; ++c) {
        std::map<int, std::vector<Block>> by_level;
        for (std::size_t i = 0; i < blocks; ++i) {
            if (asked.defined() && asked.data_ptr<float>()[i] < 1) continue;
            const auto of = [&](const at::Tensor& planes) {
                return planes.data_ptr<float>()[c * blocks + i];
            };
            const Block block{structure.data_ptr<float>()[i],
                              of(variance),
                              of(level),
                              of(temporal),
                              of(equal),
                              of(clipped)};
            if (block.clipped > most_clipped ||
                !std::isfinite(block.variance + block.level + block.structure))
                continue;
            by_level[bin_of(block.level, log_levels)].push_back(block);
        }
        for (auto& [bin, members] : by_level) {
            if (members.size() >= least_blocks) bins[c].push_back(bin_from(members));
        }
    }
    return bins;
}

NoiseFit fit_noise(std::span<const NoiseBins> frames) {
    NoiseFit fit;
    double weight_sum = 0;
    for (std::size_t c = 0; c < 3; ++c) {
        const std::vector<NoiseBin> bins = gathered(frames, c);
        std::vector<double> weights;
        for (const NoiseBin& bin : bins)
            weights.push_back(bin.blocks / std::pow(std::max(bin.variance, least_variance), 2));
        std::array<double, 2> line{};
        for (int round = 0; round < rounds; ++round) {
            line = line_through(bins, weights);
            for (std::size_t i = 0; i < bins.size(); ++i) {
                const double model =
                    std::max(line[0] * std::max(bins[i].level, 0.0) + line[1], least_variance);
                const double off = std::log(std::max(bins[i].variance, least_variance) / model);
                const double trust = off / (off > 0 ? trust_above : trust_below);
                weights[i] = std::sqrt(bins[i].blocks) / (model * model * (1 + trust * trust));
            }
        }
        fit.model.a[c] = line[0];
        fit.model.b[c] = line[1];
        for (const NoiseBin& bin : bins) {
            const double model = std::max(line[0] * std::max(bin.level, 0.0) + line[1], least_variance);
            const double weight = std::sqrt(bin.blocks);
            fit.misfit +=
                weight * std::min(3.0, std::abs(std::log(std::max(bin.variance, least_variance) / model)));
            weight_sum += weight;
            fit.blocks += bin.blocks;
        }
    }
    if (weight_sum > 0) fit.misfit /= weight_sum;
    fill_unknown(fit.model);
    return fit;
}

}  // namespace wetgate::passes

#include "passes/grain_texture.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>
#include <utility>
#include <vector>

#include "passes/median.h"

// Note [The texture of grain]
// Measured in blocks of 16x16 pixels of the plate's code. What the best plane through a block leaves is taken
// for grain where the blocks around it are smooth; the block itself has no say in that, or blocks whose grain
// happens to have little of the low frequencies would be preferred. Each block gives correlations, which do
// not depend on how strong its grain is, and their median over blocks is robust against the texture that some
// hold.
// Made as white noise from a counter hashed with the seed and the place, so that neither the frame's window
// nor the order of work matters; mixed over the channels by a Cholesky factor of their correlation; then
// filtered by the kernel whose spectrum is the square root of the correlation's (Wiener and Khinchin).
// Newson, Faraj, Delon, Galerne ("Realistic film grain rendering", 2017) draw grains one by one; what a plate
// shows after scan, debayer and codec is nearer to this, which AV1's film grain does too, by regression.

namespace wetgate::passes {
namespace {

constexpr int block_px = 16;
constexpr int reach_px = GrainTexture::reach_px;
constexpr double smooth_share = 0.2;
constexpr std::size_t least_blocks = 12;
constexpr std::size_t most_blocks = 600;
constexpr double least_deviation = 0.25 / 255;  // rounding to 8 bits: 0.29
constexpr double alike_share = 0.6;             // of the whitest blocks' fine share: less is texture
constexpr double least_fine_share = 0.04;
// Of measure_noise(), of power 1.
constexpr std::array<double, 9> fine_kernel = {1.0 / 6,  -2.0 / 6, 1.0 / 6,  -2.0 / 6, 4.0 / 6,
                                               -2.0 / 6, 1.0 / 6,  -2.0 / 6, 1.0 / 6};
constexpr int grid = 32;  // of the discrete spectrum

using Near = GrainTexture::Near;

struct Block {
    std::array<std::array<float, static_cast<std::size_t>(block_px) * block_px>, 3> rest;  // off the plane
    std::array<double, 3> variance{};
    double structure = 0;  // variance of its 4x4 means
    bool is_usable = false;
};

/// Takes the plane that fits best off the block.
void take_plane_off(float* values) {
    double sum = 0, by_x = 0, by_y = 0, square = 0;
    for (int y = 0; y < block_px; ++y) {
        for (int x = 0; x < block_px; ++x) {
            const double off_x = x - 0.5 * (block_px - 1), off_y = y - 0.5 * (block_px - 1);
            const double value = values[y * block_px + x];
            sum += value;
            by_x += off_x * value;
            by_y += off_y * value;
            square += off_x * off_x;
        }
    }
    for (int y = 0; y < block_px; ++y) {
        for (int x = 0; x < block_px; ++x) {
            const double plane = sum / (block_px * block_px) + by_x / square * (x - 0.5 * (block_px - 1)) +
                                 by_y / square * (y - 0.5 * (block_px - 1));
            values[y * block_px + x] -= static_cast<float>(plane);
        }
    }
}

double mean_product(const float* first, const float* second, int dx, int dy) {
    double sum = 0;
    for (int y = 0; y + dy < block_px; ++y) {
        for (int x = std::max(0, -dx); x < std::min(block_px, block_px - dx); ++x)
            sum += static_cast<double>(first[y * block_px + x]) *
                   static_cast<double>(second[(y + dy) * block_px + x + dx]);
    }
    return sum / ((block_px - std::abs(dx)) * (block_px - dy));
}

double variance_of_means(const float* values) {
    double sum = 0;
    for (int y = 0; y < block_px; y += 4) {
        for (int x = 0; x < block_px; x += 4) {
            double mean = 0;
            for (int i = 0; i < 16; ++i)
                mean += static_cast<double>(values[(y + i / 4) * block_px + x + i % 4]) / 16;
            sum += mean * mean;
        }
    }
    return sum / (block_px / 4 * block_px / 4);
}

std::uint64_t mixed(std::uint64_t value) {  // splitmix64 (Steele, Lea, Flood, 2014)
    value += 0x9E3779B97F4A7C15ULL;
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9ULL;
    value = (value ^ (value >> 27)) * 0x94D049BB133111EBULL;
    return value ^ (value >> 31);
}

/// Nearly normal, mean 0, deviation 1: a sum of four uniform numbers, exact in float on any machine.
float normal(std::uint64_t bits) {
    constexpr double mean = 4 * 0.5 * 65535;
    const double deviation = std::sqrt(4.0 / 12) * 65536;
    const auto sum = (bits & 0xFFFF) + (bits >> 16 & 0xFFFF) + (bits >> 32 & 0xFFFF) + (bits >> 48);
    return static_cast<float>((static_cast<double>(sum) - mean) / deviation);
}

/// Of power 1; its spectrum is the root of that of `near`.
std::vector<float> kernel_of(const Near& near) {
    const auto wave = [](int k) { return std::cos(2 * std::numbers::pi * (k % grid) / grid); };
    std::vector<double> amplitude(static_cast<std::size_t>(grid) * grid);
    for (int v = 0; v < grid; ++v) {
        for (int u = 0; u < grid; ++u) {
            double power = 1;
            for (int dy = 0; dy <= reach_px; ++dy) {
                for (int dx = dy == 0 ? 1 : -reach_px; dx <= reach_px; ++dx)
                    power += 2 * near[static_cast<std::size_t>(dy)][static_cast<std::size_t>(reach_px + dx)] *
                             wave(u * dx + v * dy + grid * reach_px);
            }
            amplitude[static_cast<std::size_t>(v * grid + u)] = std::sqrt(std::max(power, 0.0));
        }
    }
    constexpr int side = 2 * reach_px + 1;
    std::vector<double> kernel;
    double power = 0;
    for (int y = -reach_px; y <= reach_px; ++y) {
        for (int x = -reach_px; x <= reach_px; ++x) {
            double sum = 0;
            for (int v = 0; v < grid; ++v) {
                for (int u = 0; u < grid; ++u)
                    sum += amplitude[static_cast<std::size_t>(v * grid + u)] *
                           wave(u * x + v * y + 2 * grid * grid);
            }
            kernel.push_back(sum);
            power += sum * sum;
        }
    }
    std::vector<float> scaled(static_cast<std::size_t>(side) * side);
    for (std::size_t i = 0; i < scaled.size(); ++i)
        scaled[i] = static_cast<float>(kernel[i] / std::sqrt(std::max(power, 1e-30)));
    return scaled;
}

/// Lower factor of [[1, rg, rb], [rg, 1, gb], [rb, gb, 1]], row by row; correlations that no three channels
/// can have are brought to ones that they can.
std::array<double, 6> factor_of(const std::array<double, 3>& shared) {
    const double rg = std::clamp(shared[0], -1.0, 1.0);
    const double rb = std::clamp(shared[1], -1.0, 1.0);
    const double g = std::sqrt(1 - rg * rg);
    const double most = std::sqrt(1 - rb * rb);
    const double gb = g > 1e-6 ? std::clamp((shared[2] - rg * rb) / g, -most, most) : 0.0;
    return {1, rg, g, rb, gb, std::sqrt(std::max(0.0, 1 - rb * rb - gb * gb))};
}

/// Row by row, `columns` in a row; only whole ones.
std::vector<Block> blocks_of(const at::Tensor& picture, const at::Tensor& where, int rows, int columns) {
    const auto width = static_cast<std::size_t>(picture.size(2));
    const std::size_t pixels = width * static_cast<std::size_t>(picture.size(1));
    std::vector<Block> blocks;
    for (int k = 0; k < rows * columns; ++k) {
        Block& block = blocks.emplace_back();
        const auto corner = static_cast<std::size_t>(k / columns * block_px) * width +
                            static_cast<std::size_t>(k % columns * block_px);
        block.is_usable = true;
        for (std::size_t y = 0; where.defined() && y < block_px; ++y) {
            const bool* in = where.data_ptr<bool>() + corner + y * width;
            block.is_usable = block.is_usable && std::all_of(in, in + block_px, [](bool b) { return b; });
        }
        for (std::size_t c = 0; c < 3; ++c) {
            float* rest = block.rest[c].data();
            for (std::size_t y = 0; y < block_px; ++y) {
                const float* from = picture.data_ptr<float>() + c * pixels + corner + y * width;
                std::copy(from, from + block_px, rest + y * block_px);
            }
            take_plane_off(rest);
            block.variance[c] = mean_product(rest, rest, 0, 0);
            block.structure += variance_of_means(rest);
            block.is_usable = block.is_usable && std::isfinite(block.variance[c]) &&
                              block.variance[c] > least_deviation * least_deviation;
        }
        if (!std::isfinite(block.structure)) block.structure = std::numeric_limits<double>::max();
    }
    return blocks;
}

/// Of a block's variance, mean of the channels, over what white grain would have.
double fine_share_of(const Block& block) {
    double share = 0;
    for (std::size_t c = 0; c < 3; ++c) {
        double power = 0;
        for (int y = 1; y + 1 < block_px; ++y) {
            for (int x = 1; x + 1 < block_px; ++x) {
                double fine = 0;
                for (int i = 0; i < 9; ++i)
                    fine += fine_kernel[static_cast<std::size_t>(i)] *
                            static_cast<double>(block.rest[c][static_cast<std::size_t>(
                                (y + i / 3 - 1) * block_px + x + i % 3 - 1)]);
                power += fine * fine / ((block_px - 2) * (block_px - 2));
            }
        }
        share += power / block.variance[c] / 3;
    }
    return share;
}

/// Those whose surroundings have the least structure, and of them those that are about as white as the
/// whitest: texture is coarser than grain.
std::vector<const Block*> smooth_ones(const std::vector<Block>& blocks, int rows, int columns) {
    std::vector<std::pair<double, std::size_t>> found;
    for (int by = 1; by + 1 < rows; ++by) {
        for (int bx = 1; bx + 1 < columns; ++bx) {
            const auto index = static_cast<std::size_t>(by * columns + bx);
            if (!blocks[index].is_usable) continue;
            double around = 0;
            for (int k = 0; k < 9; ++k) {
                if (k == 4) continue;
                const auto other = static_cast<std::size_t>((by + k / 3 - 1) * columns + bx + k % 3 - 1);
                around = std::max(around, blocks[other].structure);
            }
            found.emplace_back(around, index);
        }
    }
    const auto share = static_cast<std::size_t>(smooth_share * static_cast<double>(found.size()));
    const std::size_t kept = std::min({found.size(), most_blocks, std::max(share, least_blocks)});
    std::partial_sort(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(kept), found.end());
    std::vector<const Block*> smooth;
    std::vector<double> shares;
    for (std::size_t i = 0; i < kept; ++i) shares.push_back(fine_share_of(blocks[found[i].second]));
    std::vector<double> sorted = shares;
    std::sort(sorted.begin(), sorted.end());
    for (std::size_t i = 0; i < kept; ++i)
        if (shares[i] >= alike_share * sorted[kept * 9 / 10]) smooth.push_back(&blocks[found[i].second]);
    return smooth;
}

}  // namespace

at::Tensor GrainTexture::field(std::uint64_t seed, const Box& box) const {
    constexpr int side = 2 * reach_px + 1;
    const int wide = box.width() + 2 * reach_px, high = box.height() + 2 * reach_px;
    at::Tensor white = at::empty({3, high, wide}, at::kFloat);
    const auto pixels = static_cast<std::size_t>(wide) * static_cast<std::size_t>(high);
    auto* values = white.data_ptr<float>();
    const std::array<double, 6> factor = factor_of(shared);
    const auto f = [&](std::size_t i) { return static_cast<float>(factor[i]); };
    const std::uint64_t start = mixed(seed);
    for (int y = 0; y < high; ++y) {
        const auto row = static_cast<std::uint32_t>(box.y0 - reach_px + y);
        for (int x = 0; x < wide; ++x) {
            const auto column = static_cast<std::uint32_t>(box.x0 - reach_px + x);
            const std::uint64_t place = start ^ (static_cast<std::uint64_t>(row) << 32 | column);
            const std::uint64_t red = mixed(place), green = mixed(red), blue = mixed(green);
            const float r = normal(red), g = normal(green), b = normal(blue);
            const std::size_t i =
                static_cast<std::size_t>(y) * static_cast<std::size_t>(wide) + static_cast<std::size_t>(x);
            values[i] = r;
            values[pixels + i] = f(1) * r + f(2) * g;
            values[2 * pixels + i] = f(3) * r + f(4) * g + f(5) * b;
        }
    }
    at::Tensor kernels = at::empty({3, 1, side, side}, at::kFloat);
    for (std::size_t c = 0; c < 3; ++c) {
        const std::vector<float> kernel = kernel_of(near[c]);
        std::copy(kernel.begin(), kernel.end(), kernels.data_ptr<float>() + c * kernel.size());
    }
    return at::conv2d(white.unsqueeze(0), kernels, at::Tensor(), at::IntArrayRef{1, 1}, at::IntArrayRef{0, 0},
                      at::IntArrayRef{1, 1}, 3)
        .squeeze(0);
}

std::array<double, 3> GrainTexture::fine_share() const {
    std::array<double, 3> share{};
    for (std::size_t c = 0; c < 3; ++c) {
        for (int i = 0; i < 9; ++i) {
            for (int k = 0; k < 9; ++k) {
                int dx = k % 3 - i % 3, dy = k / 3 - i / 3;
                if (dy < 0) dx = -dx, dy = -dy;
                share[c] += fine_kernel[static_cast<std::size_t>(i)] *
                            fine_kernel[static_cast<std::size_t>(k)] *
                            near[c][static_cast<std::size_t>(dy)][static_cast<std::size_t>(reach_px + dx)];
            }
        }
        share[c] = std::clamp(share[c], least_fine_share, 4.0);
    }
    return share;
}

std::optional<GrainTexture> measure_texture(const at::Tensor& coded, const at::Tensor& where) {
    const int rows = static_cast<int>(coded.size(1)) / block_px;
    const int columns = static_cast<int>(coded.size(2)) / block_px;
    const std::vector<Block> blocks =
        blocks_of(coded.to(at::kCPU).contiguous(),
                  where.defined() ? where.to(at::kCPU).contiguous() : at::Tensor(), rows, columns);
    const std::vector<const Block*> smooth = smooth_ones(blocks, rows, columns);
    if (smooth.size() < least_blocks) return std::nullopt;
    const auto correlation = [&](std::size_t a, std::size_t b, int dx, int dy) {
        std::vector<double> all;
        for (const Block* block : smooth)
            all.push_back(mean_product(block->rest[a].data(), block->rest[b].data(), dx, dy) /
                          std::sqrt(block->variance[a] * block->variance[b]));
        return median(std::move(all));
    };
    GrainTexture texture;
    for (std::size_t c = 0; c < 3; ++c) {
        for (int dy = 0; dy <= reach_px; ++dy) {
            for (int dx = -reach_px; dx <= reach_px; ++dx)
                texture.near[c][static_cast<std::size_t>(dy)][static_cast<std::size_t>(reach_px + dx)] =
                    correlation(c, c, dx, dy);
        }
    }
    texture.shared = {correlation(0, 1, 0, 0), correlation(0, 2, 0, 0), correlation(1, 2, 0, 0)};
    return texture;
}

}  // namespace wetgate::passes

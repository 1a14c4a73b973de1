#pragma once
#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <optional>

#include "core/geometry.h"

namespace wetgate::passes {

/// How grain hangs together: its spectrum, as the correlation of neighbours, and what the channels share.
struct GrainTexture {
    static constexpr int reach_px = 4;
    using Near = std::array<std::array<double, 2 * reach_px + 1>, reach_px + 1>;

    /// Of R, G and B: [dy][reach_px + dx] is the correlation of a pixel with the one dx to its right and dy
    /// below. Starts as white.
    std::array<Near, 3> near = white();
    /// Correlation of R with G, R with B, G with B.
    std::array<double, 3> shared{};

    /// [3,h,w] float32 on the CPU over `box`, mean 0, deviation 1. A value depends on the seed and its place
    /// alone, never on the box.
    at::Tensor field(std::uint64_t seed, const Box& box) const;

    /// What the finest detail, as measure_noise() sees it, shows of the variance: 1 for white grain.
    std::array<double, 3> fine_share() const;

private:
    static std::array<Near, 3> white() {
        std::array<Near, 3> all{};
        for (Near& one : all) one[0][reach_px] = 1;
        return all;
    }
};

/// What the smooth places of `coded` [3,H,W] float32 show, where `where` [1,H,W] bool says (undefined:
/// everywhere); nullopt where they are too few. See Note [The texture of grain].
std::optional<GrainTexture> measure_texture(const at::Tensor& coded, const at::Tensor& where);

}  // namespace wetgate::passes

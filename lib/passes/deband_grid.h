#pragma once
#include <ATen/core/Tensor.h>

#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>

// What a picture was rounded to: read off the few values that it takes.

namespace wetgate::passes::deband {

/// Values are offset + k * step. Step 0: not rounded.
struct Grid {
    double step = 0;
    double offset = 0;
    bool is_exact = false;  ///< values lie on it; else each is about its own middle
    bool has_ends = false;  ///< what was rounded lay within [0,1]
};

/// Weights of R and B in luma.
struct LumaWeights {
    double kr, kb;
};

/// Where a picture was rounded, and how coarsely.
struct Code {
    std::optional<LumaWeights> luma;  ///< of Y'CbCr; nullopt: R'G'B' itself
    std::array<Grid, 3> grids;        ///< of R', G', B' or Y', Cb, Cr

    /// [3,H,W] R'G'B' to what was rounded, and a difference of that back to one of R'G'B'.
    at::Tensor planes(const at::Tensor& rgb) const;
    at::Tensor rgb_change(const at::Tensor& change) const;
    bool is_rounded() const;
};

/// The levels of one frame, `coded` [3,H,W] float32, along each axis that a camera, codec or file rounds on.
nlohmann::json measure_levels(const at::Tensor& coded);

/// The artefact of a shot from its frames' levels (null: unreadable), and what the pass makes of it.
/// See Note [Reading the grid].
nlohmann::json solve_code(std::span<const nlohmann::json> all_frames, int first_frame);
Code code_from(const nlohmann::json& artefact);

/// The same picture rounded to `bits`, whatever was read; nothing lies on that grid.
Code code_of_bits(const Code& read, int bits);

}  // namespace wetgate::passes::deband

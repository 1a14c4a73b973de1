#pragma once
#include <ATen/core/Tensor.h>

#include <vector>

#include "passes/wire_profile.h"

namespace wetgate::passes::scratch {

/// Which streaks are looked for.
struct Wanted {
    double least_width_px = 1, most_width_px = 8;
    double least_height = 0.4;  ///< share of the picture's
    double most_tilt = 3;       ///< degrees from upright
    bool bright = true, dark = true;
};

/// Lines that run down a picture, faint ones too, the surest first. `coded`: [3,H,W] float32, about 0..1. See
/// Note [Streaks].
std::vector<wire::Line> streaks(const at::Tensor& coded, const Wanted& wanted);

}  // namespace wetgate::passes::scratch

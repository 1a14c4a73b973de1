#pragma once
#include <ATen/core/Tensor.h>

#include <map>
#include <vector>

#include "core/geometry.h"
#include "motion/track.h"
#include "passes/coding.h"

namespace wetgate::passes::remove {

/// A frame that may show what the hole hides.
struct Source {
    int away = 0;               ///< frames from the one being made
    bool is_reference = false;  ///< preferred, so that neighbouring frames are filled from the same
    at::Tensor linear;          ///< [3,H,W] float32, working linear
    at::Tensor matte;           ///< [1,H,W]: nothing is taken from where it is above 0
    motion::Homography map;     ///< where the camera shows there what it shows here; of window pixels
};

/// What other frames show of a hole.
struct Copied {
    at::Tensor coded;              ///< [3,h,w] of the box asked for; what was not seen as given
    at::Tensor where;              ///< [1,h,w] bool: was seen
    std::map<int, double> shares;  ///< of what was seen, by `away`
};

/// Fills `hole` [1,h,w] bool in `coded` [3,h,w], both cut to `box` of the frame's window (its corner at 0,
/// 0), from `sources`. See Note [From other frames].
Copied copied(const at::Tensor& coded, const at::Tensor& hole, const Box& box,
              const std::vector<Source>& sources, int margin_px, const Coding& coding);

}  // namespace wetgate::passes::remove

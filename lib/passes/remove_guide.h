#pragma once
#include <ATen/core/Tensor.h>

#include "motion/flow.h"
#include "motion/track.h"

namespace wetgate::passes::remove {

/// A picture that motion is measured on: the same for every exposure.
struct Guide {
    motion::GrayImage picture;
    double unit_px = 1;  ///< pixels of the plate a pixel of the guide

    /// From its coordinates to those of a plate whose data window has its corner at (x0, y0).
    motion::Homography to_plate(double x0, double y0) const {
        return {{unit_px, 0, (unit_px - 1) / 2 + x0, 0, unit_px, (unit_px - 1) / 2 + y0, 0, 0, 1}};
    }
};

/// `linear`: [3,H,W] float32, averaged down over squares to at most `side_px` pixels a side.
Guide guide_of(const at::Tensor& linear, std::int64_t side_px);

/// Where `matte` [1,H,W] covers something of the pixels of guide_of() at `side_px`: 255, elsewhere 0.
motion::GrayImage covered_of(const at::Tensor& matte, std::int64_t side_px);

}  // namespace wetgate::passes::remove

#pragma once
#include <ATen/core/Tensor.h>

#include <functional>

namespace wetgate::passes {

/// A connected set of pixels (8 neighbours).
struct Region {
    int x0 = 0, y0 = 0, x1 = 0, y1 = 0;  ///< its box, [x0,x1) x [y0,y1)
    std::int64_t area_px = 0;
};

/// The regions of `plane` [1,H,W] bool that `keeps`; the same shape.
at::Tensor regions_where(const at::Tensor& plane, const std::function<bool(const Region&)>& keeps);

/// The regions of `weak` that hold a pixel of `strong`. Both [1,H,W] bool.
at::Tensor grown_from(const at::Tensor& strong, const at::Tensor& weak);

/// [1,H,W] float32 or bool with each pixel's largest value within `radius_px` to all sides.
at::Tensor dilated(const at::Tensor& plane, std::int64_t radius_px);

}  // namespace wetgate::passes

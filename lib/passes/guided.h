#pragma once
#include <ATen/core/Tensor.h>

namespace wetgate::passes {

/// Means over squares of 2 * radius + 1 pixels a side, the edge repeated. `planes` [C,H,W].
at::Tensor box_mean(const at::Tensor& planes, std::int64_t radius);

/// `plane` [1,h,w] or [1,H,W] in bilinear enlargement.
at::Tensor resized(const at::Tensor& plane, std::int64_t height, std::int64_t width);

/// The side of squares that bring a picture to at most `most_px` a side.
std::int64_t shrinking_side(std::int64_t height, std::int64_t width, std::int64_t most_px);

/// `input` [1,h,w] smoothed so that it keeps the edges of `guide` [1,h,w], at the size of `full_guide`
/// [1,H,W] (fast guided filter: He and Sun, 2015). `epsilon`: variance of the guide below which it is plain.
at::Tensor guided_filter(const at::Tensor& input, const at::Tensor& guide, const at::Tensor& full_guide,
                         std::int64_t radius, double epsilon);

}  // namespace wetgate::passes

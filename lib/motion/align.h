#pragma once
#include <ATen/core/Tensor.h>

#include "motion/flow.h"

namespace wetgate::motion {

/// A picture that flow is found on where the plate is noisy: after non-local means (Buades et al., 2005, by
/// OpenCV), at half size where noise is strong. `coded`: [3,H,W] float32, about 0..1 in a coding in which
/// noise is even; `sigma`: standard deviation of its noise. Values outside 0..1 are clamped, NaN is black.
GrayImage quiet_guide(const at::Tensor& coded, double sigma);
/// The same at half size whatever the noise.
GrayImage half_guide(const at::Tensor& coded, double sigma);
/// How closely dense_flow() has to look at half guides: where noise is strong, a closer look sees no more.
FlowQuality half_guide_quality(double sigma);

/// dense_flow() between quiet guides, for pictures of `width` x `height`.
FlowField guided_flow(const GrayImage& from, const GrayImage& to, int width, int height);

/// `picture` [C,H,W] float32 fetched along `flow` (of its size): result(x, y) = picture(x + dx, y + dy), by
/// cubic convolution (a = -0.75), its edge repeated. On the picture's device.
at::Tensor aligned(const at::Tensor& picture, const FlowField& flow);
/// The same along `shift` [2,H,W]: dx, dy in pixels.
at::Tensor aligned(const at::Tensor& picture, const at::Tensor& shift);

/// `flow` as [2,H,W] float32 on `device`.
at::Tensor shift_of(const FlowField& flow, c10::Device device);
/// The same for pictures of `width` x `height`, which `flow` was found on smaller ones of.
at::Tensor shift_of(const FlowField& flow, int width, int height, c10::Device device);

/// Where what `first` [2,H,W] leads to is led by `second`: from a picture over a second one to a third.
at::Tensor composed(const at::Tensor& first, const at::Tensor& second);

}  // namespace wetgate::motion

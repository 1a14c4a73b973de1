#pragma once
#include <ATen/core/Tensor.h>

#include <vector>

namespace wetgate::passes::denoise {

/// The classical engine. `frames`: coded pictures [3,H,W] float32 aligned to the middle one, which is made;
/// `sigma` [3,H,W]: standard deviation of its noise, coded. Returns [3,H,W]. See Note [The classical engine].
at::Tensor classical(const std::vector<at::Tensor>& frames, const at::Tensor& sigma);

}  // namespace wetgate::passes::denoise

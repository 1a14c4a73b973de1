#pragma once
#include <ATen/core/Tensor.h>

namespace wetgate::passes::inpaint {

/// `coded` [3,H,W] float32 with the pixels of `hole` [1,H,W] bool filled from its border inwards (Telea, "An
/// image inpainting technique based on the fast marching method", 2004, by OpenCV).
at::Tensor classical(const at::Tensor& coded, const at::Tensor& hole);

}  // namespace wetgate::passes::inpaint

#pragma once
#include <ATen/core/Tensor.h>

namespace wetgate::passes::inpaint {

enum class Border {
    Telea,        ///< "An image inpainting technique based on the fast marching method", 2004
    NavierStokes  ///< Bertalmio et al., "Navier-Stokes, fluid dynamics, and image and video inpainting", 2001
};

/// `coded` [3,H,W] float32 with the pixels of `hole` [1,H,W] bool filled from its border inwards, by OpenCV.
at::Tensor classical(const at::Tensor& coded, const at::Tensor& hole, Border border = Border::Telea);

}  // namespace wetgate::passes::inpaint

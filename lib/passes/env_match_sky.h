#pragma once
#include <ATen/core/Tensor.h>

namespace wetgate::passes::env_match {

/// How much each pixel of `linear` [3,H,W] belongs to the sky: [1,H,W] float32 in [0,1], 0 where it clearly
/// does not. Plain, bright or blue, and joined to the picture's upper edge; its edge follows the picture's
/// (guided filter: He, Sun, Tang, 2010). Empty where no more than a fiftieth of the picture is such.
at::Tensor sky_matte(const at::Tensor& linear);

/// `matte` [1,H,W] that falls to 0 within `feather_px` inside its own edge; outside it stays 0.
at::Tensor feathered(const at::Tensor& matte, int feather_px);

}  // namespace wetgate::passes::env_match

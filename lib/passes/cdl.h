#pragma once
#include <ATen/core/Tensor.h>

#include "color/cdl.h"

namespace wetgate::passes {

/// `pixels` [3,H,W] float32, in any space, after an ASC CDL; `clamps`: to 0..1 as v1.2 of the standard does,
/// else not at all. See Note [CDL without clamping].
at::Tensor with_cdl(const at::Tensor& pixels, const color::Cdl& cdl, bool clamps);

}  // namespace wetgate::passes

#pragma once
#include <ATen/core/Tensor.h>

#include "nets/job_models.h"

namespace wetgate::passes::remove {

/// `coded` [3,H,W] with what `hole` [1,H,W] bool covers made up from what surrounds it in the frame: by
/// `model`, or (null) without one. `touch` (bool, some of `hole`): what is wanted of it.
at::Tensor made_up(const at::Tensor& coded, const at::Tensor& hole, const at::Tensor& touch,
                   const nets::LoadedModel* model);

}  // namespace wetgate::passes::remove

#pragma once
#include <ATen/core/Tensor.h>

#include "nets/job_models.h"

namespace wetgate::passes::inpaint {

/// Error{Model} for a network that does not take R G B and a mask.
void check(const nets::LoadedModel& model);

/// `coded` [3,H,W] with what `hole` [1,H,W] bool covers made by the network; only what is within its radius
/// of `touch` (bool, some of `hole`) is handed to it.
at::Tensor filled_by_net(const nets::LoadedModel& model, const at::Tensor& coded, const at::Tensor& hole,
                         const at::Tensor& touch);

}  // namespace wetgate::passes::inpaint

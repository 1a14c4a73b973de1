#pragma once
#include <ATen/core/Tensor.h>

#include <vector>

#include "passes/dust_spots.h"

namespace wetgate::passes::dust {

/// A frame without its dirt.
struct Cleaned {
    at::Tensor picture;  // [3,H,W] coded
    at::Tensor touch;    // [1,H,W] bool
};

/// Fills `dirt` and its soft edges with what the neighbours show there: their mean, and where they do not
/// agree the one that `further` sides with. A copy of a neighbour would show its grain twice in a row and the
/// mean has half of the grain, so grain comes from `further` [3,H,W]: a frame two away, coded, or undefined.
Cleaned without(const std::vector<const Spot*>& dirt, const Evidence& evidence, const at::Tensor& further);

}  // namespace wetgate::passes::dust

#pragma once
#include "framing/path_search.h"

namespace wetgate::framing {

/// The same path, calmer: each key is moved, its easing made longer, moves are stretched and rests shifted or
/// joined wherever what is gained in jerk (the sum of the third difference's size) outweighs what the picture
/// loses, until nothing is gained. The limits hold as they did before. Deterministic.
AxisPath calmed(AxisPath path, const AxisCosts& costs, const MotionLimits& limits);

}  // namespace wetgate::framing

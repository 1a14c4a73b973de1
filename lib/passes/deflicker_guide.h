#pragma once
#include "compute/device_frame.h"
#include "passes/deflicker_measure.h"

namespace wetgate::passes::deflicker {

/// The frame averaged down over squares whose side follows from its size alone, to at most `side_px` pixels a
/// side; a square with a NaN is one.
Guide guide_of(const compute::DeviceFrame& frame, std::int64_t side_px = 480);

}  // namespace wetgate::passes::deflicker

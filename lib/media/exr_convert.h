#pragma once
#include "core/host_frame.h"

namespace wetgate::media::exr {

/// Nearest half, ties to even; NaN and infinities stay what they are, finite values past the range become
/// +-65504 (never an infinity that the picture did not have). Returns the half's bits.
std::uint16_t half_bits(float value);
float half_value(std::uint16_t bits);

/// `plane` with samples of another type. Integers become code / (2^bits - 1). To Half or F32 only.
Plane converted(const Plane& plane, SampleType type, int bits);

}  // namespace wetgate::media::exr

#pragma once
#include <cstddef>

namespace wetgate::color {

/// Codings that OCIO has only as tables (clamped, and not invertible closer than 1e-4): done here in closed
/// form.
enum class Curve {
    None,
    Pq203,      ///< SMPTE ST 2084, 1.0 = 203 cd/m2 (BT.2408 diffuse white)
    Pq100,      ///< SMPTE ST 2084, 1.0 = 100 cd/m2
    Hlg,        ///< BT.2100 HLG inverse OETF without OOTF, 1.0 = 75 % signal (BT.2408 diffuse white)
    AcesCc,     ///< S-2014-003, its toe carried on below 0 as a tangent
    CanonLog2,  ///< Canon Log 2 (v1.2), reflectance
    CanonLog3   ///< Canon Log 3 (v1.2), reflectance
};

/// Monotonic over every float, each the inverse of the other to float precision; see Note [Past the ends of a
/// curve].
double decoded(Curve curve, double coded);
double encoded(Curve curve, double linear);

/// In place over `count` samples; None does nothing.
void decode(Curve curve, float* samples, std::size_t count);
void encode(Curve curve, float* samples, std::size_t count);

}  // namespace wetgate::color

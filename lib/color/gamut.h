#pragma once
#include <array>

namespace wetgate::color {

/// CIE 1931 xy of red, green, blue and white, in the order of EXR's chromaticities.
struct Gamut {
    std::array<double, 8> xy;
};

/// How a white point is carried to the ACES white.
enum class Adaptation { Bradford, Cat02 };

/// Row-major RGB -> ACES2065-1 (AP0) matrix (SMPTE RP 177 and a von Kries adaptation in the given cone
/// space).
std::array<double, 9> matrix_to_aces(const Gamut& gamut, Adaptation adaptation);

namespace gamuts {
// TB-2014-004 and S-2014-004.
inline constexpr Gamut ap0{{0.7347, 0.2653, 0.0, 1.0, 0.0001, -0.077, 0.32168, 0.33767}};
inline constexpr Gamut ap1{{0.713, 0.293, 0.165, 0.830, 0.128, 0.044, 0.32168, 0.33767}};
// ITU-R BT.709, BT.2020, BT.601 (525 and 625 lines), SMPTE RP 431-2 with D65, Adobe RGB (1998).
inline constexpr Gamut rec709{{0.64, 0.33, 0.30, 0.60, 0.15, 0.06, 0.3127, 0.3290}};
inline constexpr Gamut rec2020{{0.708, 0.292, 0.170, 0.797, 0.131, 0.046, 0.3127, 0.3290}};
inline constexpr Gamut rec601_525{{0.630, 0.340, 0.310, 0.595, 0.155, 0.070, 0.3127, 0.3290}};
inline constexpr Gamut rec601_625{{0.64, 0.33, 0.29, 0.60, 0.15, 0.06, 0.3127, 0.3290}};
inline constexpr Gamut p3_d65{{0.680, 0.320, 0.265, 0.690, 0.150, 0.060, 0.3127, 0.3290}};
inline constexpr Gamut adobe_rgb{{0.64, 0.33, 0.21, 0.71, 0.15, 0.06, 0.3127, 0.3290}};
// The makers' white papers.
inline constexpr Gamut arri_wide_3{{0.6840, 0.3130, 0.2210, 0.8480, 0.0861, -0.1020, 0.3127, 0.3290}};
inline constexpr Gamut arri_wide_4{{0.7347, 0.2653, 0.1424, 0.8576, 0.0991, -0.0308, 0.3127, 0.3290}};
inline constexpr Gamut sony_sgamut3{{0.730, 0.280, 0.140, 0.855, 0.100, -0.050, 0.3127, 0.3290}};
inline constexpr Gamut sony_sgamut3_cine{{0.766, 0.275, 0.225, 0.800, 0.089, -0.087, 0.3127, 0.3290}};
inline constexpr Gamut red_wide{
    {0.780308, 0.304253, 0.121595, 1.493994, 0.095612, -0.084589, 0.3127, 0.3290}};
inline constexpr Gamut panasonic_v{{0.730, 0.280, 0.165, 0.840, 0.100, -0.030, 0.3127, 0.3290}};
inline constexpr Gamut canon_cinema{{0.740, 0.270, 0.170, 1.140, 0.080, -0.100, 0.3127, 0.3290}};
}  // namespace gamuts

}  // namespace wetgate::color

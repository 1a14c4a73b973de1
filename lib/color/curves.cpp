#include "color/curves.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace wetgate::color {
namespace {

// Note [Past the ends of a curve]
// A repair must give back what it did not touch, so every curve here is a bijection where its standard
// clamps:
// - below 0, PQ and HLG mirror (f(-x) = -f(x)), as OCIO does for gamma curves; Canon's logs mirror by
// definition;
// - ACEScc, which sends all negatives to one code, goes on as the tangent at 0;
// - above 1 the formulas simply go on. PQ ends at code (c2/c3)^m2 = 1.99 for infinite light; what lies above
// that
//   code decodes to a float near the largest.

double mirrored(double x, double (*curve)(double)) {
    return x < 0 ? -curve(-x) : curve(x);
}

// SMPTE ST 2084:2014, equations 4.1 and 5.2; light in units of 10000 cd/m2.
constexpr double pq_m1 = 2610.0 / 16384.0;
constexpr double pq_m2 = 2523.0 / 4096.0 * 128.0;
constexpr double pq_c1 = 3424.0 / 4096.0;
constexpr double pq_c2 = 2413.0 / 4096.0 * 32.0;
constexpr double pq_c3 = 2392.0 / 4096.0 * 32.0;

// Leaves room for the factor that makes it a float near the largest one.
constexpr double brightest = static_cast<double>(std::numeric_limits<float>::max()) / 128.0;

double pq_light(double coded) {
    const double root = std::pow(coded, 1.0 / pq_m2);
    if (root <= pq_c1) return 0;
    const double below = pq_c2 - pq_c3 * root;
    if (below <= 0) return brightest;
    return std::min(brightest, std::pow((root - pq_c1) / below, 1.0 / pq_m1));
}

double pq_code(double light) {
    if (std::isinf(light)) return std::pow(pq_c2 / pq_c3, pq_m2);
    const double power = std::pow(light, pq_m1);
    return std::pow((pq_c1 + pq_c2 * power) / (1.0 + pq_c3 * power), pq_m2);
}

double decode_pq203(double coded) {
    return pq_light(coded) * (10000.0 / 203.0);
}
double encode_pq203(double linear) {
    return pq_code(linear * (203.0 / 10000.0));
}
double decode_pq100(double coded) {
    return pq_light(coded) * 100.0;
}
double encode_pq100(double linear) {
    return pq_code(linear / 100.0);
}

// ITU-R BT.2100-2, table 5.
constexpr double hlg_a = 0.17883277;
constexpr double hlg_b = 1.0 - 4.0 * hlg_a;
constexpr double hlg_c = 0.55991072952956202016;  // 0.5 - a ln(4a)

double hlg_scene(double coded) {
    return coded <= 0.5 ? coded * coded / 3.0 : (std::exp((coded - hlg_c) / hlg_a) + hlg_b) / 12.0;
}
double hlg_code(double scene) {
    return scene <= 1.0 / 12.0 ? std::sqrt(3.0 * scene) : hlg_a * std::log(12.0 * scene - hlg_b) + hlg_c;
}

constexpr double hlg_white = 0.26496256042100718;  // hlg_scene(0.75)
double decode_hlg(double coded) {
    return hlg_scene(coded) / hlg_white;
}
double encode_hlg(double linear) {
    return hlg_code(linear * hlg_white);
}

// S-2014-003: log2(2^-16 + x / 2) below 2^-15.
constexpr double acescc_zero = (-16.0 + 9.72) / 17.52;
constexpr double acescc_slope_at_zero = 32768.0 / (17.52 * 0.69314718055994530942);

double decode_acescc(double coded) {
    if (coded < acescc_zero) return (coded - acescc_zero) / acescc_slope_at_zero;
    const double power = std::exp2(coded * 17.52 - 9.72);
    return power < 0x1p-15 ? (power - 0x1p-16) * 2.0 : power;
}
double encode_acescc(double linear) {
    if (linear < 0) return acescc_zero + linear * acescc_slope_at_zero;
    const double power = linear < 0x1p-15 ? 0x1p-16 + linear * 0.5 : linear;
    return (std::log2(power) + 9.72) / 17.52;
}

// Canon, "Canon Log Gamma Curves" v1.2 (2020): relative exposure times 0.9 is reflectance.
double decode_canon_log2(double coded) {
    const double from_black = coded - 0.092864125;
    const double exposure = (std::pow(10.0, std::abs(from_black) / 0.24136077) - 1.0) / 87.099375;
    return std::copysign(exposure, from_black) * 0.9;
}
double encode_canon_log2(double linear) {
    const double step = 0.24136077 * std::log10(1.0 + std::abs(linear) / 0.9 * 87.099375);
    return 0.092864125 + std::copysign(step, linear);
}

double canon_log3_exposure(double distance) {
    return (std::pow(10.0, distance / 0.36726845) - 1.0) / 14.98325;
}
double canon_log3_step(double exposure) {
    return 0.36726845 * std::log10(1.0 + exposure * 14.98325);
}

double decode_canon_log3(double coded) {
    if (coded < 0.097465473) return -canon_log3_exposure(0.12783901 - coded) * 0.9;
    if (coded <= 0.15277891) return (coded - 0.12512219) / 1.9754798 * 0.9;
    return canon_log3_exposure(coded - 0.12240537) * 0.9;
}
double encode_canon_log3(double linear) {
    const double exposure = linear / 0.9;
    // The joints as the decoder has them, so that the pair is exact on both sides of each.
    if (exposure < (0.097465473 - 0.12512219) / 1.9754798) return 0.12783901 - canon_log3_step(-exposure);
    if (exposure <= (0.15277891 - 0.12512219) / 1.9754798) return exposure * 1.9754798 + 0.12512219;
    return 0.12240537 + canon_log3_step(exposure);
}

template <class Function>
void each(float* samples, std::size_t count, Function function) {
    for (std::size_t i = 0; i < count; ++i) {
        samples[i] = static_cast<float>(function(static_cast<double>(samples[i])));
    }
}

}  // namespace

double decoded(Curve curve, double coded) {
    switch (curve) {
        case Curve::None:
            return coded;
        case Curve::Pq203:
            return mirrored(coded, decode_pq203);
        case Curve::Pq100:
            return mirrored(coded, decode_pq100);
        case Curve::Hlg:
            return mirrored(coded, decode_hlg);
        case Curve::AcesCc:
            return decode_acescc(coded);
        case Curve::CanonLog2:
            return decode_canon_log2(coded);
        case Curve::CanonLog3:
            return decode_canon_log3(coded);
    }
    return coded;
}

double encoded(Curve curve, double linear) {
    switch (curve) {
        case Curve::None:
            return linear;
        case Curve::Pq203:
            return mirrored(linear, encode_pq203);
        case Curve::Pq100:
            return mirrored(linear, encode_pq100);
        case Curve::Hlg:
            return mirrored(linear, encode_hlg);
        case Curve::AcesCc:
            return encode_acescc(linear);
        case Curve::CanonLog2:
            return encode_canon_log2(linear);
        case Curve::CanonLog3:
            return encode_canon_log3(linear);
    }
    return linear;
}

void decode(Curve curve, float* samples, std::size_t count) {
    if (curve == Curve::None) return;
    each(samples, count, [curve](double coded) { return decoded(curve, coded); });
}

void encode(Curve curve, float* samples, std::size_t count) {
    if (curve == Curve::None) return;
    each(samples, count, [curve](double linear) { return encoded(curve, linear); });
}

}  // namespace wetgate::color

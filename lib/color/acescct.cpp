#include "color/acescct.h"

#include <cmath>

namespace wetgate::color {
namespace {

// S-2016-001, section 4.4. The toe is the tangent of the log segment at linear_break.
constexpr double linear_break = 0.0078125;
constexpr double coded_break = 0.155251141552511;
constexpr double toe_slope = 10.5402377416545;
constexpr double toe_offset = 0.0729055341958355;

}  // namespace

float acescct_from_linear(float linear) {
    const double x = static_cast<double>(linear);
    if (x <= linear_break) return static_cast<float>(toe_slope * x + toe_offset);
    return static_cast<float>((std::log2(x) + 9.72) / 17.52);
}

float linear_from_acescct(float coded) {
    const double x = static_cast<double>(coded);
    if (x <= coded_break) return static_cast<float>((x - toe_offset) / toe_slope);
    return static_cast<float>(std::exp2(x * 17.52 - 9.72));
}

}  // namespace wetgate::color

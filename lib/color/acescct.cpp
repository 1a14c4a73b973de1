#include "color/acescct.h"

#include <cmath>

namespace wetgate::color {
float acescct_from_linear(float linear) {
    const double x = static_cast<double>(linear);
    if (x <= acescct::linear_break) return static_cast<float>(acescct::toe_slope * x + acescct::toe_offset);
    return static_cast<float>((std::log2(x) + acescct::offset) / acescct::stops);
}

float linear_from_acescct(float coded) {
    const double x = static_cast<double>(coded);
    if (x <= acescct::coded_break) return static_cast<float>((x - acescct::toe_offset) / acescct::toe_slope);
    return static_cast<float>(std::exp2(x * acescct::stops - acescct::offset));
}

}  // namespace wetgate::color

#include "qc/delta_itp.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>

namespace wetgate::qc {
namespace {

constexpr double diffuse_white = 203.0;  // cd/m2 of 1.0 (ITU-R BT.2408)

/// SMPTE ST 2084 inverse EOTF of light relative to 10000 cd/m2.
double pq(double light) {
    constexpr double m1 = 2610.0 / 16384, m2 = 2523.0 / 4096 * 128;
    constexpr double c1 = 3424.0 / 4096, c2 = 2413.0 / 4096 * 32, c3 = 2392.0 / 4096 * 32;
    const double power = std::pow(std::clamp(light, 0.0, 1.0), m1);
    return std::pow((c1 + c2 * power) / (1 + c3 * power), m2);
}

/// I, Ct, Cp of Rec. ITU-R BT.2100, table 7 (PQ).
std::array<double, 3> ictcp(double red, double green, double blue) {
    constexpr double scale = diffuse_white / 10000 / 4096;
    const double l = pq(scale * (1688 * red + 2146 * green + 262 * blue));
    const double m = pq(scale * (683 * red + 2951 * green + 462 * blue));
    const double s = pq(scale * (99 * red + 309 * green + 3688 * blue));
    return {0.5 * l + 0.5 * m, (6610 * l - 13613 * m + 7003 * s) / 4096,
            (17933 * l - 17390 * m - 543 * s) / 4096};
}

}  // namespace

std::vector<float> delta_itp_map(const FloatImage& a, const FloatImage& b) {
    const std::size_t count = a.window.area();
    std::vector<float> map(count);
    for (std::size_t i = 0; i < count; ++i) {
        std::array<double, 3> of_a{}, of_b{};
        bool finite = true;
        for (int c = 0; c < 3; ++c) {
            of_a[static_cast<std::size_t>(c)] = static_cast<double>(a.channel(c)[i]);
            of_b[static_cast<std::size_t>(c)] = static_cast<double>(b.channel(c)[i]);
            finite = finite && std::isfinite(a.channel(c)[i]) && std::isfinite(b.channel(c)[i]);
        }
        if (!finite) {
            map[i] = std::numeric_limits<float>::quiet_NaN();
            continue;
        }
        const auto one = ictcp(std::max(0.0, of_a[0]), std::max(0.0, of_a[1]), std::max(0.0, of_a[2]));
        const auto two = ictcp(std::max(0.0, of_b[0]), std::max(0.0, of_b[1]), std::max(0.0, of_b[2]));
        const double di = one[0] - two[0], dt = 0.5 * (one[1] - two[1]), dp = one[2] - two[2];
        map[i] = static_cast<float>(720 * std::sqrt(di * di + dt * dt + dp * dp));
    }
    return map;
}

DeltaItp summary_of(std::vector<float> map) {
    map.erase(std::remove_if(map.begin(), map.end(), [](float value) { return !std::isfinite(value); }),
              map.end());
    DeltaItp figures;
    if (map.empty()) return figures;
    figures.pixels = static_cast<std::int64_t>(map.size());
    double sum = 0;
    for (const float value : map) {
        sum += static_cast<double>(value);
        figures.max = std::max(figures.max, static_cast<double>(value));
    }
    figures.mean = sum / static_cast<double>(map.size());
    // The smallest value that at least 95 % of the pixels do not exceed.
    const auto rank = static_cast<std::ptrdiff_t>(std::ceil(0.95 * static_cast<double>(map.size()))) - 1;
    std::nth_element(map.begin(), map.begin() + rank, map.end());
    figures.percentile_95 = static_cast<double>(map[static_cast<std::size_t>(rank)]);
    return figures;
}

DeltaItp delta_itp(const FloatImage& a, const FloatImage& b) {
    return summary_of(delta_itp_map(a, b));
}

}  // namespace wetgate::qc

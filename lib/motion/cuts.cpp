#include "motion/cuts.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace wetgate::motion {
namespace {

// Measured on hand-held, zoomed and locked-off footage: neighbours agree over at least 0.2 of the picture and
// frames four apart over 0.1; pictures of two scenes over less than 0.03.
constexpr double agreement_of_strangers = 0.06;
constexpr double agreement_by_chance = 0.02;
constexpr double histogram_change = 0.08;

constexpr int bins = 32;

std::array<double, bins> histogram(const GrayImage& image) {
    std::array<double, bins> counts{};
    for (const std::uint8_t level : image.pixels) counts[static_cast<std::size_t>(level) * bins / 256] += 1.0;
    for (double& count : counts) count /= static_cast<double>(std::max<std::size_t>(image.pixels.size(), 1));
    return counts;
}

}  // namespace

double histogram_distance(const GrayImage& one, const GrayImage& other) {
    const auto a = histogram(one);
    const auto b = histogram(other);
    double sum = 0.0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += std::abs(a[i] - b[i]);
    return 0.5 * sum;
}

std::vector<int> find_cuts(std::span<const std::vector<FrameLink>> links) {
    const int count = static_cast<int>(links.size());
    int longest = 1;
    for (const auto& of_frame : links) {
        for (const FrameLink& link : of_frame) longest = std::max(longest, link.back);
    }
    std::vector<int> cuts;
    for (int border = 1; border < count; ++border) {
        double best = 0.0;
        double least_distance = 1.0;
        for (int frame = border; frame < std::min(count, border + longest); ++frame) {
            for (const FrameLink& link : links[static_cast<std::size_t>(frame)]) {
                if (frame - link.back >= border || frame - link.back < 0) continue;
                best = std::max(best, link.agreement);
                least_distance = std::min(least_distance, link.histogram_distance);
            }
        }
        if (best < agreement_by_chance ||
            (best < agreement_of_strangers && least_distance > histogram_change)) {
            cuts.push_back(border);
        }
    }
    return cuts;
}

}  // namespace wetgate::motion

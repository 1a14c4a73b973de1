#include "framing/jolts.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "framing/quantile.h"

namespace wetgate::framing {
namespace {

constexpr double usual_times = 6;
constexpr double calm = 0.5;      // of the threshold: where a jolt begins and ends
constexpr std::size_t pause = 3;  // steps: a swing is slow where it turns
constexpr std::size_t lead_frames = 4;

/// How much faster each step is than those around it: px at the corners.
std::vector<double> haste(std::span<const Similarity> steps, double radius_px, std::size_t reach) {
    const std::size_t count = steps.size();
    std::vector<std::array<double, 4>> moves(count);
    for (std::size_t i = 1; i < count; ++i) {
        moves[i] = {steps[i].dx, steps[i].dy, radius_px * std::atan2(steps[i].b, steps[i].a),
                    radius_px * std::log(std::max(1e-6, steps[i].scale()))};
    }
    std::vector<double> result(count);
    for (std::size_t i = 1; i < count; ++i) {
        // As many before as after, or the median would lean to one side of a move that begins.
        const std::size_t near = std::min({reach, i - 1, count - 1 - i});
        double square = 0;
        for (std::size_t c = 0; c < 4; ++c) {
            std::vector<double> around;
            for (std::size_t k = i - near; k <= i + near; ++k) around.push_back(moves[k][c]);
            square += std::pow(moves[i][c] - median(std::move(around)), 2);
        }
        result[i] = std::sqrt(square);
    }
    return result;
}

}  // namespace

std::vector<Jolt> find_jolts(std::span<const Similarity> steps, double radius_px, int longest,
                             double least_px) {
    const std::size_t count = steps.size(), most = static_cast<std::size_t>(std::max(1, longest));
    if (count < 3) return {};
    const std::vector<double> fast = haste(steps, radius_px, 3 * most / 2);
    const double usual = median({fast.begin() + 1, fast.end()});
    const double threshold = std::max(least_px, usual_times * usual);

    std::vector<Jolt> jolts;
    for (std::size_t i = 1; i < count; ++i) {
        if (!(fast[i] > threshold)) continue;
        std::size_t first = i, last = i + 1;  // of steps
        for (std::size_t k = first; k-- > 1 && first - k <= pause;)
            if (fast[k] > calm * threshold) first = k;
        for (std::size_t k = last; k < count && k - last < pause; ++k)
            if (fast[k] > calm * threshold) last = k + 1;
        i = last;
        if (last - first > most) continue;  // the camera was moved
        first = first > lead_frames ? first - lead_frames : 0;
        last = std::min(count, last + lead_frames);
        if (!jolts.empty() && jolts.back().last >= first) {
            jolts.back().last = last;
        } else {
            jolts.push_back({first, last});
        }
    }
    return jolts;
}

}  // namespace wetgate::framing

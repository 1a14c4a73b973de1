#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <unordered_set>

#include "passes/pixel_defects.h"

// Note [Filling a defect]
// In each of four directions the nearest good pixels on both sides, at most kReach away, span the defect; the
// direction whose ends differ least, over all the channels to fill together, is interpolated linearly (an
// edge is filled along itself, a linear ramp exactly). A corner of the picture has no such pair and takes the
// mean of its good neighbours.

namespace wetgate::passes::pixel_defects {
namespace {

constexpr int kReach = 3;  // pixels; a cluster of 4 in a row still has an end in another direction

std::int64_t key_of(int x, int y) {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(static_cast<std::uint32_t>(y)) << 32 |
                                     static_cast<std::uint32_t>(x));
}

struct Span {
    std::size_t before = 0, after = 0;  // indices into a plane
    float weight_after = 0;
    double cost = 0;
};

class Filler {
public:
    Filler(const float* pixels, const Box& window, const std::vector<Defect>& defects)
        : pixels_(pixels), window_(window) {
        for (const Defect& defect : defects) bad_.insert(key_of(defect.x, defect.y));
    }

    void fill(const Defect& defect, std::vector<Repair>& repairs) const {
        std::optional<Span> best;
        constexpr int kDirections[4][2] = {{1, 0}, {0, 1}, {1, 1}, {1, -1}};
        for (const auto& [dx, dy] : kDirections) {
            const auto span = span_of(defect, dx, dy);
            if (span && (!best || span->cost < best->cost)) best = span;
        }
        for (std::size_t channel = 0; channel < 3; ++channel) {
            if (!defect.channels[channel]) continue;
            const float* plane = pixels_ + channel * window_.area();
            const std::size_t index = index_of(defect.x, defect.y);
            if (best) {
                const float before = plane[best->before];
                const float after = plane[best->after];
                repairs.push_back({channel, index, before + (after - before) * best->weight_after});
            } else if (const auto mean = mean_around(defect, plane)) {
                repairs.push_back({channel, index, *mean});
            }
        }
    }

private:
    std::size_t index_of(int x, int y) const {
        return static_cast<std::size_t>(y - window_.y0) * static_cast<std::size_t>(window_.width()) +
               static_cast<std::size_t>(x - window_.x0);
    }

    bool good(const Defect& defect, int x, int y) const {
        if (x < window_.x0 || x >= window_.x1 || y < window_.y0 || y >= window_.y1) return false;
        if (bad_.contains(key_of(x, y))) return false;
        for (std::size_t channel = 0; channel < 3; ++channel) {
            if (defect.channels[channel] &&
                !std::isfinite(pixels_[channel * window_.area() + index_of(x, y)])) {
                return false;
            }
        }
        return true;
    }

    std::optional<Span> span_of(const Defect& defect, int dx, int dy) const {
        const auto distance_to_good = [&](int sign) {
            for (int step = 1; step <= kReach; ++step) {
                if (good(defect, defect.x + sign * step * dx, defect.y + sign * step * dy)) return step;
            }
            return 0;
        };
        const int back = distance_to_good(-1);
        const int ahead = distance_to_good(1);
        if (back == 0 || ahead == 0) return std::nullopt;
        Span span;
        span.before = index_of(defect.x - back * dx, defect.y - back * dy);
        span.after = index_of(defect.x + ahead * dx, defect.y + ahead * dy);
        span.weight_after = static_cast<float>(back) / static_cast<float>(back + ahead);
        for (std::size_t channel = 0; channel < 3; ++channel) {
            if (!defect.channels[channel]) continue;
            const float* plane = pixels_ + channel * window_.area();
            span.cost += std::fabs(static_cast<double>(coded(plane[span.before])) -
                                   static_cast<double>(coded(plane[span.after])));
        }
        // Longer spans see less of what lies between their ends.
        const double length = (back + ahead) * (dx != 0 && dy != 0 ? std::sqrt(2.0) : 1.0);
        span.cost = (span.cost + 1e-6) * length;
        return span;
    }

    std::optional<float> mean_around(const Defect& defect, const float* plane) const {
        double sum = 0;
        int count = 0;
        for (int y = defect.y - 1; y <= defect.y + 1; ++y) {
            for (int x = defect.x - 1; x <= defect.x + 1; ++x) {
                if (!good(defect, x, y)) continue;
                sum += static_cast<double>(plane[index_of(x, y)]);
                ++count;
            }
        }
        if (count == 0) return std::nullopt;
        return static_cast<float>(sum / count);
    }

    const float* pixels_;
    Box window_;
    std::unordered_set<std::int64_t> bad_;
};

}  // namespace

std::vector<Repair> fill_defects(const float* pixels, const Box& window, const std::vector<Defect>& defects) {
    const Filler filler(pixels, window, defects);
    std::vector<Repair> repairs;
    for (const Defect& defect : defects) {
        const bool inside =
            defect.x >= window.x0 && defect.x < window.x1 && defect.y >= window.y0 && defect.y < window.y1;
        if (inside) filler.fill(defect, repairs);
    }
    return repairs;
}

}  // namespace wetgate::passes::pixel_defects

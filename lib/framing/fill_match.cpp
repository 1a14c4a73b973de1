#include "framing/fill_match.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "color/acescct.h"
#include "framing/quantile.h"

namespace wetgate::framing {
namespace {

constexpr int band_px = 32;  // what lies farther from the edge says little of what is beyond it
constexpr int apart_px = 2;  // samples across the band; along it as many as make `most_samples`
constexpr int most_samples = 6000;
constexpr std::size_t least_samples = 200;
constexpr double most_shift_px = 3;
constexpr double most_stops = 2;
constexpr float darkest = 0.002F;  // linear: below it a ratio is that of noise
constexpr int attempts = 8;
constexpr double cauchy = 2.385, median_of_normal = 0.6745;

/// A place of the own picture that the neighbour sees too.
struct Sample {
    int x, y;     // in the own picture's data
    double u, v;  // in the neighbour's data
};

class Plane {
public:
    Plane(const MovablePicture& picture, int channel)
        : samples_(picture.rgb.channel(channel)),
          width_(picture.rgb.window.width()),
          height_(picture.rgb.window.height()) {}

    bool holds(double x, double y) const { return x >= 1 && y >= 1 && x < width_ - 2 && y < height_ - 2; }
    float at(int x, int y) const {
        return samples_[static_cast<std::size_t>(y) * static_cast<std::size_t>(width_) +
                        static_cast<std::size_t>(x)];
    }
    /// Of places that the picture holds.
    double between(double x, double y) const {
        const int column = static_cast<int>(x), row = static_cast<int>(y);
        const double across = x - column, down = y - row;
        const double above = (1 - across) * static_cast<double>(at(column, row)) +
                             across * static_cast<double>(at(column + 1, row));
        const double below = (1 - across) * static_cast<double>(at(column, row + 1)) +
                             across * static_cast<double>(at(column + 1, row + 1));
        return (1 - down) * above + down * below;
    }

private:
    const float* samples_;
    int width_, height_;
};

double coded(double linear) {
    return static_cast<double>(color::acescct_from_linear(static_cast<float>(linear)));
}

std::vector<Sample> samples_of(const MovablePicture& own, const MovablePicture& neighbour,
                               const motion::Homography& to_it, const Sides& sides) {
    const Box &from = own.rgb.window, &to = neighbour.rgb.window;
    const int width = from.width(), height = from.height();
    const int in_band = band_px / apart_px;
    const int along_px = std::max(apart_px, 2 * (width + height) * in_band / most_samples);
    const Plane seen(neighbour, 1);
    std::vector<Sample> samples;
    const auto add = [&](int x, int y) {
        if (x < 0 || y < 0 || x >= width || y >= height) return;
        const auto index =
            static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x);
        if (own.alpha && (*own.alpha)[index] != 1.0F) return;
        const auto [u, v] = to_it.at(x + from.x0, y + from.y0);
        if (seen.holds(u - to.x0, v - to.y0)) samples.push_back({x, y, u - to.x0, v - to.y0});
    };
    // Not the very edge, which is where a lens or a matte ends as often as a picture.
    for (int inside = 2; inside < band_px; inside += apart_px) {
        for (int y = 0; y < height; y += along_px) {
            if (sides.left) add(inside, y);
            if (sides.right) add(width - 1 - inside, y);
        }
        for (int x = 0; x < width; x += along_px) {
            if (sides.top) add(x, inside);
            if (sides.bottom) add(x, height - 1 - inside);
        }
    }
    return samples;
}

/// The shift of the neighbour that makes its green channel, coded, most like the own one.
void find_shift(FillMatch& match, const std::vector<Sample>& samples, const Plane& own,
                const Plane& neighbour) {
    double offset = 0;
    for (int attempt = 0; attempt < attempts; ++attempt) {
        std::vector<std::array<double, 3>> slopes;  // along x, along y, what is missed
        std::vector<double> errors;
        for (const Sample& sample : samples) {
            const double u = sample.u + match.dx, v = sample.v + match.dy;
            if (!neighbour.holds(u - 1, v - 1) || !neighbour.holds(u + 1, v + 1)) continue;
            const double error = coded(static_cast<double>(own.at(sample.x, sample.y))) -
                                 coded(neighbour.between(u, v)) - offset;
            if (!std::isfinite(error)) continue;
            slopes.push_back({0.5 * (coded(neighbour.between(u + 1, v)) - coded(neighbour.between(u - 1, v))),
                              0.5 * (coded(neighbour.between(u, v + 1)) - coded(neighbour.between(u, v - 1))),
                              error});
            errors.push_back(std::abs(error));
        }
        if (slopes.size() < least_samples) break;
        const double width = cauchy * std::max(1e-4, median(std::move(errors)) / median_of_normal);
        double all = 0, gx = 0, gy = 0, e = 0, xx = 0, xy = 0, yy = 0, xe = 0, ye = 0;
        for (const auto& [sx, sy, error] : slopes) {
            const double weight = 1 / (1 + (error / width) * (error / width));
            all += weight, gx += weight * sx, gy += weight * sy, e += weight * error;
            xx += weight * sx * sx, xy += weight * sx * sy, yy += weight * sy * sy;
            xe += weight * sx * error, ye += weight * sy * error;
        }
        xx -= gx * gx / all, xy -= gx * gy / all, yy -= gy * gy / all;
        xe -= gx * e / all, ye -= gy * e / all;
        const double determinant = xx * yy - xy * xy;
        if (!(determinant > 1e-4 * xx * yy) || !std::isfinite(determinant)) break;  // slopes in one direction
        const double dx = (xe * yy - ye * xy) / determinant, dy = (ye * xx - xe * xy) / determinant;
        match.dx += dx, match.dy += dy;
        offset += (e - gx * dx - gy * dy) / all;
        if (!(std::hypot(match.dx, match.dy) <= most_shift_px)) break;
        if (std::hypot(dx, dy) < 0.01) return;
    }
    match.dx = match.dy = 0;  // none that it came to rest at
}

float gain_of(const std::vector<Sample>& samples, const FillMatch& match, const Plane& own,
              const Plane& neighbour) {
    std::vector<double> stops;
    for (const Sample& sample : samples) {
        const double u = sample.u + match.dx, v = sample.v + match.dy;
        if (!neighbour.holds(u, v)) continue;
        const double here = static_cast<double>(own.at(sample.x, sample.y)), there = neighbour.between(u, v);
        if (here > static_cast<double>(darkest) && there > static_cast<double>(darkest) &&
            std::isfinite(here) && std::isfinite(there))
            stops.push_back(std::log2(here / there));
    }
    if (stops.size() < least_samples) return 1;
    return static_cast<float>(std::exp2(std::clamp(median(std::move(stops)), -most_stops, most_stops)));
}

}  // namespace

FillMatch matched(const MovablePicture& own, const MovablePicture& neighbour, const motion::Homography& to_it,
                  const Sides& sides) {
    FillMatch match;
    const std::vector<Sample> samples = samples_of(own, neighbour, to_it, sides);
    if (samples.size() < least_samples) return match;
    find_shift(match, samples, Plane(own, 1), Plane(neighbour, 1));
    for (int c = 0; c < 3; ++c)
        match.gain[static_cast<std::size_t>(c)] = gain_of(samples, match, Plane(own, c), Plane(neighbour, c));
    return match;
}

}  // namespace wetgate::framing

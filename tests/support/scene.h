#pragma once
#include <cmath>
#include <cstdint>
#include <vector>

#include "core/host_frame.h"

namespace wetgate::tests {

/// A repeatable hash of integers to [0, 1): all the randomness that tests and demo media use.
inline double hashed(std::uint64_t a, std::uint64_t b, std::uint64_t c = 0) {
    std::uint64_t x = a * 0x9E3779B97F4A7C15ULL ^ (b + 0x7F4A7C15ULL) * 0xBF58476D1CE4E5B9ULL ^
                      (c + 1) * 0x94D049BB133111EBULL;
    x ^= x >> 30;
    x *= 0xBF58476D1CE4E5B9ULL;
    x ^= x >> 27;
    x *= 0x94D049BB133111EBULL;
    x ^= x >> 31;
    return static_cast<double>(x >> 11) * (1.0 / 9007199254740992.0);
}

/// A normal deviate (Box-Muller) of the same kind.
inline double hashed_normal(std::uint64_t a, std::uint64_t b, std::uint64_t c = 0) {
    const double u = 1.0 - hashed(a, b, 2 * c);
    const double v = hashed(a, b, 2 * c + 1);
    return std::sqrt(-2.0 * std::log(u)) * std::cos(6.283185307179586 * v);
}

/// A landscape by formula under a slow hand-held pan: hills of fractal noise, a sky with a sun far above 1,
/// and a ball that crosses the picture. Scene-linear, band-limited, the same on every machine to within float
/// rounding.
class Scene {
public:
    Scene(int width, int height);
    /// The clean picture of frame `index` (from 0).
    FloatImage frame(int index) const;
    /// What the ball leaves of each pixel of that frame, 0 to 1, in all three channels.
    FloatImage backdrop(int index) const;
    /// All of the landscape that any frame shows, without the ball.
    FloatImage wide() const;

private:
    float texture(double x, double y, int channel) const;

    int width_, height_;
    int texture_width_, texture_height_;
    std::vector<float> texture_;  // [3, texture_height, texture_width]
};

}  // namespace wetgate::tests

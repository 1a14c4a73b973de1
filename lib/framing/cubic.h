#pragma once
#include <array>

namespace wetgate::framing {

/// Weights of four samples for the place `t` (0 to 1) between the second and the third: Catmull and Rom's
/// cubic through them, exact for parabolas.
inline std::array<double, 4> cubic_weights(double t) {
    return {((-0.5 * t + 1) * t - 0.5) * t, (1.5 * t - 2.5) * t * t + 1, ((-1.5 * t + 2) * t + 0.5) * t,
            (0.5 * t - 0.5) * t * t};
}

}  // namespace wetgate::framing

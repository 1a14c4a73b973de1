#pragma once
#include <array>

#include "framing/similarity.h"

namespace wetgate::framing {

/// A similarity as programs see it, about the centre: dx, dy, R (a - 1), R b, all of them pixels at the
/// picture's corners, R half its diagonal. Of a chain of similarities each is linear in these.
using ViewNumbers = std::array<double, 4>;

inline ViewNumbers numbers_of(const Similarity& map, double radius_px) {
    return {map.dx, map.dy, radius_px * (map.a - 1), radius_px * map.b};
}

inline Similarity similarity_of(const double* numbers, double radius_px) {
    return {1 + numbers[2] / radius_px, numbers[3] / radius_px, numbers[0], numbers[1]};
}

/// map.then(step) has the numbers M numbers_of(map) + numbers_of(step): M, row by row.
inline std::array<ViewNumbers, 4> matrix_of(const Similarity& step) {
    const double a = step.a, b = step.b;
    return {{{a, -b, 0, 0}, {b, a, 0, 0}, {0, 0, a, -b}, {0, 0, b, a}}};
}

}  // namespace wetgate::framing

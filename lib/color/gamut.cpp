#include "color/gamut.h"

#include <cstddef>

namespace wetgate::color {
namespace {

using Vector = std::array<double, 3>;
using Matrix = std::array<double, 9>;

Matrix product(const Matrix& a, const Matrix& b) {
    Matrix out{};
    for (std::size_t row = 0; row < 3; ++row) {
        for (std::size_t column = 0; column < 3; ++column) {
            for (std::size_t k = 0; k < 3; ++k) out[row * 3 + column] += a[row * 3 + k] * b[k * 3 + column];
        }
    }
    return out;
}

Vector product(const Matrix& m, const Vector& v) {
    return {m[0] * v[0] + m[1] * v[1] + m[2] * v[2], m[3] * v[0] + m[4] * v[1] + m[5] * v[2],
            m[6] * v[0] + m[7] * v[1] + m[8] * v[2]};
}

Matrix inverse(const Matrix& m) {
    const Matrix cofactors{m[4] * m[8] - m[5] * m[7], m[2] * m[7] - m[1] * m[8], m[1] * m[5] - m[2] * m[4],
                           m[5] * m[6] - m[3] * m[8], m[0] * m[8] - m[2] * m[6], m[2] * m[3] - m[0] * m[5],
                           m[3] * m[7] - m[4] * m[6], m[1] * m[6] - m[0] * m[7], m[0] * m[4] - m[1] * m[3]};
    const double determinant = m[0] * cofactors[0] + m[1] * cofactors[3] + m[2] * cofactors[6];
    Matrix out{};
    for (std::size_t i = 0; i < 9; ++i) out[i] = cofactors[i] / determinant;
    return out;
}

Vector xyz_of(double x, double y) {
    return {x / y, 1.0, (1.0 - x - y) / y};
}
Vector white_of(const Gamut& gamut) {
    return xyz_of(gamut.xy[6], gamut.xy[7]);
}

// Columns are the primaries' (x, y, 1-x-y) (a blue of y = 0 has no XYZ of luminance 1), scaled to sum to
// white.
Matrix matrix_to_xyz(const Gamut& gamut) {
    Matrix primaries{};
    for (std::size_t c = 0; c < 3; ++c) {
        const double x = gamut.xy[2 * c];
        const double y = gamut.xy[2 * c + 1];
        primaries[c] = x;
        primaries[3 + c] = y;
        primaries[6 + c] = 1.0 - x - y;
    }
    const Vector scale = product(inverse(primaries), white_of(gamut));
    for (std::size_t i = 0; i < 9; ++i) primaries[i] *= scale[i % 3];
    return primaries;
}

constexpr Matrix bradford{0.8951, 0.2664, -0.1614, -0.7502, 1.7135, 0.0367, 0.0389, -0.0685, 1.0296};
constexpr Matrix cat02{0.7328, 0.4296, -0.1624, -0.7036, 1.6975, 0.0061, 0.0030, 0.0136, 0.9834};

}  // namespace

std::array<double, 9> matrix_to_aces(const Gamut& gamut, Adaptation adaptation) {
    const Matrix& cones = adaptation == Adaptation::Bradford ? bradford : cat02;
    const Vector from = product(cones, white_of(gamut));
    const Vector to = product(cones, white_of(gamuts::ap0));
    const Matrix gain{to[0] / from[0], 0, 0, 0, to[1] / from[1], 0, 0, 0, to[2] / from[2]};
    const Matrix adapted = product(inverse(cones), product(gain, product(cones, matrix_to_xyz(gamut))));
    return product(inverse(matrix_to_xyz(gamuts::ap0)), adapted);
}

}  // namespace wetgate::color

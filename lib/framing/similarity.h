#pragma once
#include <cmath>
#include <numbers>

#include "motion/track.h"

namespace wetgate::framing {

/// Turn, scale and shift about the centre of a picture: (x, y), pixels from the centre, goes to
/// (a x - b y + dx, b x + a y + dy). Positive b turns clockwise on the screen, where y points down.
struct Similarity {
    double a = 1, b = 0, dx = 0, dy = 0;

    static Similarity of(double dx_px, double dy_px, double rotation_deg, double scale) {
        const double angle = rotation_deg * std::numbers::pi / 180;
        return {scale * std::cos(angle), scale * std::sin(angle), dx_px, dy_px};
    }
    double scale() const { return std::hypot(a, b); }
    double rotation_deg() const { return std::atan2(b, a) * 180 / std::numbers::pi; }

    /// First this one, then `next`.
    Similarity then(const Similarity& next) const {
        return {next.a * a - next.b * b, next.b * a + next.a * b, next.a * dx - next.b * dy + next.dx,
                next.b * dx + next.a * dy + next.dy};
    }
    /// Of a map whose scale is not 0.
    Similarity inverse() const {
        const double square = a * a + b * b;
        return {a / square, -b / square, -(a * dx + b * dy) / square, (b * dx - a * dy) / square};
    }
    bool operator==(const Similarity&) const = default;
};

/// The middle of a picture, where pixel (x, y) is the centre of its sample.
inline double middle(int side_px) {
    return 0.5 * (side_px - 1);
}

/// From the centre of a picture to its pixels, for maps that were made about the centre.
inline motion::Homography about_centre(const motion::Homography& map, int width, int height) {
    const double x = middle(width), y = middle(height);
    return motion::Homography{{1, 0, -x, 0, 1, -y, 0, 0, 1}}.then(map).then({{1, 0, x, 0, 1, y, 0, 0, 1}});
}

}  // namespace wetgate::framing

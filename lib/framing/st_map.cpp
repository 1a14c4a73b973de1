#include "framing/st_map.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "framing/cubic.h"

namespace wetgate::framing {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double farthest = 8;  // pictures
constexpr float nowhere = -10;
constexpr double least_px = 1e-3;

bool is_place(Point place) {
    return !std::isnan(place.x) && !std::isnan(place.y);
}

double to_sample(double value) {
    const double nearest = std::nearbyint(value);
    return std::abs(value - nearest) < least_px ? nearest : value;
}

// Straight on past the edge, away from `inner`, by so many samples.
Point beyond(Point edge, Point inner, int by) {
    return {edge.x + by * (edge.x - inner.x), edge.y + by * (edge.y - inner.y)};
}

}  // namespace

StMap::StMap(FloatImage map, const Box& picture) : map_(std::move(map)), picture_(picture) {}

Point StMap::sample(int column, int row) const {
    const int right = map_.window.width() - 1;
    const int bottom = map_.window.height() - 1;
    const int near_column = std::clamp(column, 0, right);
    const int near_row = std::clamp(row, 0, bottom);
    if (near_column != column) {
        const int inner = std::clamp(near_column + (column < 0 ? 1 : -1), 0, right);
        return beyond(sample(near_column, row), sample(inner, row), std::abs(column - near_column));
    }
    if (near_row != row) {
        const int inner = std::clamp(near_row + (row < 0 ? 1 : -1), 0, bottom);
        return beyond(sample(column, near_row), sample(column, inner), std::abs(row - near_row));
    }
    const std::size_t index = static_cast<std::size_t>(row) * static_cast<std::size_t>(map_.window.width()) +
                              static_cast<std::size_t>(column);
    const double u = static_cast<double>(map_.channel(0)[index]);
    const double v = static_cast<double>(map_.channel(1)[index]);
    if (!(std::abs(u) <= farthest && std::abs(v) <= farthest)) return {nan, nan};
    return {picture_.x0 + u * picture_.width() - 0.5, picture_.y0 + (1 - v) * picture_.height() - 0.5};
}

Point StMap::at(Point place) const {
    const double x = place.x - map_.window.x0;
    const double y = place.y - map_.window.y0;
    if (!(x >= -0.5 && y >= -0.5 && x <= map_.window.width() - 0.5 && y <= map_.window.height() - 0.5))
        return {nan, nan};
    const int column = static_cast<int>(std::floor(x));
    const int row = static_cast<int>(std::floor(y));
    Point found{0, 0};
    if (x == column && y == row) {
        found = sample(column, row);
    } else {
        const std::array<double, 4> across = cubic_weights(x - column);
        const std::array<double, 4> down = cubic_weights(y - row);
        for (int j = 0; j < 4; ++j) {
            for (int i = 0; i < 4; ++i) {
                const double weight = across[static_cast<std::size_t>(i)] * down[static_cast<std::size_t>(j)];
                const Point tap = sample(column - 1 + i, row - 1 + j);
                found.x += weight * tap.x;
                found.y += weight * tap.y;
            }
        }
    }
    if (!is_place(found)) return {nan, nan};
    return {to_sample(found.x), to_sample(found.y)};
}

FloatImage st_map_of(const Warp& warp, const Box& window, const Box& picture) {
    FloatImage map = make_float_image(window);
    std::fill_n(map.channel(2), window.area(), 0.0F);
    std::size_t at = 0;
    for (int y = window.y0; y < window.y1; ++y) {
        for (int x = window.x0; x < window.x1; ++x, ++at) {
            const Point place = warp.at(x, y);
            const double u = (place.x - picture.x0 + 0.5) / picture.width();
            const double v = 1 - (place.y - picture.y0 + 0.5) / picture.height();
            const bool is_there = std::abs(u) <= farthest && std::abs(v) <= farthest;
            map.channel(0)[at] = is_there ? static_cast<float>(u) : nowhere;
            map.channel(1)[at] = is_there ? static_cast<float>(v) : nowhere;
        }
    }
    return map;
}

}  // namespace wetgate::framing

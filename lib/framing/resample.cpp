#include "framing/resample.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "color/acescct.h"
#include "framing/taps.h"

namespace wetgate::framing {
namespace {

constexpr int block = 16;  // the picture's scale is looked at once a block

/// Where the block of a pixel begins. Blocks lie alike in any window, so that a part of what is shown has the
/// bits of the whole.
int block_of(int pixel) {
    return pixel - ((pixel % block) + block) % block;
}

class Mover {
public:
    explicit Mover(const MovablePicture& picture)
        : picture_(picture),
          coded_(picture.coded ? picture.coded : coded(picture.rgb)),
          width_(picture.rgb.window.width()),
          height_(picture.rgb.window.height()) {}

    /// False where the picture does not reach. `column` and `row` are the taps of the result's, for green.
    bool pixel(const std::array<Point, 3>& places, bool is_split, double scale, KeptTaps& column,
               KeptTaps& row, std::array<float, 4>& value) const {
        const auto [x, y] = in_window(places[1]);
        if (!(x >= -0.5 && y >= -0.5 && x <= width_ - 0.5 && y <= height_ - 0.5)) return false;  // or NaN
        const Taps& across = column.at(x, scale);
        const Taps& down = row.at(y, scale);
        const Mixed green = mixed(x, y, across, down);
        const MixedPlane alpha = plane(picture_.alpha ? picture_.alpha->data() : nullptr);
        value[3] = green.is_solid    ? 1.0F
                   : green.is_sample ? alpha.samples[green.nearest]
                                     : alpha.at(across, down);
        value[1] = colour(1, green, across, down);
        for (const std::size_t c : {std::size_t{0}, std::size_t{2}}) {
            if (!is_split) {
                value[c] = colour(c, green, across, down);
                continue;
            }
            // At the picture's edge a colour may lie a little beyond it.
            const Point place = nearest_in(in_window(places[c]), {x, y});
            const Taps own_across(place.x, scale), own_down(place.y, scale);
            value[c] = colour(c, mixed(place.x, place.y, own_across, own_down), own_across, own_down);
        }
        return true;
    }

private:
    /// A place of the picture, its colours mixed as they are coded.
    struct Mixed {
        std::size_t nearest = 0;  ///< sample
        bool is_sample = false;
        bool is_solid = false;  ///< alpha 1 all around
        Quad coded{};           ///< where it is solid, and no sample
    };

    Point in_window(Point place) const {
        return {place.x - picture_.rgb.window.x0, place.y - picture_.rgb.window.y0};
    }
    Point nearest_in(Point place, Point instead) const {
        if (std::isnan(place.x) || std::isnan(place.y)) return instead;
        return {std::clamp(place.x, -0.5, width_ - 0.5), std::clamp(place.y, -0.5, height_ - 0.5)};
    }
    Mixed mixed(double x, double y, const Taps& across, const Taps& down) const {
        Mixed made{index_of(x, y)};
        made.is_sample = across.count == 1 && down.count == 1;
        made.is_solid = !picture_.alpha || plane(picture_.alpha->data()).is_one(across, down);
        if (made.is_solid && !made.is_sample) made.coded = coded_->at(across, down);
        return made;
    }
    float colour(std::size_t c, const Mixed& mixed, const Taps& across, const Taps& down) const {
        const float* linear = picture_.rgb.channel(static_cast<int>(c));
        if (mixed.is_sample) return linear[mixed.nearest];
        const float result =
            mixed.is_solid ? color::linear_from_acescct(mixed.coded[c]) : plane(linear).at(across, down);
        return std::isfinite(result) ? result : linear[mixed.nearest];
    }
    MixedPlane plane(const float* samples) const { return {samples, width_, height_}; }
    std::size_t index_of(double x, double y) const {
        const int column = std::clamp(static_cast<int>(std::lround(x)), 0, width_ - 1);
        const int row = std::clamp(static_cast<int>(std::lround(y)), 0, height_ - 1);
        return static_cast<std::size_t>(row) * static_cast<std::size_t>(width_) +
               static_cast<std::size_t>(column);
    }

    const MovablePicture& picture_;
    std::shared_ptr<const CodedPicture> coded_;
    int width_, height_;
};

/// What lies under `window` of the picture shifted by whole pixels: its samples, as they are.
MovablePicture cut(const MovablePicture& picture, const std::array<int, 2>& shift, const Box& window,
                   const Box& shown) {
    MovablePicture result;
    result.rgb = make_float_image(window);
    std::fill_n(result.rgb.channel(0), 3 * window.area(), 0.0F);
    if (picture.alpha) result.alpha.emplace(window.area());
    const Box from = picture.rgb.window;
    const Box covered = intersection(
        window, {from.x0 - shift[0], from.y0 - shift[1], from.x1 - shift[0], from.y1 - shift[1]});
    const auto index = [](const Box& box, int x, int y) {
        return static_cast<std::size_t>(y - box.y0) * static_cast<std::size_t>(box.width()) +
               static_cast<std::size_t>(x - box.x0);
    };
    for (int y = covered.y0; y < covered.y1; ++y) {
        const std::size_t source = index(from, covered.x0 + shift[0], y + shift[1]);
        const std::size_t to = index(window, covered.x0, y);
        const auto count = static_cast<std::size_t>(covered.width());
        for (int c = 0; c < 3; ++c)
            std::copy_n(picture.rgb.channel(c) + source, count, result.rgb.channel(c) + to);
        if (picture.alpha) std::copy_n(picture.alpha->data() + source, count, result.alpha->data() + to);
    }
    const Box seen = intersection(covered, shown);
    result.uncovered = intersection(window, shown).area() - (seen.empty() ? 0 : seen.area());
    return result;
}

}  // namespace

std::shared_ptr<const CodedPicture> coded(const FloatImage& linear) {
    return std::make_shared<const CodedPicture>(linear);
}

FloatImage lit(const FloatImage& linear, const Gain& gain) {
    FloatImage result = make_float_image(linear.window);
    const std::size_t area = linear.window.area();
    std::size_t at = 0;
    for (int y = linear.window.y0; y < linear.window.y1; ++y) {
        for (int x = linear.window.x0; x < linear.window.x1; ++x, ++at) {
            const auto by = static_cast<float>(gain({static_cast<double>(x), static_cast<double>(y)}));
            for (std::size_t c = 0; c < 3; ++c)
                result.channel(0)[c * area + at] = linear.channel(0)[c * area + at] * by;
        }
    }
    return result;
}

MovablePicture moved(const MovablePicture& picture, const ColourWarp& to_picture, const Box& window) {
    return moved(picture, to_picture, window, window);
}

MovablePicture moved(const MovablePicture& picture, const ColourWarp& to_picture, const Box& window,
                     const Box& shown) {
    if (const auto shift = to_picture.whole_shift()) return cut(picture, *shift, window, shown);
    MovablePicture result;
    result.rgb = make_float_image(window);
    if (picture.alpha) result.alpha.emplace(window.area());
    const Mover mover(picture);
    const std::array<float*, 3> planes = {result.rgb.channel(0), result.rgb.channel(1),
                                          result.rgb.channel(2)};
    const bool is_split = to_picture.is_split();
    const auto width = static_cast<std::size_t>(window.width());
    std::vector<KeptTaps> columns(width);
    for (int top = block_of(window.y0); top < window.y1; top += block) {
        std::array<KeptTaps, block> rows;
        for (int left = block_of(window.x0); left < window.x1; left += block) {
            const double scale = shrink_at(to_picture.green(), left + block / 2, top + block / 2);
            for (int y = std::max(top, window.y0); y < std::min(top + block, window.y1); ++y) {
                int x = std::max(left, window.x0);
                std::size_t at =
                    static_cast<std::size_t>(y - window.y0) * width + static_cast<std::size_t>(x - window.x0);
                for (; x < std::min(left + block, window.x1); ++x, ++at) {
                    std::array<Point, 3> places;
                    places[1] = to_picture.green().at(x, y);
                    if (is_split) {
                        places[0] = to_picture.of(0).at(x, y);
                        places[2] = to_picture.of(2).at(x, y);
                    }
                    std::array<float, 4> value{0, 0, 0, 0};
                    const bool is_shown = x >= shown.x0 && x < shown.x1 && y >= shown.y0 && y < shown.y1;
                    const bool is_covered =
                        mover.pixel(places, is_split, scale, columns[static_cast<std::size_t>(x - window.x0)],
                                    rows[static_cast<std::size_t>(y - top)], value);
                    if (!is_covered && is_shown) ++result.uncovered;
                    for (std::size_t c = 0; c < 3; ++c) planes[c][at] = value[c];
                    if (result.alpha) (*result.alpha)[at] = value[3];
                }
            }
        }
    }
    return result;
}

std::vector<float> moved_plane(const std::vector<float>& plane, const Box& from, const Warp& to_plane,
                               const Box& window) {
    const MixedPlane samples{plane.data(), from.width(), from.height()};
    std::vector<float> result(window.area());
    const auto width = static_cast<std::size_t>(window.width());
    for (int top = block_of(window.y0); top < window.y1; top += block) {
        for (int left = block_of(window.x0); left < window.x1; left += block) {
            const double scale = shrink_at(to_plane, left + block / 2, top + block / 2);
            for (int y = std::max(top, window.y0); y < std::min(top + block, window.y1); ++y) {
                for (int x = std::max(left, window.x0); x < std::min(left + block, window.x1); ++x) {
                    const Point place = to_plane.at(x, y);
                    const double column = place.x - from.x0, row = place.y - from.y0;
                    if (!(column >= -0.5 && row >= -0.5 && column <= samples.width - 0.5 &&
                          row <= samples.height - 0.5))
                        continue;  // or NaN
                    const Taps across(column, scale), down(row, scale);
                    result[static_cast<std::size_t>(y - window.y0) * width +
                           static_cast<std::size_t>(x - window.x0)] =
                        samples.is_one(across, down) ? 1.0F : samples.at(across, down);
                }
            }
        }
    }
    return result;
}

}  // namespace wetgate::framing

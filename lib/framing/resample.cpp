#include "framing/resample.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "color/acescct.h"

namespace wetgate::framing {
namespace {

constexpr int lobes = 3;
constexpr int most_taps = 64;  // a side: a picture made smaller than a tenth is sampled more sparsely
constexpr double most_shrink = (most_taps - 2) / (2.0 * lobes);
// Coded, about a twelfth of a stop: a smooth peak between samples is higher than they are.
constexpr float peak = 0.005F;
constexpr int block = 16;  // the picture's scale is looked at once a block

// Cubic convolution over six samples (Keys, "Cubic Convolution Interpolation for Digital Image Processing",
// 1981, section VII): as sharp as Lanczos' kernel of three lobes, and exact for every cubic, so that a slope
// does not seem to move, which Lanczos' does by a fiftieth of a pixel.
double kernel(double distance) {
    const double s = std::abs(distance);
    if (s < 1) return (4.0 / 3 * s - 7.0 / 3) * s * s + 1;
    if (s < 2) return ((-7.0 / 12 * s + 3) * s - 59.0 / 12) * s + 2.5;
    if (s < lobes) return ((1.0 / 12 * s - 2.0 / 3) * s + 1.75) * s - 1.5;
    return 0;
}

// Samples of one axis that make up a place: indices into the row (the edge repeated), and their weights.
struct Taps {
    std::array<int, most_taps> index{};
    std::array<float, most_taps> weight{};
    int count = 0;
    int inner_first = 0, inner_end = 0;  // those next to the place, which bound the result

    Taps(double place, double scale, int size) {
        const double reach = lobes * scale;
        int first = static_cast<int>(std::ceil(place - reach));
        int last = static_cast<int>(std::floor(place + reach));
        // A sample that is hit exactly is left alone.
        if (scale == 1 && place == std::nearbyint(place)) first = last = static_cast<int>(place);
        double sum = 0;
        std::array<double, most_taps> weights{};
        for (int i = first; i <= last && count < most_taps; ++i) {
            const double w = kernel((place - i) / scale);
            if (std::abs(place - i) < 2 * scale) {
                if (inner_end == 0) inner_first = count;
                inner_end = count + 1;
            }
            index[static_cast<std::size_t>(count)] = std::clamp(i, 0, size - 1);
            weights[static_cast<std::size_t>(count++)] = w;
            sum += w;
        }
        for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i)
            weight[i] = static_cast<float>(weights[i] / sum);
    }
};

// One plane of the picture, as it is mixed.
struct Mixed {
    const float* samples = nullptr;
    std::size_t width = 0;

    /// `beyond`: how far the result may go past the samples around it.
    float at(const Taps& across, const Taps& down, float beyond) const {
        float sum = 0;
        float least = std::numeric_limits<float>::infinity();
        float greatest = -least;
        for (int j = 0; j < down.count; ++j) {
            const auto row_tap = static_cast<std::size_t>(j);
            const float* row = samples + static_cast<std::size_t>(down.index[row_tap]) * width;
            float row_sum = 0;
            for (int i = 0; i < across.count; ++i) {
                const auto tap = static_cast<std::size_t>(i);
                row_sum += across.weight[tap] * row[across.index[tap]];
            }
            sum += down.weight[row_tap] * row_sum;
            if (j < down.inner_first || j >= down.inner_end) continue;
            for (int i = across.inner_first; i < across.inner_end; ++i) {
                const float value = row[across.index[static_cast<std::size_t>(i)]];
                least = std::min(least, value);
                greatest = std::max(greatest, value);
            }
        }
        return std::isfinite(sum) ? std::clamp(sum, least - beyond, greatest + beyond) : sum;
    }
};

FloatImage coded(const FloatImage& linear) {
    FloatImage result = make_float_image(linear.window);
    const std::size_t count = 3 * linear.window.area();
    std::transform(linear.channel(0), linear.channel(0) + count, result.channel(0),
                   color::acescct_from_linear);
    return result;
}

// How many samples of the picture a pixel of the canvas spans, at least 1.
double shrink_at(const Warp& warp, double x, double y) {
    const Point here = warp.at(x, y);
    const Point right = warp.at(x + 1, y);
    const Point below = warp.at(x, y + 1);
    const double across = std::hypot(right.x - here.x, right.y - here.y);
    const double down = std::hypot(below.x - here.x, below.y - here.y);
    const double most = std::max(across, down);
    // A rotation's rounding is no scale.
    return std::isfinite(most) && most > 1.001 ? std::min(most, most_shrink) : 1.0;
}

class Mover {
public:
    explicit Mover(const MovablePicture& picture)
        : picture_(picture),
          coded_(coded(picture.rgb)),
          width_(picture.rgb.window.width()),
          height_(picture.rgb.window.height()) {}

    /// False where the picture does not reach.
    bool pixel(const std::array<Point, 3>& places, bool is_split, double scale,
               std::array<float, 4>& value) const {
        if (!reaches(places[1])) return false;
        const Spot green = spot(places[1], scale);
        value[1] = colour(1, green);
        value[3] = alpha(green);
        for (const std::size_t c : {std::size_t{0}, std::size_t{2}}) {
            // At the picture's edge a colour may lie a little beyond it.
            value[c] = is_split ? colour(c, spot(nearest_in(places[c], places[1]), scale)) : colour(c, green);
        }
        return true;
    }

private:
    /// A place of the picture, ready to be mixed.
    struct Spot {
        Taps across, down;
        std::size_t nearest = 0;  // sample
        bool is_sample = false;
        bool is_solid = false;  // alpha 1 all around
    };

    bool reaches(Point place) const {
        const double x = place.x - picture_.rgb.window.x0;
        const double y = place.y - picture_.rgb.window.y0;
        return x >= -0.5 && y >= -0.5 && x <= width_ - 0.5 && y <= height_ - 0.5;  // and no NaN
    }
    Point nearest_in(Point place, Point instead) const {
        if (std::isnan(place.x) || std::isnan(place.y)) return instead;
        const Box& window = picture_.rgb.window;
        return {std::clamp(place.x, window.x0 - 0.5, window.x1 - 0.5),
                std::clamp(place.y, window.y0 - 0.5, window.y1 - 0.5)};
    }
    Spot spot(Point place, double scale) const {
        const double x = place.x - picture_.rgb.window.x0;
        const double y = place.y - picture_.rgb.window.y0;
        Spot spot{Taps(x, scale, width_), Taps(y, scale, height_), index_of(x, y)};
        spot.is_sample = spot.across.count == 1 && spot.down.count == 1;
        spot.is_solid = alpha_is_one(spot.across, spot.down);
        return spot;
    }
    float colour(std::size_t c, const Spot& spot) const {
        const float* linear = picture_.rgb.channel(static_cast<int>(c));
        if (spot.is_sample) return linear[spot.nearest];
        const auto stride = static_cast<std::size_t>(width_);
        const float result =
            spot.is_solid ? color::linear_from_acescct(Mixed{coded_.channel(static_cast<int>(c)), stride}.at(
                                spot.across, spot.down, peak))
                          : Mixed{linear, stride}.at(spot.across, spot.down, 0);
        return std::isfinite(result) ? result : linear[spot.nearest];
    }
    float alpha(const Spot& spot) const {
        if (!picture_.alpha || (spot.is_solid && !spot.is_sample)) return 1;
        if (spot.is_sample) return (*picture_.alpha)[spot.nearest];
        return Mixed{picture_.alpha->data(), static_cast<std::size_t>(width_)}.at(spot.across, spot.down, 0);
    }
    std::size_t index_of(double x, double y) const {
        const int column = std::clamp(static_cast<int>(std::lround(x)), 0, width_ - 1);
        const int row = std::clamp(static_cast<int>(std::lround(y)), 0, height_ - 1);
        return static_cast<std::size_t>(row) * static_cast<std::size_t>(width_) +
               static_cast<std::size_t>(column);
    }
    bool alpha_is_one(const Taps& across, const Taps& down) const {
        if (!picture_.alpha) return true;
        for (int j = 0; j < down.count; ++j) {
            const float* row =
                picture_.alpha->data() + static_cast<std::size_t>(down.index[static_cast<std::size_t>(j)]) *
                                             static_cast<std::size_t>(width_);
            for (int i = 0; i < across.count; ++i)
                if (row[across.index[static_cast<std::size_t>(i)]] != 1.0F) return false;
        }
        return true;
    }

    const MovablePicture& picture_;
    FloatImage coded_;
    int width_, height_;
};

}  // namespace

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
    MovablePicture result;
    result.rgb = make_float_image(window);
    if (picture.alpha) result.alpha.emplace(window.area());
    const Mover mover(picture);
    const std::array<float*, 3> planes = {result.rgb.channel(0), result.rgb.channel(1),
                                          result.rgb.channel(2)};
    const bool is_split = to_picture.is_split();
    const auto width = static_cast<std::size_t>(window.width());
    for (int top = window.y0; top < window.y1; top += block) {
        for (int left = window.x0; left < window.x1; left += block) {
            const double scale = shrink_at(to_picture.green(), left + block / 2, top + block / 2);
            for (int y = top; y < std::min(top + block, window.y1); ++y) {
                std::size_t at = static_cast<std::size_t>(y - window.y0) * width +
                                 static_cast<std::size_t>(left - window.x0);
                for (int x = left; x < std::min(left + block, window.x1); ++x, ++at) {
                    std::array<Point, 3> places;
                    places[1] = to_picture.green().at(x, y);
                    if (is_split) {
                        places[0] = to_picture.of(0).at(x, y);
                        places[2] = to_picture.of(2).at(x, y);
                    }
                    std::array<float, 4> value{0, 0, 0, 0};
                    const bool is_shown = x >= shown.x0 && x < shown.x1 && y >= shown.y0 && y < shown.y1;
                    if (!mover.pixel(places, is_split, scale, value) && is_shown) ++result.uncovered;
                    for (std::size_t c = 0; c < 3; ++c) planes[c][at] = value[c];
                    if (result.alpha) (*result.alpha)[at] = value[3];
                }
            }
        }
    }
    return result;
}

}  // namespace wetgate::framing

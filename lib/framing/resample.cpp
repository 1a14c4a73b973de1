#include "framing/resample.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "color/acescct.h"

namespace wetgate::framing {
namespace {

constexpr int lobes = 4;
constexpr int most_taps = 64;  // a side: a picture made smaller than an eighth is sampled more sparsely
constexpr double most_shrink = (most_taps - 2) / (2.0 * lobes);
// Coded, about a twelfth of a stop: a smooth peak between samples is higher than they are.
constexpr float peak = 0.005F;
constexpr int block = 16;  // the picture's scale is looked at once a block

// Note [The kernel]
// Cubic convolution over eight samples: a piecewise cubic without kinks that is exact for every cubic, so
// that a slope does not seem to move, which Lanczos' kernels do by a fiftieth of a pixel. Keys ("Cubic
// Convolution Interpolation for Digital Image Processing", 1981, section VII) has the one over six samples.
// Two more leave one number free, `tail`, which Keys' kernel has as 0. It is chosen so that moving a picture
// by a part of a pixel takes nothing from its gradients: on pictures as cameras make them (amplitudes as 1 /
// frequency, blurred by 0.6 px) the root mean square of the gradient falls by 0.02 % (Keys 2.1, Lanczos of
// three lobes 0.6, of four 0.65) and that of the Laplacian by 2.2 % (8.1, 4.6, 3.3) in the mean of all parts
// of a pixel. Steeper than that and frequencies in the middle grow. A step overshoots by 13 % as with Lanczos
// of four lobes, before it is held.
constexpr double tail = -1.0 / 14;

double kernel(double distance) {
    const double s = std::abs(distance);
    if (s < 1) return ((4.0 / 3 + 5 * tail) * s - (7.0 / 3 + 5 * tail)) * s * s + 1;
    if (s < 2) {
        const double t = s - 1;
        return (((tail - 7.0 / 12) * t + (1.25 - 6 * tail)) * t + (5 * tail - 2.0 / 3)) * t;
    }
    if (s < 3) {
        const double t = s - 2;
        return (((1.0 / 12 - 3 * tail) * t + (7 * tail - 1.0 / 6)) * t + (1.0 / 12 - 4 * tail)) * t;
    }
    if (s >= lobes) return 0;
    const double t = s - 3;
    return tail * t * (1 - t) * (1 - t);
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
    bool pixel(Point place, double scale, std::array<float, 4>& value) const {
        const double x = place.x - picture_.rgb.window.x0;
        const double y = place.y - picture_.rgb.window.y0;
        if (!(x >= -0.5 && y >= -0.5 && x <= width_ - 0.5 && y <= height_ - 0.5)) return false;  // or NaN
        const Taps across(x, scale, width_);
        const Taps down(y, scale, height_);
        const auto stride = static_cast<std::size_t>(width_);
        const bool is_solid = alpha_is_one(across, down);
        value[3] =
            is_solid || !picture_.alpha ? 1.0F : Mixed{picture_.alpha->data(), stride}.at(across, down, 0);
        const std::size_t nearest = index_of(x, y);
        const bool is_sample = across.count == 1 && down.count == 1;
        for (int c = 0; c < 3; ++c) {
            const float* linear = picture_.rgb.channel(c);
            float& result = value[static_cast<std::size_t>(c)];
            if (is_sample) {
                result = linear[nearest];
            } else if (is_solid) {
                result = color::linear_from_acescct(Mixed{coded_.channel(c), stride}.at(across, down, peak));
            } else {
                result = Mixed{linear, stride}.at(across, down, 0);
            }
            if (!std::isfinite(result)) result = linear[nearest];
        }
        if (is_sample && picture_.alpha) value[3] = (*picture_.alpha)[nearest];
        return true;
    }

private:
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

MovablePicture moved(const MovablePicture& picture, const Warp& to_picture, const Box& window) {
    MovablePicture result;
    result.rgb = make_float_image(window);
    if (picture.alpha) result.alpha.emplace(window.area());
    const Mover mover(picture);
    const std::array<float*, 3> planes = {result.rgb.channel(0), result.rgb.channel(1),
                                          result.rgb.channel(2)};
    const auto width = static_cast<std::size_t>(window.width());
    for (int top = window.y0; top < window.y1; top += block) {
        for (int left = window.x0; left < window.x1; left += block) {
            const double scale = shrink_at(to_picture, left + block / 2, top + block / 2);
            for (int y = top; y < std::min(top + block, window.y1); ++y) {
                std::size_t at = static_cast<std::size_t>(y - window.y0) * width +
                                 static_cast<std::size_t>(left - window.x0);
                for (int x = left; x < std::min(left + block, window.x1); ++x, ++at) {
                    std::array<float, 4> value{0, 0, 0, 0};
                    if (!mover.pixel(to_picture.at(x, y), scale, value)) ++result.uncovered;
                    for (std::size_t c = 0; c < 3; ++c) planes[c][at] = value[c];
                    if (result.alpha) (*result.alpha)[at] = value[3];
                }
            }
        }
    }
    return result;
}

}  // namespace wetgate::framing

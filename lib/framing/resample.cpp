#include "framing/resample.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "color/acescct.h"
#include "framing/taps.h"

namespace wetgate::framing {
namespace {

constexpr double most_shrink = (most_taps - 2) / (2.0 * kernel_lobes);
// Coded, about a twelfth of a stop: a smooth peak between samples is higher than they are.
constexpr float peak = 0.005F;
constexpr int block = 16;  // the picture's scale is looked at once a block

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
          coded_(picture.coded ? picture.coded : coded(picture.rgb)),
          width_(picture.rgb.window.width()),
          height_(picture.rgb.window.height()) {}

    /// False where the picture does not reach. `column` and `row` are the taps of the result's.
    bool pixel(Point place, double scale, KeptTaps& column, KeptTaps& row,
               std::array<float, 4>& value) const {
        const double x = place.x - picture_.rgb.window.x0;
        const double y = place.y - picture_.rgb.window.y0;
        if (!(x >= -0.5 && y >= -0.5 && x <= width_ - 0.5 && y <= height_ - 0.5)) return false;  // or NaN
        const Taps& across = column.at(x, scale);
        const Taps& down = row.at(y, scale);
        const std::size_t nearest = index_of(x, y);
        const bool is_sample = across.count == 1 && down.count == 1;
        const MixedPlane alpha = plane(picture_.alpha ? picture_.alpha->data() : nullptr);
        const bool is_solid = alpha.samples == nullptr || alpha.is_one(across, down);
        value[3] = is_solid ? 1.0F : is_sample ? alpha.samples[nearest] : alpha.at(across, down);
        Quad mixed{};
        if (is_solid && !is_sample) mixed = coded_->at(across, down, peak);
        for (std::size_t c = 0; c < 3; ++c) {
            const float* linear = picture_.rgb.channel(static_cast<int>(c));
            value[c] = is_sample  ? linear[nearest]
                       : is_solid ? color::linear_from_acescct(mixed[c])
                                  : plane(linear).at(across, down);
            if (!std::isfinite(value[c])) value[c] = linear[nearest];
        }
        return true;
    }

private:
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

}  // namespace

std::shared_ptr<const CodedPicture> coded(const FloatImage& linear) {
    return std::make_shared<const CodedPicture>(linear);
}

MovablePicture moved(const MovablePicture& picture, const Warp& to_picture, const Box& window) {
    MovablePicture result;
    result.rgb = make_float_image(window);
    if (picture.alpha) result.alpha.emplace(window.area());
    const Mover mover(picture);
    const std::array<float*, 3> planes = {result.rgb.channel(0), result.rgb.channel(1),
                                          result.rgb.channel(2)};
    const auto width = static_cast<std::size_t>(window.width());
    std::vector<KeptTaps> columns(width);
    for (int top = window.y0; top < window.y1; top += block) {
        std::array<KeptTaps, block> rows;
        for (int left = window.x0; left < window.x1; left += block) {
            const double scale = shrink_at(to_picture, left + block / 2, top + block / 2);
            for (int y = top; y < std::min(top + block, window.y1); ++y) {
                std::size_t at = static_cast<std::size_t>(y - window.y0) * width +
                                 static_cast<std::size_t>(left - window.x0);
                for (int x = left; x < std::min(left + block, window.x1); ++x, ++at) {
                    std::array<float, 4> value{0, 0, 0, 0};
                    if (!mover.pixel(to_picture.at(x, y), scale,
                                     columns[static_cast<std::size_t>(x - window.x0)],
                                     rows[static_cast<std::size_t>(y - top)], value)) {
                        ++result.uncovered;
                    }
                    for (std::size_t c = 0; c < 3; ++c) planes[c][at] = value[c];
                    if (result.alpha) (*result.alpha)[at] = value[3];
                }
            }
        }
    }
    return result;
}

}  // namespace wetgate::framing

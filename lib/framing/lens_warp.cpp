#include "framing/lens_warp.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace wetgate::framing {
namespace {

class LensStep final : public WarpStep {
public:
    LensStep(std::shared_ptr<const Lens> lens, LensWay way, int channel, int x0, int y0)
        : lens_(std::move(lens)), way_(way), channel_(channel), x0_(x0), y0_(y0) {}

    Point at(Point place) const override {
        const double x = place.x - x0_;
        const double y = place.y - y0_;
        const auto found =
            way_ == LensWay::ToPlate ? lens_->plate_of(x, y, channel_) : lens_->ideal_of(x, y, channel_);
        constexpr double nan = std::numeric_limits<double>::quiet_NaN();
        if (!found) return {nan, nan};
        return {(*found)[0] + x0_, (*found)[1] + y0_};
    }

private:
    std::shared_ptr<const Lens> lens_;
    LensWay way_;
    int channel_, x0_, y0_;
};

}  // namespace

std::shared_ptr<const WarpStep> lens_step(std::shared_ptr<const Lens> lens, LensWay way, int channel, int x0,
                                          int y0) {
    return std::make_shared<const LensStep>(std::move(lens), way, channel, x0, y0);
}

std::optional<Box> reached(const ColourWarp& way_there, const Box& picture, int most_px) {
    double left = picture.x0, top = picture.y0, right = picture.x1 - 1, bottom = picture.y1 - 1;
    bool is_known = true;
    const auto add = [&](double x, double y) {
        for (std::size_t channel = 0; channel < (way_there.is_split() ? 3U : 1U); ++channel) {
            const Point place = way_there.of(way_there.is_split() ? channel : 1).at(x, y);
            is_known = is_known && std::isfinite(place.x) && std::isfinite(place.y);
            left = std::min(left, place.x);
            top = std::min(top, place.y);
            right = std::max(right, place.x);
            bottom = std::max(bottom, place.y);
        }
    };
    // The way is one to one, so the border's farthest place is the picture's.
    for (int x = picture.x0; x < picture.x1; ++x) {
        add(x, picture.y0);
        add(x, picture.y1 - 1);
    }
    for (int y = picture.y0; y < picture.y1; ++y) {
        add(picture.x0, y);
        add(picture.x1 - 1, y);
    }
    if (!is_known || !(right - left < most_px && bottom - top < most_px)) return std::nullopt;
    return Box{static_cast<int>(std::floor(left)), static_cast<int>(std::floor(top)),
               static_cast<int>(std::ceil(right)) + 1, static_cast<int>(std::ceil(bottom)) + 1};
}

}  // namespace wetgate::framing

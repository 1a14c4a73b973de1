#include "framing/warp.h"

#include <cmath>
#include <numbers>

namespace wetgate::framing {
namespace {

class MapStep final : public WarpStep {
public:
    explicit MapStep(const motion::Homography& map) : map_(map) {}

    Point at(Point place) const override {
        const std::array<double, 2> there = map_.at(place.x, place.y);
        return {there[0], there[1]};
    }
    const motion::Homography& map() const { return map_; }

private:
    motion::Homography map_;
};

}  // namespace

void Warp::then(const motion::Homography& map) {
    if (!steps_.empty()) {
        if (const auto* last = dynamic_cast<const MapStep*>(steps_.back().get())) {
            steps_.back() = std::make_shared<const MapStep>(last->map().then(map));
            return;
        }
    }
    steps_.push_back(std::make_shared<const MapStep>(map));
}

void Warp::then(const Warp& next) {
    for (const std::shared_ptr<const WarpStep>& step : next.steps_) {
        if (const auto* map = dynamic_cast<const MapStep*>(step.get())) {
            then(map->map());
        } else {
            then(step);
        }
    }
}

Point Warp::at(double x, double y) const {
    Point place{x, y};
    for (const std::shared_ptr<const WarpStep>& step : steps_) place = step->at(place);
    return place;
}

std::optional<std::array<int, 2>> Warp::whole_shift() const {
    if (steps_.empty()) return std::array<int, 2>{0, 0};
    const auto* only = steps_.size() == 1 ? dynamic_cast<const MapStep*>(steps_[0].get()) : nullptr;
    if (only == nullptr) return std::nullopt;
    constexpr double farthest = 1e6;  // px
    const Point to = only->at({0, 0});
    if (!(std::abs(to.x) < farthest && std::abs(to.y) < farthest)) return std::nullopt;  // or NaN
    const std::array<int, 2> shift{static_cast<int>(std::lround(to.x)), static_cast<int>(std::lround(to.y))};
    const motion::Homography whole{
        {1, 0, static_cast<double>(shift[0]), 0, 1, static_cast<double>(shift[1]), 0, 0, 1}};
    return only->map() == whole ? std::optional(shift) : std::nullopt;
}

void ColourWarp::then(const ColourWarp& next) {
    if (next.is_split() && !is_split()) red_blue_ = {green_, green_};
    if (red_blue_) {
        (*red_blue_)[0].then(next.of(0));
        (*red_blue_)[1].then(next.of(2));
    }
    green_.then(next.green_);
}

motion::Homography similarity(Point centre, double scale, double degrees, double dx, double dy) {
    const double angle = degrees * std::numbers::pi / 180.0;
    const double c = scale * std::cos(angle);
    const double s = scale * std::sin(angle);
    return {{c, -s, centre.x - c * centre.x + s * centre.y + dx,  //
             s, c, centre.y - s * centre.x - c * centre.y + dy,   //
             0, 0, 1}};
}

}  // namespace wetgate::framing

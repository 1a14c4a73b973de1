#include "pipeline/straight_window.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "compute/transfer.h"
#include "framing/resample.h"

namespace wetgate::pipeline {
namespace {

/// What lies beyond the plate is the plate's edge: a black border would be followed as something that stands
/// still.
class Nearest final : public framing::WarpStep {
public:
    explicit Nearest(const Box& plate) : plate_(plate) {}

    framing::Point at(framing::Point place) const override {  // NaN stays so
        return {std::clamp(place.x, static_cast<double>(plate_.x0), plate_.x1 - 1.0),
                std::clamp(place.y, static_cast<double>(plate_.y0), plate_.y1 - 1.0)};
    }

private:
    Box plate_;
};

}  // namespace

const compute::DeviceFrame& StraightWindow::operator[](int k) const {
    const compute::DeviceFrame& plate = plates_[k];
    if (plate.pixels.numel() == 0) return plate;
    const auto known = moved_.find(plate.number);
    if (known != moved_.end()) return known->second;
    framing::Warp to_plate;
    for (const ShotMove* move : moves_) {
        framing::Warp whole = move->pass->move(plate.number, {display_.width(), display_.height()}).to_before;
        whole.then(to_plate);
        to_plate = std::move(whole);
    }
    to_plate.then(std::make_shared<const Nearest>(plate.window));
    const framing::MovablePicture picture{compute::download(plate), {}};
    const FloatImage moved = framing::moved(picture, to_plate, display_).rgb;
    return moved_.emplace(plate.number, compute::upload(moved, plate.number, plate.pixels.device()))
        .first->second;
}

}  // namespace wetgate::pipeline

#include "framing/lens.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "compute/transfer.h"
#include "core/error.h"
#include "framing/lens_warp.h"
#include "framing/st_map.h"
#include "passes/artefact_reader.h"
#include "passes/move.h"

// What a lens does to a picture, taken out or put in: distortion, lateral colour and vignette of given
// coefficients, or an ST map.

namespace wetgate::passes {
namespace {

using framing::ColourWarp;
using framing::LensWay;
using framing::Warp;
using nlohmann::json;

constexpr const char* name = "lens";
constexpr double usual_max_stops = 4;

[[noreturn]] void refuse(const PassContext& context, const std::string& what) {
    throw Error(ErrorKind::Usage, fmt::format("{}: {}", context.params.pointer(), what));
}

double number_at(const json& object, const char* key, double otherwise = 0) {
    return object.contains(key) ? object.at(key).get<double>() : otherwise;
}

const json& member_of(const PassContext& context, const char* key) {
    static const json none = json::object();
    return context.params.has(key) ? context.params.values().at(key) : none;
}

framing::LensModel model_of(const PassContext& context) {
    const double width = context.display.width();
    const double height = context.display.height();
    framing::LensModel model;
    model.pixel_aspect = context.pixel_aspect;
    const bool in_shares = context.params.text("units") == "picture";
    model.centre_x = 0.5 * width - 0.5;
    model.centre_y = 0.5 * height - 0.5;
    if (context.params.has("centre")) {
        const std::vector<double> centre = context.params.numbers("centre");
        model.centre_x = in_shares ? centre[0] * width - 0.5 : centre[0];
        model.centre_y = in_shares ? centre[1] * height - 0.5 : centre[1];
    }
    model.unit_y = 0.5 * std::hypot(width * context.pixel_aspect, height);
    model.unit_x = model.unit_y / context.pixel_aspect;

    const json& distortion = member_of(context, "distortion");
    const bool is_opencv = distortion.value("convention", "") == "opencv";
    if (context.params.has("focal")) {
        if (!distortion.empty() && !is_opencv) refuse(context, "\"3de_radial\" goes by no \"focal\"");
        const std::vector<double> focal = context.params.numbers("focal");
        model.unit_x = in_shares ? focal[0] * width : focal[0];
        model.unit_y = in_shares ? focal[1] * height : focal[1];
    } else if (is_opencv) {
        refuse(context, "\"opencv\" coefficients are in focal lengths: give \"focal\", across and down");
    }
    if (!is_opencv && !distortion.empty()) {
        model.convention = framing::LensModel::Convention::ThreeDe;
        for (const char* key : {"k3", "k4", "k5", "k6"})
            if (number_at(distortion, key) != 0)
                refuse(context, fmt::format("\"3de_radial\" has no \"{}\"", key));
    } else {
        for (const char* key : {"p3", "p4"})
            if (number_at(distortion, key) != 0)
                refuse(context, fmt::format("\"opencv\" has no \"{}\"", key));
    }
    for (std::size_t i = 0; i < model.k.size(); ++i)
        model.k[i] = number_at(distortion, fmt::format("k{}", i + 1).c_str());
    for (std::size_t i = 0; i < model.p.size(); ++i)
        model.p[i] = number_at(distortion, fmt::format("p{}", i + 1).c_str());

    const json& colour = member_of(context, "colour");
    if (colour.contains("red")) model.colour[0] = colour.at("red").get<std::array<double, 2>>();
    if (colour.contains("blue")) model.colour[2] = colour.at("blue").get<std::array<double, 2>>();
    const json& vignette = member_of(context, "vignette");
    model.vignette = {number_at(vignette, "v1"), number_at(vignette, "v2"), number_at(vignette, "v3")};
    return model;
}

/// Of a data window with overscan, in pixels.
int most_side(const Box& display) {
    return 3 * std::max(display.width(), display.height());
}

template <class List>
bool is_zero(const List& list) {
    return std::all_of(list.begin(), list.end(), [](double value) { return value == 0; });
}

/// The ST maps of a shot: one, or one a frame; the last few are kept. May be asked from several threads.
class StMaps {
public:
    StMaps(const PassContext& context, std::string reference)
        : references_(context.references), reference_(std::move(reference)), display_(context.display) {}

    std::shared_ptr<const framing::StMap> at(int frame) const {
        const std::lock_guard lock(mutex_);
        const std::vector<int> frames = references_->frames(reference_);
        const int number = frames.size() == 1 ? frames.front() : frame;
        if (!std::binary_search(frames.begin(), frames.end(), number)) {
            throw Error(
                ErrorKind::Input,
                fmt::format("lens: the ST map '{}' has frames {}-{} and none for frame {}", reference_,
                            frames.empty() ? 0 : frames.front(), frames.empty() ? 0 : frames.back(), frame));
        }
        if (const auto kept = maps_.find(number); kept != maps_.end()) return kept->second;
        FloatImage map = compute::download(references_->picture(reference_, number));
        check_window(map.window);
        auto made = std::make_shared<const framing::StMap>(std::move(map), display_);
        constexpr std::size_t most_kept = 3;
        if (maps_.size() == most_kept) maps_.erase(maps_.begin());
        maps_.emplace(number, made);
        return made;
    }

private:
    /// All of the picture, and no more around it than an overscan may have.
    void check_window(const Box& has) const {
        const int most = most_side(display_);
        if (intersection(has, display_) == display_ && has.width() <= most && has.height() <= most) return;
        throw Error(
            ErrorKind::Input,
            fmt::format("lens: the ST map '{}' has pixels from ({}, {}) to ({}, {}), and the picture "
                        "from ({}, {}) to ({}, {}): give one that was made for this plate, with no side "
                        "longer than {} pixels",
                        reference_, has.x0, has.y0, has.x1 - 1, has.y1 - 1, display_.x0, display_.y0,
                        display_.x1 - 1, display_.y1 - 1, most));
    }

    std::shared_ptr<const References> references_;
    std::string reference_;
    Box display_;
    mutable std::mutex mutex_;
    mutable std::map<int, std::shared_ptr<const framing::StMap>> maps_;
};

class LensPass final : public MovingPass {
public:
    explicit LensPass(const PassContext& context)
        : display_(context.display),
          distorts_(context.params.text("direction") == "distort"),
          is_overscanned_(context.params.text("canvas") == "overscan"),
          writes_maps_(context.params.boolean("write_maps")) {
        if (context.params.has("outputs"))
            outputs_ = context.params.values().at("outputs").get<std::vector<std::string>>();
        const framing::LensModel model = model_of(context);
        is_bent_ = !is_zero(model.k) || !is_zero(model.p);
        for (std::size_t c = 0; c < 3; ++c) is_coloured_[c] = !is_zero(model.colour[c]);
        try {
            lens_ = std::make_shared<const framing::Lens>(model, display_.width(), display_.height());
        } catch (const Error& error) {
            refuse(context, error.message());
        }
        to_plate_ = made_way(LensWay::ToPlate);
        to_ideal_ = made_way(LensWay::ToIdeal);
        const json& vignette = member_of(context, "vignette");
        strength_ = is_zero(model.vignette) ? 0 : number_at(vignette, "strength", 1);
        most_stops_ = number_at(vignette, "max_stops", usual_max_stops);
        if (context.params.has("st_map")) {
            if (context.params.has("distortion"))
                refuse(context, "\"st_map\" stands in place of \"distortion\": give one of them");
            if (writes_maps_) refuse(context, "\"write_maps\" is for coefficients: the ST map is there");
            if (distorts_ && strength_ > 0)
                refuse(context,
                       "where an ST map distorts, it is not known where in the plate a vignette lies");
            maps_in_.emplace(context, context.params.text("st_map"));
        } else if (is_overscanned_) {
            const int most = most_side(display_);
            const std::optional<Box> all =
                framing::reached(lens_way(distorts_ ? LensWay::ToPlate : LensWay::ToIdeal), display_, most);
            if (!all) {
                refuse(context, fmt::format("there is no overscan that holds all of the plate: its border "
                                            "comes from nowhere, or is further than {} px apart; check the "
                                            "coefficients",
                                            most));
            }
            all_ = *all;
        }
        facts_["direction"] = distorts_ ? "distort" : "undistort";
        if (!maps_in_) facts_["largest_shift_px"] = rounded(largest_shift());
    }

    std::vector<std::string> outputs() const override { return outputs_; }
    bool wants_overscan() const override { return is_overscanned_; }
    bool changes_light() const override { return strength_ > 0; }

    Box data_window(int frame, const Box& display) const override {
        if (!is_overscanned_) return display;
        return maps_in_ ? maps_in_->at(frame)->window() : all_;
    }

    Move move(int frame, framing::Canvas) const override {
        ColourWarp way = lens_way(distorts_ ? LensWay::ToIdeal : LensWay::ToPlate);
        if (maps_in_) {
            Warp map;
            map.then(maps_in_->at(frame));
            if (distorts_) {
                way.then(map);
            } else {
                ColourWarp whole(std::move(map));
                whole.then(way);
                way = std::move(whole);
            }
        }
        Move move{way.green(), facts_};
        if (way.is_split()) move.red_blue = {way.of(0), way.of(2)};
        if (strength_ > 0) move.gain = gain();
        return move;
    }

    std::vector<MapSidecar> maps() const override {
        std::vector<MapSidecar> maps;
        if (!writes_maps_) return maps;
        constexpr std::array<const char*, 3> channels = {".red", "", ".blue"};
        for (const bool to_plate : {true, false}) {
            const ColourWarp& way = lens_way(to_plate ? LensWay::ToPlate : LensWay::ToIdeal);
            const Box window = is_overscanned_ && to_plate != distorts_ ? all_ : display_;
            for (std::size_t c = 0; c < 3; ++c) {
                if (c != 1 && !way.is_split()) continue;
                maps.push_back({fmt::format(".{}{}.exr", to_plate ? "undistort" : "distort", channels[c]),
                                framing::st_map_of(way.of(c), window, display_), display_});
            }
        }
        return maps;
    }

private:
    /// A channel on which the lens has no effect has no step, and keeps its bits.
    ColourWarp made_way(LensWay way) const {
        std::array<Warp, 3> ways;
        for (std::size_t c = 0; c < 3; ++c) {
            if (is_bent_ || is_coloured_[c])
                ways[c].then(framing::lens_step(lens_, way, static_cast<int>(c), display_));
        }
        if (!is_coloured_[0] && !is_coloured_[2]) return ways[1];
        return {ways[0], ways[1], ways[2]};
    }
    const ColourWarp& lens_way(LensWay way) const { return way == LensWay::ToPlate ? to_plate_ : to_ideal_; }

    framing::Gain gain() const {
        return [lens = lens_, distorts = distorts_, strength = strength_, most = std::exp2(most_stops_),
                to_plate = to_plate_.green(), x0 = display_.x0, y0 = display_.y0](framing::Point place) {
            if (distorts) place = to_plate.at(place.x, place.y);
            if (std::isnan(place.x) || std::isnan(place.y)) return 1.0;  // no plate shows it
            const double light = std::clamp(lens->light_at(place.x - x0, place.y - y0), 1 / most, most);
            return std::pow(light, distorts ? strength : -strength);
        };
    }

    /// Of green, over a grid of the picture that is made; infinite places are left out.
    double largest_shift() const {
        constexpr int steps = 16;
        const Warp way = lens_way(distorts_ ? LensWay::ToIdeal : LensWay::ToPlate).green();
        double most = 0;
        for (int i = 0; i <= steps; ++i) {
            for (int j = 0; j <= steps; ++j) {
                const double x = display_.x0 + (display_.width() - 1.0) * i / steps;
                const double y = display_.y0 + (display_.height() - 1.0) * j / steps;
                const framing::Point there = way.at(x, y);
                const double shift = std::hypot(there.x - x, there.y - y);
                if (shift > most) most = shift;
            }
        }
        return most;
    }

    Box display_;
    bool distorts_, is_overscanned_, writes_maps_;
    std::vector<std::string> outputs_;
    std::shared_ptr<const framing::Lens> lens_;
    bool is_bent_ = false;
    std::array<bool, 3> is_coloured_{};
    ColourWarp to_plate_, to_ideal_;
    double strength_ = 0;  // of the vignette
    double most_stops_ = 0;
    Box all_;  // of the overscan
    std::optional<StMaps> maps_in_;
    json facts_ = json::object();
};

}  // namespace

PassEntry lens_entry() {
    return {name, [](const PassContext& context) { return std::make_unique<LensPass>(context); }};
}

}  // namespace wetgate::passes

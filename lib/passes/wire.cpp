#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "passes/coding.h"
#include "passes/pass.h"
#include "passes/remove_filler.h"
#include "passes/wire_erase.h"
#include "passes/wire_lines.h"
#include "passes/wire_track.h"

// Thin lines before a scene: wires of a stunt, rigging, cables. Where they are is given by a matte or by
// rough paths on key frames, or found; what is behind them comes from other frames, or from both their sides.

// Note [Wire or scene]
// Thin long lines are wires, and poles, kerbs and window frames. Where the camera moves, those of the scene
// go with it: what the camera's step predicts of the next frame is where they are. A wire, near or hung on
// what moves, is elsewhere. Where the camera stands still nothing tells by motion: a line is a wire then if
// its own light is even along it whatever is behind it.

namespace wetgate::passes {
namespace {

using nlohmann::json;

constexpr std::size_t most_lines = 16;  // a frame
constexpr double usual_width_px = 6;
constexpr double telling_px = 2;       // that the camera has to carry a line across itself, in all
constexpr double carried_share = 0.4;  // of that, off which a line of the scene may be found
constexpr double most_uneven = 0.3;
constexpr double most_uneven_still = 0.15;  // where motion does not tell, or it is not plain
constexpr double surely_uneven = 0.05;      // a wire whatever the camera says
constexpr double sharp = 0.5;               // of edges
constexpr double least_contrast = 0.04;
constexpr double strong = 0.12;  // of contrast
constexpr double least_slender = 25;

bool is_wire(const wire::TrackFacts& line) {
    if (line.slender < least_slender || line.contrast < least_contrast) return false;
    const bool is_plain = line.soft < sharp && line.contrast > strong;
    if (line.uneven > (is_plain ? most_uneven : most_uneven_still)) return false;
    if (line.carried_px < telling_px) return line.uneven <= most_uneven_still;
    return line.off_px > carried_share * line.carried_px || line.uneven < surely_uneven;
}

wire::Wires keys_of(const PassContext& context) {
    if (!context.params.has("keys")) return {};
    if (context.has_matte) {
        throw Error(ErrorKind::Usage,
                    context.params.pointer() + ": wire takes a \"matte\" or \"keys\", not both");
    }
    return wire::key_wires(context.params.values().at("keys"), context.params.pointer(), usual_width_px);
}

class WireAnalysis final : public ShotAnalysis {
public:
    explicit WireAnalysis(const PassContext& context)
        : keys_(keys_of(context)),
          finds_(keys_.empty() && !context.has_matte),
          takes_all_(context.params.text("detect") == "all"),
          snap_px_(context.params.number("snap_px")),
          coding_(coding_kind(context.params.text("coding"), context), 0, context),
          survey_(context) {
        const std::string polarity = context.params.text("polarity");
        wanted_ = {context.params.number("least_width_px"), context.params.number("most_width_px"),
                   polarity != "dark", polarity != "bright"};
        if (wanted_.least_width_px > wanted_.most_width_px) {
            throw Error(ErrorKind::Usage,
                        context.params.pointer() + ": least_width_px is above most_width_px");
        }
    }

    PassReach reach() const override { return {links_back, 0}; }

    json measure(const FrameWindow& window) const override {
        json facts = remove::measured_surroundings(window, &survey_);
        const at::Tensor& linear = window[0].pixels;
        const bool looks = finds_ || (!keys_.empty() && snap_px_ > 0);
        if (!looks || linear.numel() == 0) return facts;
        const Box& data = window[0].window;
        const wire::Ridges ridges(Coding::for_network(coding_.encode(linear)), wanted_);
        if (finds_) {
            facts["lines"] = wire::to_json(ridges.lines(most_lines), data.x0, data.y0);
            return facts;
        }
        json& found = facts["wires"] = json::array();
        for (const auto& [name, frames] : keys_) {
            wire::Path rough = wire::rough_at(frames, window[0].number).path;
            for (wire::Point& point : rough) point = {point[0] - data.x0, point[1] - data.y0};
            if (const auto line = ridges.along(rough, snap_px_)) {
                found.push_back(wire::to_json(std::vector{*line}, data.x0, data.y0).front());
                found.back()["wire"] = name;
            }
        }
        return facts;
    }

    json solve(std::span<const json> all_frames, int first_frame) const override {
        json artefact = remove::solved_surroundings("wire", all_frames, first_frame);
        artefact["about"] =
            "wires: their middle and width on each frame, which may be corrected here; camera: "
            "where each frame's pixels lie in the next, row by row";
        const ArtefactReader reader("wire", artefact, "the artefact");
        wire::Wires wires;
        if (finds_) {
            wire::Rules rules;
            rules.name = "wire";
            rules.keeps = [&](const wire::TrackFacts& line) {
                return takes_all_ ? line.slender >= least_slender : is_wire(line);
            };
            wires = wire::followed(all_frames, first_frame, Scenes(reader.member("cuts")),
                                   remove::CameraTrack(reader.member("camera")), rules);
        } else {
            for (const auto& [name, frames] : keys_) {
                for (int i = 0; i < static_cast<int>(all_frames.size()); ++i)
                    wires[name][first_frame + i] =
                        snapped(name, frames, all_frames[static_cast<std::size_t>(i)], first_frame + i);
            }
        }
        artefact["wires"] = wire::to_json(wires);
        return artefact;
    }

private:
    static wire::Place snapped(const std::string& name, const std::map<int, wire::Place>& keys,
                               const json& facts, int frame) {
        wire::Place place = wire::rough_at(keys, frame);
        place.confidence = keys.count(frame) != 0 ? 1 : 0;
        if (!facts.is_object() || !facts.contains("wires")) return place;
        for (const json& found : facts["wires"]) {
            if (found.value("wire", "") != name) continue;
            const json list = {{{"name", name},
                                {"frames",
                                 {{{"frame", frame},
                                   {"points", found.at("points")},
                                   {"width_px", found.at("width_px")},
                                   {"confidence", found.at("sure")}}}}}};
            return wire::wires_of(ArtefactReader("wire", list, "the measurement")).at(name).at(frame);
        }
        return place;
    }

    wire::Wires keys_;
    bool finds_;
    bool takes_all_;
    double snap_px_;
    wire::Wanted wanted_;
    Coding coding_;
    GrainSurvey survey_;
};

class WirePass final : public FramePass {
public:
    explicit WirePass(const PassContext& context) : filler_("wire", context), has_matte_(context.has_matte) {
        keys_of(context);
        if (context.artefact.is_null()) return;
        wires_ = wire::wires_of(ArtefactReader("wire", context.artefact, "the artefact").member("wires"));
    }

    PassReach reach() const override { return filler_.reach(); }

    PassResult run(const FrameWindow& window) const override {
        if (has_matte_) {
            const auto matte_at = [&](int k) { return window.matte(k); };
            return filler_.filled(window, matte_at, remove::Edge::Hard);
        }
        return wire::erased(window, wires_, filler_);
    }

private:
    remove::Filler filler_;
    bool has_matte_;
    wire::Wires wires_;
};

}  // namespace

PassEntry wire_entry() {
    return {"wire",
            [](const PassContext& context) { return std::make_unique<WirePass>(context); },
            [](const PassContext& context) { return std::make_unique<WireAnalysis>(context); },
            remove::model_of_filler,
            /*working_planes=*/100,
            /*neighbour_mattes=*/true};
}

}  // namespace wetgate::passes

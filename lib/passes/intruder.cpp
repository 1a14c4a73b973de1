#include <ATen/ATen.h>

#include <algorithm>

#include "core/error.h"
#include "passes/coding.h"
#include "passes/intruder_find.h"
#include "passes/pass.h"
#include "passes/remove_filler.h"

// Looks for what comes in from the edge of the picture and does not go with the scene: a boom, a stand, a
// hand, crew. Changes nothing: an output with "matte_of" writes what it found, and `remove` takes it out.

namespace wetgate::passes {
namespace {

using nlohmann::json;

class IntruderAnalysis final : public ShotAnalysis {
public:
    explicit IntruderAnalysis(const PassContext& context)
        : coding_(coding_kind(context.params.text("coding"), context), 0, context) {
        wanted_.least_difference = context.params.number("least_difference");
        wanted_.least_area = context.params.number("least_area");
        wanted_.least_frames = context.params.integer("least_frames");
        const json& edges = context.params.values().at("edges");
        const auto has = [&](const char* edge) {
            return std::find(edges.begin(), edges.end(), edge) != edges.end();
        };
        wanted_.left = has("left");
        wanted_.top = has("top");
        wanted_.right = has("right");
        wanted_.bottom = has("bottom");
    }

    PassReach reach() const override { return {links_back, 0}; }

    json measure(const FrameWindow& window) const override {
        json facts = remove::measured_surroundings(window);
        if (window[0].pixels.numel() > 0)
            intruder::add_small(facts, coding_.encode(window[0].pixels), window[0].window);
        return facts;
    }

    json solve(std::span<const json> all_frames, int first_frame) const override {
        json artefact = remove::solved_surroundings("intruder", all_frames, first_frame);
        artefact["about"] =
            "intruders: their outlines on each frame, which may be corrected or taken out here";
        const ArtefactReader reader("intruder", artefact, "the artefact");
        artefact["intruders"] =
            intruder::to_json(intruder::found(all_frames, first_frame, Scenes(reader.member("cuts")),
                                              remove::CameraTrack(reader.member("camera")), wanted_));
        return artefact;
    }

private:
    Coding coding_;
    intruder::Wanted wanted_;
};

class IntruderPass final : public FramePass {
public:
    explicit IntruderPass(const PassContext& context) {
        if (context.artefact.is_null()) return;
        const ArtefactReader artefact("intruder", context.artefact, "the artefact");
        artefact.check_schema("wetgate.intruder/1");
        intruders_ = intruder::intruders_of(artefact.member("intruders"));
    }

    PassReach reach() const override { return {}; }

    PassResult run(const FrameWindow& window) const override {
        const at::Tensor& linear = window[0].pixels;
        PassResult result{linear, at::zeros_like(linear.slice(0, 0, 1))};
        result.matte = intruder::matte_of(intruders_, window[0].number, window[0].window).to(linear.device());
        json names = json::array();
        for (const auto& [name, intruder] : intruders_) {
            if (intruder.outlines.count(window[0].number) != 0)
                names.push_back({{"name", name}, {"edge", intruder.edge}});
        }
        if (names.empty()) return result;
        result.facts["intruders"] = names;
        result.facts["covered"] = rounded(result.matte.mean().item<double>());
        return result;
    }

private:
    intruder::Intruders intruders_;
};

}  // namespace

PassEntry intruder_entry() {
    return {"intruder",
            [](const PassContext& context) { return std::make_unique<IntruderPass>(context); },
            [](const PassContext& context) { return std::make_unique<IntruderAnalysis>(context); },
            /*model_use=*/nullptr,
            /*working_planes=*/0,
            /*neighbour_mattes=*/true};
}

}  // namespace wetgate::passes

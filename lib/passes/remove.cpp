#include <ATen/ATen.h>
#include <fmt/format.h>

#include "core/error.h"
#include "passes/pass.h"
#include "passes/remove_filler.h"
#include "passes/remove_shape.h"
#include "passes/scenes.h"

// Takes out what a matte, or a shape drawn on a few frames, covers: what other frames show of the place is
// copied, what none shows is made up or left.

namespace wetgate::passes {
namespace {

using nlohmann::json;

constexpr double least_confidence = 0.4;  // of a tracked shape: below, a person has to look

remove::Shapes keys_of(const PassContext& context) {
    const bool has_keys = context.params.has("keys");
    if (has_keys == context.has_matte) {
        throw Error(
            ErrorKind::Usage,
            fmt::format("{}: remove needs a \"matte\" that covers what is to be taken out, or \"keys\" "
                        "that outline it on some frames, not {}",
                        context.params.pointer(), has_keys ? "both" : "neither"));
    }
    if (!has_keys) return {};
    return remove::key_shapes(context.params.values().at("keys"), context.params.pointer());
}

class RemoveAnalysis final : public ShotAnalysis {
public:
    explicit RemoveAnalysis(const PassContext& context) : keys_(keys_of(context)), survey_(context) {}

    PassReach reach() const override { return {links_back, 0}; }

    json measure(const FrameWindow& window) const override {
        json facts = remove::measured_surroundings(window, &survey_);
        if (!keys_.empty()) remove::add_motion(facts, window);
        return facts;
    }

    json solve(std::span<const json> all_frames, int first_frame) const override {
        json artefact = remove::solved_surroundings("remove", all_frames, first_frame);
        artefact["about"] =
            "camera: where each frame's pixels lie in the next, row by row; shape: the outline on each "
            "frame, "
            "which may be corrected here, or by one more key frame";
        if (keys_.empty()) return artefact;
        const remove::Shapes shapes =
            remove::tracked(keys_, all_frames, first_frame,
                            Scenes(ArtefactReader("remove", artefact, "the artefact").member("cuts")));
        artefact["shape"] = remove::to_json(shapes);
        artefact["needs_key_frame"] = json::array();
        for (const auto& [frame, shape] : shapes) {
            if (shape.confidence < least_confidence) artefact["needs_key_frame"].push_back(frame);
        }
        return artefact;
    }

private:
    remove::Shapes keys_;
    GrainSurvey survey_;
};

class RemovePass final : public FramePass {
public:
    explicit RemovePass(const PassContext& context)
        : filler_("remove", context), has_matte_(context.has_matte) {
        keys_of(context);
        if (context.artefact.is_null() || has_matte_) return;
        shapes_ =
            remove::shapes_of(ArtefactReader("remove", context.artefact, "the artefact").member("shape"));
    }

    PassReach reach() const override { return filler_.reach(); }

    PassResult run(const FrameWindow& window) const override {
        if (has_matte_) {
            const auto matte_at = [&](int k) { return window.matte(k); };
            return filler_.filled(window, matte_at, remove::Edge::Hard);
        }
        const auto matte_at = [&](int k) {
            const at::Tensor& linear = window[k].pixels;
            const auto shape = shapes_.find(window[k].number);
            if (shape == shapes_.end()) return at::zeros_like(linear.slice(0, 0, 1));
            return remove::matte_of(shape->second, window[0].window).to(linear.device());
        };
        PassResult result = filler_.filled(window, matte_at, remove::Edge::Soft);
        add_shape_facts(result.facts, window[0].number);
        return result;
    }

private:
    void add_shape_facts(json& facts, int frame) const {
        const auto shape = shapes_.find(frame);
        const double confidence = shape == shapes_.end() ? 0 : shape->second.confidence;
        facts["confidence"] = rounded(confidence);
        if (confidence >= least_confidence) return;
        facts["needs_key_frame"] = shape == shapes_.end() ? "no key frame of its scene leads to it"
                                                          : "the tracked outline is not sure";
    }

    remove::Filler filler_;
    bool has_matte_;
    remove::Shapes shapes_;
};

}  // namespace

PassEntry remove_entry() {
    return {"remove",
            [](const PassContext& context) { return std::make_unique<RemovePass>(context); },
            [](const PassContext& context) { return std::make_unique<RemoveAnalysis>(context); },
            remove::model_of_filler,
            /*working_planes=*/100,
            /*neighbour_mattes=*/true};
}

}  // namespace wetgate::passes

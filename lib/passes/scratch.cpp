#include <ATen/ATen.h>

#include <algorithm>

#include "core/error.h"
#include "passes/coding.h"
#include "passes/pass.h"
#include "passes/remove_filler.h"
#include "passes/scratch_streaks.h"
#include "passes/wire_erase.h"
#include "passes/wire_track.h"

// Lines that run down the picture at one place from frame to frame: scratches of film, tramlines, a line that
// a dirty gate or a faulty column draws. They are found on every frame, followed, and filled like wires.

// Note [Scratch or pole]
// What stands in the scene goes where the camera carries it; a scratch stays. Where the camera carries too
// little across to tell, a line is a scratch only if it runs nearly the whole height, and either weaves on
// its own or has the same light, or takes or gives the same, all along.

namespace wetgate::passes {
namespace {

using nlohmann::json;

constexpr double telling_px = 2;       // that the camera has to carry a line across itself, in all
constexpr double carried_share = 0.4;  // of that, off which a line of the scene may be found
constexpr double stays = 0.7;          // moves less than it would with the scene
constexpr double whole_height = 0.9;
constexpr double weaves_px = 0.25;  // a frame, against the scene
constexpr double most_uneven = 0.8;
constexpr double most_uneven_still = 0.3;
constexpr std::size_t least_frames = 4;
constexpr double most_step_px = 8;

bool is_scratch(const wire::TrackFacts& line, double height) {
    const bool leaves_scene = line.off_px > carried_share * line.carried_px;
    if (line.carried_px >= telling_px && leaves_scene && line.moved_px < stays * line.off_px) return true;
    if (line.length_px < whole_height * height) return false;
    if (line.carried_px >= telling_px && !leaves_scene) return false;
    const bool weaves = line.off_px > weaves_px * static_cast<double>(line.seen - 1);
    return std::min(line.uneven, line.ragged) <= (weaves ? most_uneven : most_uneven_still);
}

class ScratchAnalysis final : public ShotAnalysis {
public:
    explicit ScratchAnalysis(const PassContext& context)
        : takes_all_(context.params.text("detect") == "all"),
          coding_(coding_kind(context.params.text("coding"), context), 0, context),
          survey_(context) {
        const std::string polarity = context.params.text("polarity");
        wanted_ = {context.params.number("least_width_px"),
                   context.params.number("most_width_px"),
                   context.params.number("least_height"),
                   context.params.number("most_tilt"),
                   polarity != "dark",
                   polarity != "bright"};
        if (wanted_.least_width_px > wanted_.most_width_px) {
            throw Error(ErrorKind::Usage,
                        context.params.pointer() + ": least_width_px is above most_width_px");
        }
    }

    PassReach reach() const override { return {links_back, 0}; }

    json measure(const FrameWindow& window) const override {
        json facts = remove::measured_surroundings(window, &survey_);
        const at::Tensor& linear = window[0].pixels;
        if (linear.numel() == 0) return facts;
        const Box& data = window[0].window;
        facts["height"] = data.height();
        facts["lines"] = wire::to_json(scratch::streaks(coding_.encode(linear), wanted_), data.x0, data.y0);
        return facts;
    }

    json solve(std::span<const json> all_frames, int first_frame) const override {
        json artefact = remove::solved_surroundings("scratch", all_frames, first_frame);
        artefact["about"] =
            "scratches: the middle and width of each on each frame, which may be corrected here";
        const ArtefactReader reader("scratch", artefact, "the artefact");
        double height = 0;
        for (const json& facts : all_frames)
            if (facts.is_object()) height = std::max(height, facts.value("height", 0.0));
        wire::Rules rules;
        rules.name = "scratch";
        rules.most_step_px = most_step_px;
        rules.least_frames = least_frames;
        rules.completes = false;
        rules.keeps = [&](const wire::TrackFacts& line) { return takes_all_ || is_scratch(line, height); };
        artefact["scratches"] =
            wire::to_json(wire::followed(all_frames, first_frame, Scenes(reader.member("cuts")),
                                         remove::CameraTrack(reader.member("camera")), rules));
        return artefact;
    }

private:
    bool takes_all_;
    scratch::Wanted wanted_;
    Coding coding_;
    GrainSurvey survey_;
};

class ScratchPass final : public FramePass {
public:
    explicit ScratchPass(const PassContext& context) : filler_("scratch", context) {
        if (context.artefact.is_null()) return;
        scratches_ =
            wire::wires_of(ArtefactReader("scratch", context.artefact, "the artefact").member("scratches"));
    }

    PassReach reach() const override { return filler_.reach(); }

    PassResult run(const FrameWindow& window) const override {
        return wire::erased(window, scratches_, filler_);
    }

private:
    remove::Filler filler_;
    wire::Wires scratches_;
};

}  // namespace

PassEntry scratch_entry() {
    return {"scratch",
            [](const PassContext& context) { return std::make_unique<ScratchPass>(context); },
            [](const PassContext& context) { return std::make_unique<ScratchAnalysis>(context); },
            remove::model_of_filler,
            /*working_planes=*/100,
            /*neighbour_mattes=*/true};
}

}  // namespace wetgate::passes

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <optional>

#include "passes/coding.h"
#include "passes/dust_evidence.h"
#include "passes/dust_fill.h"
#include "passes/dust_spots.h"
#include "passes/exposure.h"
#include "passes/pass.h"
#include "passes/scenes.h"

// Dirt that is in one frame and in no other: dust, hairs, sparkle, dropouts. A spot is dirt where the frame
// stands out against two neighbours that agree with one another, and it shows again what they show.

namespace wetgate::passes {
namespace {

constexpr int reach_frames = 2;
constexpr std::array both_sides{-1, 1};
constexpr double usual_score = 0.8;
constexpr double one_sided_score = 0.92;  // motion is harder to tell from dirt from one side
// A larger share of the picture is never dirt alone: flow has failed there.
constexpr double most_share = 0.03;

/// The neighbours to judge frame 0 by: one on each side where there is one, else two on one side.
std::optional<std::array<int, 2>> judges_of(const FrameWindow& window, const Scenes& scenes) {
    for (const std::array<int, 2> pair : {both_sides, {1, 2}, {-1, -2}}) {
        if (scenes.reaches(window, pair[0]) && scenes.reaches(window, pair[1])) return pair;
    }
    return std::nullopt;
}

class DustPass final : public FramePass {
public:
    explicit DustPass(const PassContext& context)
        : polarity_(context.params.text("polarity")),
          sensitivity_(context.params.number("sensitivity")),
          least_px_(context.params.integer("least_px")),
          most_size_(context.params.number("most_size")) {
        if (context.artefact.is_null()) return;  // the planner asks for reach() before there is one
        const SceneFacts facts = scene_facts("dust", context.artefact);
        scenes_ = facts.scenes;
        coding_.emplace(coding_kind(context.params.text("coding"), context), facts.exposure_stops, context);
    }

    PassReach reach() const override { return {reach_frames, reach_frames}; }

    PassResult run(const FrameWindow& window) const override {
        const at::Tensor& linear = window[0].pixels;
        const auto judges = judges_of(window, scenes_);
        const at::Tensor untouched = at::zeros_like(linear.slice(0, 0, 1));
        if (linear.numel() == 0) return {linear, untouched};
        if (!judges) return {linear, untouched, {{"undecidable", "fewer than three frames in its scene"}}};
        const auto coded = [&](int k) { return Coding::for_network(coding_->encode(window[k].pixels)); };
        const dust::Evidence evidence = dust::gather(coded(0), coded((*judges)[0]), coded((*judges)[1]));
        const std::vector<dust::Spot> spots = dust::spots(evidence);
        const std::vector<const dust::Spot*> dirt =
            dirt_of(spots, linear, *judges == both_sides ? usual_score : one_sided_score);
        if (dirt.empty()) return {linear, untouched, {{"spots", 0}, {"cleaned", 0.0}}};
        const int third = further(window, *judges);
        const dust::Cleaned clean = dust::without(dirt, evidence, third == 0 ? at::Tensor() : coded(third));
        const auto area = clean.touch.sum().item<std::int64_t>();
        return {at::where(clean.touch, coding_->decode(clean.picture), linear),
                clean.touch.to(at::kFloat),
                {{"spots", dirt.size()},
                 {"cleaned", rounded(static_cast<double>(area) / static_cast<double>(linear[0].numel()))}}};
    }

private:
    /// The widest spots that are dirt: not those within one.
    std::vector<const dust::Spot*> dirt_of(const std::vector<dust::Spot>& spots, const at::Tensor& like,
                                           double least_score) const {
        std::vector<const dust::Spot*> dirt;
        std::vector<bool> covered(spots.size(), false);
        for (std::size_t i = 0; i < spots.size(); ++i) {
            const dust::Spot& spot = spots[i];
            covered[i] = spot.within >= 0 && covered[static_cast<std::size_t>(spot.within)];
            if (covered[i] || !may_be_dirt(spot, like)) continue;
            // Twice the sensitivity halves the odds that are asked for.
            const double score = dust::dirt_score(spot);
            if (score * (1 - least_score) * sensitivity_ <= (1 - score) * least_score) continue;
            covered[i] = true;
            dirt.push_back(&spot);
        }
        return dirt;
    }

    bool may_be_dirt(const dust::Spot& spot, const at::Tensor& like) const {
        const Region& region = spot.region;
        if (polarity_ != "both" && spot.is_bright != (polarity_ == "bright")) return false;
        return region.area_px >= least_px_ &&
               static_cast<double>(region.area_px) <= most_share * static_cast<double>(like[0].numel()) &&
               std::max(region.x1 - region.x0, region.y1 - region.y0) <=
                   most_size_ * static_cast<double>(like.size(2));
    }

    /// A frame of the scene two away, where the judges stand on either side; 0: none.
    int further(const FrameWindow& window, const std::array<int, 2>& judges) const {
        if (judges != both_sides) return 0;
        for (const int k : {-2, 2}) {
            if (scenes_.reaches(window, k)) return k;
        }
        return 0;
    }

    std::string polarity_;
    double sensitivity_;
    int least_px_;
    double most_size_;
    Scenes scenes_;
    std::optional<Coding> coding_;
};

}  // namespace

PassEntry dust_entry() {
    return {"dust", [](const PassContext& context) { return std::make_unique<DustPass>(context); },
            [](const PassContext&) { return scene_analysis("dust"); },
            /*model_use=*/nullptr,
            /*working_planes=*/60};
}

}  // namespace wetgate::passes

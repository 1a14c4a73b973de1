#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "passes/artefact_reader.h"
#include "passes/deflicker_facts.h"
#include "passes/lens_dirt_solve.h"
#include "passes/pass.h"

// A smudge, or a vignette, stays where it is while the picture moves behind it: what the same surface loses
// and gains on its way is the slope of the loss. measure() compares frames along motion, solve() adds the
// slopes up to one picture of loss for the shot, run() divides by it.

namespace wetgate::passes {
namespace {

using nlohmann::json;

constexpr const char* artefact_schema = "wetgate.lens_dirt/1";
constexpr std::array steps_back = {1, 4, 8};  // long steps look past what is wider than a frame's motion
constexpr deflicker::GridShape grid{40, 24};
constexpr double largest_stops = 10;
// What makes the pass believe in it.
constexpr double least_explained = 0.33;  // of what comparisons say
constexpr double least_stops = 0.04;      // at the darkest place
constexpr double least_motion = 0.01;     // of the picture's size, median over the comparisons

class LensDirtAnalysis final : public ShotAnalysis {
public:
    explicit LensDirtAnalysis(const PassContext& context)
        : max_stops_(context.params.number("max_stops")), both_ways_(context.params.boolean("both_ways")) {}

    PassReach reach() const override { return {steps_back.back(), 0}; }

    json measure(const FrameWindow& window) const override {
        return deflicker::measured(window, steps_back, grid, std::nullopt);
    }

    json solve(std::span<const json> all_frames, int first_frame) const override {
        const deflicker::Layout layout{"lens_dirt", steps_back, grid, {}};
        std::vector<deflicker::FieldFact> facts;
        for (std::size_t i = 0; i < all_frames.size(); ++i) {
            if (all_frames[i].is_null()) continue;
            const std::string where =
                fmt::format("the measurement of frame {}", first_frame + static_cast<int>(i));
            for (deflicker::Comparison& comparison :
                 deflicker::comparisons_from(all_frames[i], where, layout)) {
                // Over a cut hardly anything agrees.
                if (comparison.local && comparison.whole.share > 0.1)
                    facts.push_back(std::move(*comparison.local));
            }
        }
        const lens_dirt::Loss loss = lens_dirt::solve_loss(grid, facts);
        std::vector<double> stops(grid.size(), 0.0);
        double darkest = 0;
        for (std::size_t k = 0; k < grid.size(); ++k) {
            stops[k] = -loss.log_gain[k] / std::log(2.0);  // what gives it back
            if (!both_ways_) stops[k] = std::max(stops[k], 0.0);
            darkest = std::max(darkest, std::abs(stops[k]));
        }
        json artefact = {{"schema", artefact_schema},
                         {"first_frame", first_frame},
                         {"explained", rounded(loss.explained)},
                         {"motion", rounded(loss.motion)},
                         {"darkest_stops", rounded(darkest)},
                         {"grid", {grid.columns, grid.rows}},
                         {"stops", json::array()}};
        const bool evident =
            loss.explained > least_explained && darkest > least_stops && loss.motion > least_motion;
        artefact["verdict"] = evident ? "cleaned" : "left alone";
        for (const double value : stops)
            artefact["stops"].push_back(evident ? rounded(std::clamp(value, -max_stops_, max_stops_)) : 0.0);
        return artefact;
    }

private:
    double max_stops_;
    bool both_ways_;
};

class LensDirtPass final : public FramePass {
public:
    explicit LensDirtPass(const PassContext& context) {
        // The planner asks for reach() before there is an artefact.
        if (context.artefact.is_null()) return;
        const ArtefactReader artefact("lens_dirt", context.artefact, "the artefact");
        artefact.check_schema(artefact_schema);
        shape_ = deflicker::grid_from(artefact.member("grid"));
        stops_ = deflicker::nodes_from(artefact.member("stops"), shape_, largest_stops);
    }

    PassReach reach() const override { return {}; }

    PassResult run(const FrameWindow& window) const override {
        const at::Tensor& linear = window[0].pixels;
        PassResult result;
        result.pixels = linear;
        result.touch = at::zeros_like(linear.slice(0, 0, 1));
        const bool any = std::any_of(stops_.begin(), stops_.end(), [](float stops) { return stops != 0; });
        if (!any || linear.numel() == 0) return result;
        const at::Tensor stops =
            deflicker::enlarged(stops_, shape_, linear.size(1), linear.size(2)).to(linear.device());
        result.pixels = linear * stops.exp2();
        result.touch = (stops != 0).to(at::kFloat);
        return result;
    }

private:
    deflicker::GridShape shape_ = grid;
    std::vector<float> stops_;
};

}  // namespace

PassEntry lens_dirt_entry() {
    return {"lens_dirt", [](const PassContext& context) { return std::make_unique<LensDirtPass>(context); },
            [](const PassContext& context) { return std::make_unique<LensDirtAnalysis>(context); }};
}

}  // namespace wetgate::passes

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "core/error.h"
#include "passes/artefact_reader.h"
#include "passes/deflicker_facts.h"
#include "passes/deflicker_solve.h"
#include "passes/median.h"
#include "passes/pass.h"

// Light that changes slowly inside a shot is brought to that of anchor frames: first the whole picture's, a
// gain a channel, then what parts of it do beside, on a coarse grid. Measured as flicker is.

namespace wetgate::passes {
namespace {

using nlohmann::json;

constexpr const char* artefact_schema = "wetgate.light_drift/1";
constexpr std::array steps_back = {1, 2, 8};  // long steps keep the sum of many short ones from wandering
constexpr deflicker::GridShape grid{4, 3};
// Drift is the sum of many small changes: anything but next to no hold would eat it.
constexpr deflicker::FieldHold drift_hold{1e-4, 1e-7};
constexpr double largest_stops = 10;
constexpr std::size_t most_frames = 10'000'000;
constexpr double nothing_stops = 0.05;      // a whole shot's drift below this is none
constexpr double least_local_stops = 0.12;  // of a part beside the whole; sums of comparisons wander less
constexpr double doubt_margin = 4;          // over the usual contradiction

using Frames = std::vector<std::vector<deflicker::FieldFact>>;

/// A straight line through the neighbours of each value, near ones counting most: slow change without the
/// noise, ends included.
std::vector<double> slow(const std::vector<double>& values, double sigma_frames) {
    const auto count = static_cast<int>(values.size());
    const int reach = static_cast<int>(std::ceil(3 * sigma_frames));
    std::vector<double> smooth(values.size());
    for (int at = 0; at < count; ++at) {
        double w = 0, wx = 0, wxx = 0, wy = 0, wxy = 0;
        for (int i = std::max(0, at - reach); i <= std::min(count - 1, at + reach); ++i) {
            const double x = i - at, weight = std::exp(-0.5 * x * x / (sigma_frames * sigma_frames));
            const double y = values[static_cast<std::size_t>(i)];
            w += weight;
            wx += weight * x;
            wxx += weight * x * x;
            wy += weight * y;
            wxy += weight * x * y;
        }
        const double determinant = w * wxx - wx * wx;
        smooth[static_cast<std::size_t>(at)] =
            determinant > 1e-9 * w * w ? (wxx * wy - wx * wxy) / determinant : wy / w;
    }
    return smooth;
}

/// `values` less what they are at the anchors: constant beyond the outer ones, linear between two.
std::vector<double> from_anchors(const std::vector<double>& values, const std::vector<int>& anchors) {
    std::vector<double> rest(values.size());
    for (int t = 0; t < static_cast<int>(values.size()); ++t) {
        const auto next = std::lower_bound(anchors.begin(), anchors.end(), t);
        const int right = next == anchors.end() ? anchors.back() : *next;
        const int left =
            next == anchors.begin() ? anchors.front() : (next == anchors.end() ? right : *(next - 1));
        const double share = right == left ? 0.0 : static_cast<double>(t - left) / (right - left);
        rest[static_cast<std::size_t>(t)] = values[static_cast<std::size_t>(t)] -
                                            (1 - share) * values[static_cast<std::size_t>(left)] -
                                            share * values[static_cast<std::size_t>(right)];
    }
    return rest;
}

double largest(const std::vector<double>& values) {
    double most = 0;
    for (const double value : values) most = std::max(most, std::abs(value));
    return most;
}

class LightDriftAnalysis final : public ShotAnalysis {
public:
    explicit LightDriftAnalysis(const PassContext& context)
        : params_(context.params),
          per_channel_(context.params.boolean("per_channel")),
          local_(context.params.text("field")),
          smooth_frames_(context.params.number("smooth_frames")),
          max_stops_(context.params.number("max_stops")) {}

    PassReach reach() const override { return {steps_back.back(), 0}; }

    json measure(const FrameWindow& window) const override {
        return deflicker::measured(window, steps_back, local_ != "whole" ? std::optional(grid) : std::nullopt,
                                   std::nullopt);
    }

    json solve(std::span<const json> all_frames, int first_frame) const override {
        const deflicker::Layout layout{"light_drift", steps_back, grid, {}};
        std::vector<std::optional<std::vector<deflicker::PairFact>>> frames;
        Frames fields(all_frames.size());
        for (const json& facts : all_frames) {
            const std::size_t index = frames.size();
            frames.emplace_back();
            if (facts.is_null()) continue;
            frames.back().emplace();
            for (deflicker::Comparison& comparison : deflicker::comparisons_from(
                     facts, fmt::format("the measurement of frame {}", first_frame + static_cast<int>(index)),
                     layout)) {
                frames.back()->push_back(comparison.whole);
                if (comparison.local) fields[index].push_back(std::move(*comparison.local));
            }
        }
        deflicker::SolveOptions options;
        options.detect_cuts = true;
        const deflicker::Curve curve = deflicker::solve_curve(frames, options);

        json artefact = {{"schema", artefact_schema},
                         {"grid", {grid.columns, grid.rows}},
                         {"scenes", json::array()},
                         {"frames", json::array()}};
        for (std::size_t t = 0; t < frames.size(); ++t)
            artefact["frames"].push_back(
                {{"frame", first_frame + static_cast<int>(t)}, {"stops", {0.0, 0.0, 0.0}}});
        for (const deflicker::Segment& scene : curve.segments)
            add_scene(scene, curve, fields, first_frame, artefact);
        return artefact;
    }

private:
    /// The anchors of a scene, as indices into it: those that the job names there, else its first frame.
    std::vector<int> anchors_of(const deflicker::Segment& scene, int first_frame) const {
        std::vector<int> anchors;
        for (const double frame : params_.numbers("anchor_frames")) {
            const double index = frame - first_frame - scene.first;
            if (index >= 0 && index <= scene.last - scene.first) anchors.push_back(static_cast<int>(index));
        }
        std::sort(anchors.begin(), anchors.end());
        if (anchors.empty()) anchors.push_back(0);
        return anchors;
    }

    void add_scene(const deflicker::Segment& scene, const deflicker::Curve& curve, const Frames& fields,
                   int first_frame, json& artefact) const {
        const auto first = static_cast<std::size_t>(scene.first);
        const auto count = static_cast<std::size_t>(scene.last - scene.first + 1);
        const std::vector<int> anchors = anchors_of(scene, first_frame);
        std::array<std::vector<double>, 3> drift;
        std::vector<double> common(count, 0.0);
        for (std::size_t c = 0; c < 3; ++c) {
            std::vector<double> light;
            for (std::size_t t = 0; t < count; ++t)
                light.push_back(curve.exposures[first + t][c] / std::log(2.0));
            drift[c] = from_anchors(slow(light, smooth_frames_), anchors);
            for (std::size_t t = 0; t < count; ++t) common[t] += drift[c][t] / 3;
        }
        if (!per_channel_) drift = {common, common, common};
        double most = 0;
        for (const auto& channel : drift) most = std::max(most, largest(channel));
        json about = {{"first_frame", first_frame + scene.first},
                      {"last_frame", first_frame + scene.last},
                      {"drift_stops", rounded(most)}};
        if (most > nothing_stops) {
            for (std::size_t t = 0; t < count; ++t) {
                json& stops = artefact["frames"][first + t]["stops"];
                for (std::size_t c = 0; c < 3; ++c) stops[c] = rounded(limited(-drift[c][t]));
            }
        } else {
            common.assign(count, 0.0);
        }
        if (local_ != "whole") add_local(scene, common, fields, anchors, artefact, about);
        artefact["scenes"].push_back(about);
    }

    /// What parts of the picture do beside the whole.
    void add_local(const deflicker::Segment& scene, const std::vector<double>& common, const Frames& fields,
                   const std::vector<int>& anchors, json& artefact, json& about) const {
        const Frames run(fields.begin() + scene.first, fields.begin() + scene.last + 1);
        const std::vector<std::vector<double>> solved = deflicker::solve_fields(grid, run, drift_hold);
        std::vector<std::vector<double>> drift;  // [node][frame], stops
        double most = 0, doubt = 0;
        bool evident = false;
        for (std::size_t node = 0; node < grid.size(); ++node) {
            std::vector<double> light;
            for (const std::vector<double>& field : solved) light.push_back(field[node] / std::log(2.0));
            drift.push_back(from_anchors(slow(light, smooth_frames_), anchors));
            for (std::size_t t = 0; t < common.size(); ++t) drift.back()[t] -= common[t];
            const double far = largest(drift.back()), own_doubt = doubt_of(node, run, solved);
            evident = evident || (far > least_local_stops && far > own_doubt);
            most = std::max(most, far);
            doubt = std::max(doubt, own_doubt);
        }
        about["local_drift_stops"] = rounded(most);
        about["local_doubt_stops"] = rounded(doubt);
        // One part that is not to be trusted spoils a grid.
        if (local_ == "auto" && !(evident && 2 * doubt < most)) return;
        for (std::size_t t = 0; t < common.size(); ++t) {
            json row = json::array();
            for (const std::vector<double>& node : drift) row.push_back(rounded(limited(-node[t])));
            artefact["frames"][static_cast<std::size_t>(scene.first) + t]["local_stops"] = row;
        }
    }

    double limited(double stops) const { return std::clamp(stops, -max_stops_, max_stops_); }

    /// How far a node may have wandered: what its longest comparisons contradict the sum of the short ones
    /// by, added up over the shot as chance would. Stops.
    static double doubt_of(std::size_t node, const Frames& run,
                           const std::vector<std::vector<double>>& solved) {
        constexpr int longest = steps_back.back();
        std::vector<double> off;
        for (std::size_t t = longest; t < run.size(); ++t) {
            for (const deflicker::FieldFact& fact : run[t]) {
                if (fact.back == longest && fact.weight[node] > 0)
                    off.push_back(
                        std::abs(fact.log_ratio[node] - solved[t][node] + solved[t - longest][node]));
            }
        }
        if (off.empty()) return largest_stops;
        return doubt_margin * median(std::move(off)) * std::sqrt(static_cast<double>(run.size()) / longest) /
               std::log(2.0);
    }

    spec::Params params_;
    bool per_channel_;
    std::string local_;
    double smooth_frames_;
    double max_stops_;
};

class LightDriftPass final : public FramePass {
public:
    explicit LightDriftPass(const PassContext& context) {
        // The planner asks for reach() before there is an artefact.
        if (context.artefact.is_null()) return;
        const ArtefactReader artefact("light_drift", context.artefact, "the artefact");
        artefact.check_schema(artefact_schema);
        shape_ = deflicker::grid_from(artefact.member("grid"));
        const ArtefactReader rows = artefact.member("frames");
        const std::size_t count = rows.size(most_frames);
        for (std::size_t i = 0; i < count; ++i) {
            const ArtefactReader item = rows.item(i);
            Row row;
            row.stops = item.member("stops").three(-largest_stops, largest_stops);
            if (item.has("local_stops"))
                row.local = deflicker::nodes_from(item.member("local_stops"), shape_, largest_stops);
            const int frame = item.member("frame").integer();
            if (!rows_.emplace(frame, std::move(row)).second)
                item.refuse(fmt::format("names frame {} a second time", frame));
        }
    }

    PassReach reach() const override { return {}; }

    PassResult run(const FrameWindow& window) const override {
        const compute::DeviceFrame& frame = window[0];
        PassResult result;
        result.pixels = frame.pixels;
        const at::Tensor flat = frame.pixels.slice(0, 0, 1);
        const auto found = rows_.find(frame.number);
        // A frame outside every row is one that the shot does not deliver or a person left alone.
        if (found == rows_.end() ||
            (found->second.stops == std::array<double, 3>{} && found->second.local.empty())) {
            result.touch = at::zeros_like(flat);
            return result;
        }
        const Row& row = found->second;
        result.facts = {{"stops", row.stops}};
        std::vector<float> stops(row.stops.begin(), row.stops.end());
        at::Tensor change = at::tensor(stops, at::kFloat).view({3, 1, 1}).to(frame.pixels.device());
        if (!row.local.empty())
            change =
                change + deflicker::enlarged(row.local, shape_, frame.pixels.size(1), frame.pixels.size(2))
                             .to(frame.pixels.device());
        result.pixels = frame.pixels * change.exp2();
        result.touch = at::ones_like(flat);
        return result;
    }

private:
    struct Row {
        std::array<double, 3> stops{};
        std::vector<float> local;
    };
    std::unordered_map<int, Row> rows_;
    deflicker::GridShape shape_ = grid;
};

}  // namespace

PassEntry light_drift_entry() {
    return {"light_drift",
            [](const PassContext& context) { return std::make_unique<LightDriftPass>(context); },
            [](const PassContext& context) { return std::make_unique<LightDriftAnalysis>(context); }};
}

}  // namespace wetgate::passes

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "core/error.h"
#include "passes/artefact_reader.h"
#include "passes/deflicker_guide.h"
#include "passes/deflicker_solve.h"
#include "passes/pass.h"

// Exposure and colour flicker: a gain a frame and channel. measure() compares each frame with the ones before
// it (deflicker_measure), solve() makes one curve of all comparisons (deflicker_solve, deflicker_trend),
// run() multiplies.

namespace wetgate::passes {
namespace {

using nlohmann::json;

constexpr const char* artefact_schema = "wetgate.deflicker/1";
constexpr double largest_stops = 10.0;
constexpr int reach_frames = 4;
constexpr std::size_t most_frames = 10'000'000;

// Every frame is compared with these earlier ones. Longer steps hold the sum of many short ones together;
// three frames back adds next to nothing to one, two and four.
constexpr std::array steps_back = {1, 2, 4};

std::vector<deflicker::PairFact> pairs_from(const json& facts, const std::string& where) {
    const ArtefactReader list = ArtefactReader("deflicker", facts, where).member("pairs");
    const std::size_t count = list.size(steps_back.size());
    std::vector<deflicker::PairFact> pairs;
    for (std::size_t i = 0; i < count; ++i) {
        const ArtefactReader item = list.item(i);
        deflicker::PairFact pair;
        pair.back = item.member("back").integer(1, reach_frames);
        pair.log_ratio = item.member("log_ratio").three(-10.0, 10.0);
        pair.spread = item.member("spread").three(0.0, 10.0);
        pair.share = item.member("share").number(0.0, 1.0);
        pair.histogram_distance = item.member("histogram").number(0.0, 1.0);
        pairs.push_back(pair);
    }
    return pairs;
}

/// Frame numbers of a list parameter, as indices into the shot.
std::vector<int> indices_of(const spec::Params& params, const std::string& key, int first_frame) {
    std::vector<int> indices;
    for (const double frame : params.numbers(key)) {
        indices.push_back(static_cast<int>(std::clamp(frame - first_frame, -1.0e9, 1.0e9)));
    }
    return indices;
}

class DeflickerAnalysis final : public ShotAnalysis {
public:
    explicit DeflickerAnalysis(const PassContext& context) : params_(context.params) {
        options_.per_channel = params_.boolean("per_channel");
        options_.max_stops = params_.number("max_stops");
        options_.threshold = params_.number("threshold_percent") / 100.0;
        if (params_.has("smooth_frames")) options_.smooth_frames = params_.number("smooth_frames");
        const json& cuts = params_.values().at("cuts");
        listed_cuts_ = cuts.is_array();
        options_.detect_cuts = cuts.is_string() && params_.text("cuts") == "auto";
    }

    PassReach reach() const override { return {reach_frames, 0}; }

    json measure(const FrameWindow& window) const override {
        json pairs = json::array();
        if (window[0].pixels.numel() == 0) return {{"pairs", pairs}};
        const deflicker::Guide frame = deflicker::guide_of(window[0]);
        for (const int back : steps_back) {
            if (!window.is_real(-back)) continue;
            const deflicker::PairFact fact =
                deflicker::compare(frame, deflicker::guide_of(window[-back]), back);
            pairs.push_back({{"back", fact.back},
                             {"log_ratio", rounded(fact.log_ratio)},
                             {"spread", rounded(fact.spread)},
                             {"share", rounded(fact.share)},
                             {"histogram", rounded(fact.histogram_distance)}});
        }
        return {{"pairs", pairs}};
    }

    json solve(std::span<const json> all_frames, int first_frame) const override {
        deflicker::SolveOptions options = options_;
        options.anchors = indices_of(params_, "anchor_frames", first_frame);
        if (listed_cuts_) options.cuts = indices_of(params_, "cuts", first_frame);
        std::vector<std::optional<std::vector<deflicker::PairFact>>> frames;
        for (const json& facts : all_frames) {
            const int frame = first_frame + static_cast<int>(frames.size());
            if (facts.is_null()) {
                frames.emplace_back();
            } else {
                frames.emplace_back(pairs_from(facts, fmt::format("the measurement of frame {}", frame)));
            }
        }
        return artefact_of(deflicker::solve_curve(frames, options), first_frame);
    }

private:
    static json artefact_of(const deflicker::Curve& curve, int first_frame) {
        json cuts = json::array();
        for (const int cut : curve.cuts) {
            if (cut > 0 && cut < static_cast<int>(curve.stops.size())) cuts.push_back(first_frame + cut);
        }
        json segments = json::array();
        for (const deflicker::Segment& segment : curve.segments) {
            segments.push_back({{"first_frame", first_frame + segment.first},
                                {"last_frame", first_frame + segment.last},
                                {"exposure_flicker_percent", rounded(100.0 * segment.exposure_sigma)},
                                {"color_flicker_percent", rounded(100.0 * segment.color_sigma)},
                                {"measurement_percent", rounded(100.0 * segment.measurement_sigma)},
                                {"trend", deflicker::trend_name(segment.trend)},
                                {"corrected", segment.corrected}});
        }
        json frames = json::array();
        for (std::size_t i = 0; i < curve.stops.size(); ++i) {
            frames.push_back({{"frame", first_frame + static_cast<int>(i)},
                              {"stops", rounded(curve.stops[i])},
                              {"confidence", rounded(curve.confidence[i])}});
        }
        return {{"schema", artefact_schema}, {"cuts", cuts}, {"segments", segments}, {"frames", frames}};
    }

    spec::Params params_;
    deflicker::SolveOptions options_;
    bool listed_cuts_ = false;
};

class DeflickerPass final : public FramePass {
public:
    explicit DeflickerPass(const PassContext& context) {
        // The planner asks for reach() before there is a curve.
        if (context.artefact.is_null()) return;
        const ArtefactReader artefact("deflicker", context.artefact, "the artefact");
        artefact.check_schema(artefact_schema);
        const ArtefactReader rows = artefact.member("frames");
        const std::size_t count = rows.size(most_frames);
        for (std::size_t i = 0; i < count; ++i) {
            const ArtefactReader item = rows.item(i);
            Row row;
            const int frame = item.member("frame").integer();
            row.stops = item.member("stops").three(-largest_stops, largest_stops);
            if (item.has("confidence")) row.confidence = item.member("confidence").number(0.0, 1.0);
            if (!rows_.emplace(frame, row).second)
                item.refuse(fmt::format("names frame {} a second time", frame));
        }
    }

    PassReach reach() const override { return {}; }

    PassResult run(const FrameWindow& window) const override {
        const compute::DeviceFrame& frame = window[0];
        const auto found = rows_.find(frame.number);
        if (found == rows_.end()) {
            throw Error(
                ErrorKind::Usage,
                fmt::format("deflicker: the artefact has no row for frame {}; add one to \"frames\" "
                            "(\"stops\": [0, 0, 0] leaves the frame alone) or let the shot be measured again",
                            frame.number),
                {"", "", frame.number});
        }
        const Row& row = found->second;
        PassResult result;
        result.facts = {{"stops", row.stops}, {"confidence", row.confidence}};
        const at::Tensor flat = frame.pixels.slice(0, 0, 1);
        if (row.stops == std::array<double, 3>{}) {
            result.pixels = frame.pixels;
            result.touch = at::zeros_like(flat);
            return result;
        }
        std::vector<float> gains;
        for (const double stops : row.stops) gains.push_back(static_cast<float>(std::exp2(stops)));
        const at::Tensor gain = at::tensor(gains, at::kFloat).view({3, 1, 1}).to(frame.pixels.device());
        result.pixels = frame.pixels * gain;
        result.touch = at::ones_like(flat);
        return result;
    }

private:
    struct Row {
        std::array<double, 3> stops{};
        double confidence = 1.0;  // a person's own row is meant
    };
    std::unordered_map<int, Row> rows_;
};

}  // namespace

PassEntry deflicker_entry() {
    return {"deflicker", [](const PassContext& context) { return std::make_unique<DeflickerPass>(context); },
            [](const PassContext& context) { return std::make_unique<DeflickerAnalysis>(context); }};
}

}  // namespace wetgate::passes

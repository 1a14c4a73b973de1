#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "core/error.h"
#include "passes/artefact_reader.h"
#include "passes/deflicker_facts.h"
#include "passes/deflicker_local.h"
#include "passes/deflicker_solve.h"
#include "passes/pass.h"

// Exposure and colour flicker: a gain a frame and channel; where it differs over the picture, a grid of gains
// a frame, or a wave. measure() compares each frame with the ones before it (deflicker_measure,
// deflicker_field), solve() makes one curve of all comparisons (deflicker_solve, deflicker_trend,
// deflicker_local), run() multiplies.

namespace wetgate::passes {
namespace {

using nlohmann::json;

constexpr const char* artefact_schema = "wetgate.deflicker/1";
constexpr double largest_stops = 10.0;
constexpr std::size_t most_frames = 10'000'000;

// Every frame is compared with these earlier ones. Longer steps hold the sum of many short ones together;
// three frames back adds next to nothing to one, two and four.
constexpr std::array steps_back = {1, 2, 4};
constexpr std::size_t most_harmonics = 8;
constexpr int least_frames = 8;  // of a scene, for anything but whole frames
// What makes `auto` believe in it. Natural log, of the picture's light.
constexpr double least_local = 0.012;  // surfaces that turn and sparkle reach half of it
constexpr double local_margin = 3.0;   // over how much the comparisons contradict each other
constexpr double least_bands = 0.004;
constexpr double least_explained = 0.55;      // of all that rows do; clips without bands stay below 0.4
constexpr double explained_throughout = 0.8;  // makes one run of a whole shot, whatever looks like a cut

enum class Mode : std::uint8_t { Auto, Global, Local, Rolling };

Mode mode_named(const std::string& name) {
    if (name == "global") return Mode::Global;
    if (name == "local") return Mode::Local;
    return name == "rolling" ? Mode::Rolling : Mode::Auto;
}

/// Bands, and the frames that they run through.
struct BandRun {
    int first = 0, last = 0;
    deflicker::Bands bands;  // natural log where it is solved, stops where it is used
};

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
        mode_ = mode_named(context.params.text("mode"));
        options_.per_channel = params_.boolean("per_channel");
        options_.max_stops = params_.number("max_stops");
        options_.threshold = params_.number("threshold_percent") / 100.0;
        if (params_.has("smooth_frames")) options_.smooth_frames = params_.number("smooth_frames");
        const json& cuts = params_.values().at("cuts");
        listed_cuts_ = cuts.is_array();
        options_.detect_cuts = cuts.is_string() && params_.text("cuts") == "auto";
    }

    PassReach reach() const override { return {steps_back.back(), 0}; }

    json measure(const FrameWindow& window) const override {
        const bool local = mode_ == Mode::Auto || mode_ == Mode::Local;
        const bool rows = mode_ == Mode::Auto || mode_ == Mode::Rolling;
        return deflicker::measured(window, steps_back,
                                   local ? std::optional(deflicker::local_grid) : std::nullopt,
                                   rows ? std::optional(deflicker::row_grid) : std::nullopt);
    }

    json solve(std::span<const json> all_frames, int first_frame) const override {
        const deflicker::Layout layout{"deflicker", steps_back, deflicker::local_grid, deflicker::row_grid};
        deflicker::SolveOptions options = options_;
        options.anchors = indices_of(params_, "anchor_frames", first_frame);
        if (listed_cuts_) options.cuts = indices_of(params_, "cuts", first_frame);
        std::vector<std::optional<std::vector<deflicker::PairFact>>> frames;
        Fields fields{std::vector<std::vector<deflicker::FieldFact>>(all_frames.size()),
                      std::vector<std::vector<deflicker::FieldFact>>(all_frames.size())};
        for (const json& facts : all_frames) {
            const std::size_t index = frames.size();
            frames.emplace_back();
            if (facts.is_null()) continue;
            const std::string where =
                fmt::format("the measurement of frame {}", first_frame + static_cast<int>(index));
            frames.back().emplace();
            for (deflicker::Comparison& comparison : deflicker::comparisons_from(facts, where, layout)) {
                frames.back()->push_back(comparison.whole);
                if (comparison.local) fields.local[index].push_back(std::move(*comparison.local));
                if (comparison.rows) fields.rows[index].push_back(std::move(*comparison.rows));
            }
        }
        deflicker::Curve curve = deflicker::solve_curve(frames, options);
        const std::vector<BandRun> bands = bands_in(curve, fields);
        if (!bands.empty()) {
            for (const BandRun& run : bands) take_out(run, fields, frames);
            curve = deflicker::solve_curve(frames, options);
        }
        json artefact = artefact_of(curve, first_frame);
        for (const BandRun& run : bands) artefact["bands"].push_back(to_json(run, first_frame));
        for (std::size_t i = 0; i < curve.segments.size(); ++i) {
            if (bands.empty())  // one lamp, one fault
                add_local(curve, curve.segments[i], fields, artefact, artefact["segments"][i]);
        }
        return artefact;
    }

private:
    struct Fields {
        std::vector<std::vector<deflicker::FieldFact>> local, rows;  // by frame
    };

    static std::vector<std::vector<deflicker::FieldFact>> run_of(
        const std::vector<std::vector<deflicker::FieldFact>>& all, const deflicker::Segment& segment) {
        return {all.begin() + segment.first, all.begin() + segment.last + 1};
    }

    /// What is asked for or evident. Frames are indices into the shot.
    std::vector<BandRun> bands_in(const deflicker::Curve& curve, const Fields& fields) const {
        std::vector<BandRun> found;
        if (mode_ == Mode::Global || mode_ == Mode::Local) return found;
        // A lamp does not care for what is taken for a cut, and bands make flow lose its way.
        const int frames = static_cast<int>(fields.rows.size());
        deflicker::Bands whole = deflicker::solve_bands(fields.rows);
        if (frames >= least_frames && whole.sigma > least_bands && whole.explained > explained_throughout) {
            found.push_back({0, frames - 1, std::move(whole)});
            return found;
        }
        for (const deflicker::Segment& segment : curve.segments) {
            if (segment.last - segment.first + 1 < least_frames) continue;
            deflicker::Bands bands = deflicker::solve_bands(run_of(fields.rows, segment));
            if (mode_ == Mode::Rolling || (bands.sigma > least_bands && bands.explained > least_explained))
                found.push_back({segment.first, segment.last, std::move(bands)});
        }
        return found;
    }

    /// What whole frames do, judged by rows without their bands: the light that most pixels of a frame agree
    /// on is that of some band.
    static void take_out(const BandRun& run, const Fields& fields,
                         std::vector<std::optional<std::vector<deflicker::PairFact>>>& frames) {
        for (int t = run.first; t <= run.last; ++t) {
            auto& pairs = frames[static_cast<std::size_t>(t)];
            if (!pairs) continue;
            for (deflicker::PairFact& pair : *pairs) {
                for (const deflicker::FieldFact& rows : fields.rows[static_cast<std::size_t>(t)]) {
                    if (rows.back != pair.back) continue;
                    const double whole = whole_ratio(run, rows, t - run.first);
                    const double seen = (pair.log_ratio[0] + pair.log_ratio[1] + pair.log_ratio[2]) / 3;
                    for (double& ratio : pair.log_ratio) ratio += whole - seen;
                }
            }
        }
    }

    static double whole_ratio(const BandRun& run, const deflicker::FieldFact& rows, int t) {
        double sum = 0, total = 0;
        for (std::size_t j = 0; j < rows.log_ratio.size(); ++j) {
            const double y = (static_cast<double>(j) + 0.5) / static_cast<double>(rows.log_ratio.size());
            const double wave = run.bands.at(y, t) - run.bands.at(y + rows.dy[j], t - rows.back);
            sum += rows.weight[j] * (rows.log_ratio[j] - wave);
            total += rows.weight[j];
        }
        return total > 0 ? sum / total : 0;
    }

    static json to_json(const BandRun& run, int first_frame) {
        json harmonics = json::array();
        for (const auto& wave : run.bands.harmonics)
            harmonics.push_back({rounded(wave[0] / std::log(2.0)), rounded(wave[1] / std::log(2.0))});
        return {{"first_frame", first_frame + run.first},
                {"last_frame", first_frame + run.last},
                {"per_height", rounded(run.bands.per_height)},
                {"cycles_a_frame", std::round(run.bands.cycles_a_frame * 1e9) / 1e9},
                {"harmonics_stops", harmonics},
                {"explains", rounded(run.bands.explained)}};
    }

    /// Local flicker of one scene, where it is asked for or evident.
    void add_local(const deflicker::Curve& curve, const deflicker::Segment& segment, const Fields& fields,
                   json& artefact, json& about) const {
        if (mode_ == Mode::Global || mode_ == Mode::Rolling) return;
        if (segment.last - segment.first + 1 < least_frames) return;
        const auto local_facts = run_of(fields.local, segment);
        const deflicker::LocalFlicker local = deflicker::solve_local(local_facts, options_.smooth_frames);
        about["local_flicker_percent"] = rounded(100 * local.sigma);
        about["local_measurement_percent"] = rounded(100 * local.measurement_sigma);
        const bool evident =
            local.sigma > least_local && local.sigma > local_margin * local.measurement_sigma;
        if (mode_ != Mode::Local && !evident) return;
        artefact["grid"] = {deflicker::local_grid.columns, deflicker::local_grid.rows};
        for (std::size_t i = 0; i < local.stops.size(); ++i) {
            const std::size_t frame = static_cast<std::size_t>(segment.first) + i;
            json row = json::array();
            for (const double stops : local.stops[i])
                row.push_back(rounded(
                    std::clamp(stops - whole_stops(curve, frame), -options_.max_stops, options_.max_stops)));
            artefact["frames"][frame]["local_stops"] = row;
        }
    }

    static double whole_stops(const deflicker::Curve& curve, std::size_t frame) {
        const auto& stops = curve.stops[frame];
        return (stops[0] + stops[1] + stops[2]) / 3;
    }

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
    Mode mode_ = Mode::Auto;
    bool listed_cuts_ = false;
};

class DeflickerPass final : public FramePass {
public:
    explicit DeflickerPass(const PassContext& context) {
        // The planner asks for reach() before there is a curve.
        if (context.artefact.is_null()) return;
        const ArtefactReader artefact("deflicker", context.artefact, "the artefact");
        artefact.check_schema(artefact_schema);
        if (artefact.has("grid")) shape_ = deflicker::grid_from(artefact.member("grid"));
        const ArtefactReader rows = artefact.member("frames");
        const std::size_t count = rows.size(most_frames);
        for (std::size_t i = 0; i < count; ++i) {
            const ArtefactReader item = rows.item(i);
            Row row;
            const int frame = item.member("frame").integer();
            row.stops = item.member("stops").three(-largest_stops, largest_stops);
            if (item.has("confidence")) row.confidence = item.member("confidence").number(0.0, 1.0);
            if (item.has("local_stops"))
                row.local = deflicker::nodes_from(item.member("local_stops"), shape_, largest_stops);
            if (!rows_.emplace(frame, row).second)
                item.refuse(fmt::format("names frame {} a second time", frame));
        }
        if (artefact.has("bands")) read_bands(artefact.member("bands"));
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
        const at::Tensor uneven = uneven_stops(frame, row, result.facts);
        if (row.stops == std::array<double, 3>{} && !uneven.defined()) {
            result.pixels = frame.pixels;
            result.touch = at::zeros_like(flat);
            return result;
        }
        std::vector<float> gains;
        for (const double stops : row.stops) gains.push_back(static_cast<float>(std::exp2(stops)));
        at::Tensor gain = at::tensor(gains, at::kFloat).view({3, 1, 1}).to(frame.pixels.device());
        if (uneven.defined()) gain = gain * uneven.exp2();
        result.pixels = frame.pixels * gain;
        result.touch = at::ones_like(flat);
        return result;
    }

private:
    struct Row {
        std::array<double, 3> stops{};
        double confidence = 1.0;   // a person's own row is meant
        std::vector<float> local;  // stops at the nodes of shape_; empty: none
    };

    void read_bands(const ArtefactReader& list) {
        const std::size_t count = list.size(most_frames);
        for (std::size_t i = 0; i < count; ++i) {
            const ArtefactReader item = list.item(i);
            BandRun run;
            run.first = item.member("first_frame").integer();
            run.last = item.member("last_frame").integer();
            run.bands.per_height = item.member("per_height").number(0, 1000);
            run.bands.cycles_a_frame = item.member("cycles_a_frame").number(-1, 1);
            const ArtefactReader harmonics = item.member("harmonics_stops");
            const std::size_t waves = harmonics.size(most_harmonics);
            for (std::size_t h = 0; h < waves; ++h) {
                const ArtefactReader wave = harmonics.item(h);
                if (wave.size(2) != 2) wave.refuse("must be two numbers, of cosine and sine");
                run.bands.harmonics.push_back({wave.item(0).number(-largest_stops, largest_stops),
                                               wave.item(1).number(-largest_stops, largest_stops)});
            }
            bands_.push_back(std::move(run));
        }
    }

    /// [1,H,W] or [1,H,1] of stops to add; undefined where there are none.
    at::Tensor uneven_stops(const compute::DeviceFrame& frame, const Row& row, json& facts) const {
        const std::int64_t height = frame.pixels.size(1), width = frame.pixels.size(2);
        const auto device = frame.pixels.device();
        at::Tensor stops;
        if (!row.local.empty()) {
            stops = deflicker::enlarged(row.local, shape_, height, width).to(device);
            facts["largest_local_stops"] = rounded(static_cast<double>(stops.abs().max().item<float>()));
        }
        for (const BandRun& run : bands_) {
            if (frame.number < run.first || frame.number > run.last || height == 0) continue;
            std::vector<float> wave;
            for (std::int64_t y = 0; y < height; ++y)
                wave.push_back(static_cast<float>(-run.bands.at(
                    (static_cast<double>(y) + 0.5) / static_cast<double>(height), frame.number - run.first)));
            const at::Tensor rows = at::tensor(wave, at::kFloat).view({1, height, 1});
            facts["largest_band_stops"] = rounded(static_cast<double>(rows.abs().max().item<float>()));
            stops = stops.defined() ? stops + rows.to(device) : rows.to(device);
        }
        return stops;
    }

    std::unordered_map<int, Row> rows_;
    deflicker::GridShape shape_ = deflicker::local_grid;
    std::vector<BandRun> bands_;
};

}  // namespace

PassEntry deflicker_entry() {
    return {"deflicker", [](const PassContext& context) { return std::make_unique<DeflickerPass>(context); },
            [](const PassContext& context) { return std::make_unique<DeflickerAnalysis>(context); }};
}

}  // namespace wetgate::passes

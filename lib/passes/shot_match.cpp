#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "passes/artefact_reader.h"
#include "passes/cdl.h"
#include "passes/pass.h"
#include "passes/shot_match_fit.h"
#include "passes/surfaces.h"

// One grade for the whole shot that brings it to a reference: measure() finds surfaces that both show (or
// reads the artist's picks), solve() makes an ASC CDL of them, with a matrix where no CDL explains them.

namespace wetgate::passes {
namespace {

using nlohmann::json;
using shot_match::Grade;

constexpr const char* artefact_schema = "wetgate.shot_match/1";
constexpr const char* cdl_schema = "wetgate.cdl/1";  // what an ASC CDL file reads as
constexpr std::size_t most_surfaces = 1000;          // a frame
constexpr double most_light = 1e9;
constexpr double nothing_stops = 0.075;  // half of what is seen across a cut: less of a change is none
constexpr double least_explained = 0.8;  // of the error that there was: above, nothing is explained
constexpr double always_good = 0.03;     // an error that needs no explaining
constexpr double most_slope = 1024;

struct Pick {
    std::array<double, 4> box{}, reference_box{};
    int frame = 0, reference_frame = 0;
    bool has_reference_frame = false;
};

std::array<double, 4> box_of(const json& value) {
    return {value[0].get<double>(), value[1].get<double>(), value[2].get<double>(), value[3].get<double>()};
}

std::vector<Pick> picks_of(const spec::Params& params) {
    std::vector<Pick> picks;
    if (!params.has("picks")) return picks;
    for (const json& item : params.values().at("picks")) {
        Pick pick;
        pick.frame = item.at("frame").get<int>();
        pick.box = box_of(item.at("box"));
        pick.reference_box = box_of(item.at("reference_box"));
        pick.has_reference_frame = item.contains("reference_frame");
        if (pick.has_reference_frame) pick.reference_frame = item.at("reference_frame").get<int>();
        picks.push_back(pick);
    }
    return picks;
}

/// Mean light of a box in picture coordinates [x0, y0, x1, y1).
std::array<double, 3> light_in(const compute::DeviceFrame& frame, const std::array<double, 4>& box,
                               const char* which) {
    const auto inside = [](double value, int low, int high) {
        return static_cast<std::int64_t>(
            std::clamp(std::round(value), static_cast<double>(low), static_cast<double>(high)));
    };
    const Box& window = frame.window;
    const std::int64_t x0 = inside(box[0], window.x0, window.x1), x1 = inside(box[2], window.x0, window.x1);
    const std::int64_t y0 = inside(box[1], window.y0, window.y1), y1 = inside(box[3], window.y0, window.y1);
    if (x1 <= x0 || y1 <= y0) {
        throw Error(
            ErrorKind::Usage,
            fmt::format("shot_match: the {} [{}, {}, {}, {}] of a pick holds no pixel of the picture; "
                        "write [x0, y0, x1, y1) in pixels",
                        which, box[0], box[1], box[2], box[3]),
            {"", "", frame.number});
    }
    const at::Tensor patch = frame.pixels.slice(1, y0 - window.y0, y1 - window.y0)
                                 .slice(2, x0 - window.x0, x1 - window.x0)
                                 .to(at::kCPU)
                                 .reshape({3, -1});
    std::array<double, 3> light{};
    for (int c = 0; c < 3; ++c) {
        const at::Tensor known = patch[c].masked_select(at::isfinite(patch[c]));
        if (known.numel() > 0) light[static_cast<std::size_t>(c)] = known.mean(at::kDouble).item<double>();
    }
    return light;
}

json written(const std::vector<Surface>& surfaces) {
    json list = json::array();
    for (const Surface& surface : surfaces) {
        json row = json::array();
        // Seven digits: light of any level.
        for (const double value : surface.plate) row.push_back(std::stod(fmt::format("{:.7g}", value)));
        for (const double value : surface.reference) row.push_back(std::stod(fmt::format("{:.7g}", value)));
        row.push_back(rounded(surface.weight));
        row.push_back(surface.cell);
        list.push_back(row);
    }
    return list;
}

std::vector<Surface> surfaces_from(const ArtefactReader& list) {
    std::vector<Surface> surfaces;
    const std::size_t count = list.size(most_surfaces);
    for (std::size_t i = 0; i < count; ++i) {
        const ArtefactReader row = list.item(i);
        if (row.size(8) != 8) row.refuse("must have eight numbers");
        Surface surface;
        for (std::size_t c = 0; c < 3; ++c) {
            surface.plate[c] = row.item(c).number(-most_light, most_light);
            surface.reference[c] = row.item(3 + c).number(-most_light, most_light);
        }
        surface.weight = row.item(6).number(0, 1);
        surface.cell = row.item(7).integer(0, 63);
        surfaces.push_back(surface);
    }
    return surfaces;
}

json written(const color::Cdl& cdl) {
    return {{"slope", rounded(cdl.slope)},
            {"offset", rounded(cdl.offset)},
            {"power", rounded(cdl.power)},
            {"saturation", rounded(cdl.saturation)}};
}

color::Cdl cdl_from(const ArtefactReader& reader) {
    color::Cdl cdl;
    cdl.slope = reader.member("slope").three(0, most_slope);
    cdl.offset = reader.member("offset").three(-most_light, most_light);
    cdl.power = reader.member("power").three(0.01, 100);
    cdl.saturation = reader.member("saturation").number(0, 100);
    return cdl;
}

shot_match::Matrix3x4 matrix_from(const ArtefactReader& reader) {
    if (reader.size(3) != 3) reader.refuse("must have three rows, of R, G and B");
    shot_match::Matrix3x4 matrix{};
    for (std::size_t c = 0; c < 3; ++c) {
        const ArtefactReader row = reader.item(c);
        if (row.size(4) != 4) row.refuse("must have four numbers: of R, G, B, and an offset");
        for (std::size_t k = 0; k < 4; ++k) matrix[c][k] = row.item(k).number(-most_light, most_light);
    }
    return matrix;
}

shot_match::Model model_named(const std::string& name) {
    if (name == "gain") return shot_match::Model::Gain;
    if (name == "cdl") return shot_match::Model::Cdl;
    return name == "matrix" ? shot_match::Model::Matrix : shot_match::Model::Auto;
}

class ShotMatchAnalysis final : public ShotAnalysis {
public:
    explicit ShotMatchAnalysis(const PassContext& context)
        : picks_(picks_of(context.params)),
          model_(model_named(context.params.text("method"))),
          least_matches_(context.params.integer("least_matches")),
          skin_(context.params.has("skin") ? context.params.text("skin") : ""),
          protect_(context.protect),
          references_(context.references) {
        if (!context.params.has("reference")) {
            throw Error(ErrorKind::Usage,
                        fmt::format("{}: shot_match needs a \"reference\": the name of one of the shot's "
                                    "\"references\"",
                                    context.params.pointer()));
        }
        reference_ = context.params.text("reference");
        shared_ = std::make_unique<ReferenceSurfaces>(references_, reference_);
    }

    json measure(const FrameWindow& window) const override {
        const compute::DeviceFrame& frame = window[0];
        json facts = {{"matches", 0}, {"cells", 0}, {"surfaces", json::array()}};
        if (frame.pixels.numel() == 0) return facts;
        if (!picks_.empty()) {
            facts["surfaces"] = written(picked(frame));
            return facts;
        }
        at::Tensor keep;
        const auto leave_out = [&](const at::Tensor& matte) {
            if (matte.defined()) keep = keep.defined() ? keep * (1 - matte) : 1 - matte;
        };
        if (const at::Tensor matte = window.matte(); matte.defined()) keep = matte;
        leave_out(window.matte_called(skin_));
        leave_out(window.matte_called(protect_));
        const SharedSurfaces shared = shared_->shared_with(SmallPicture(frame.pixels, keep), least_matches_);
        return {{"matches", shared.matches},
                {"cells", shared.cells},
                {"reference_frame", shared.frame},
                {"surfaces", written(shared.surfaces)}};
    }

    json solve(std::span<const json> all_frames, int first_frame) const override {
        std::vector<Surface> surfaces;
        int matched = 0, most_matches = 0;
        for (std::size_t i = 0; i < all_frames.size(); ++i) {
            if (all_frames[i].is_null()) continue;
            const ArtefactReader facts(
                "shot_match", all_frames[i],
                fmt::format("the measurement of frame {}", first_frame + static_cast<int>(i)));
            const std::vector<Surface> more = surfaces_from(facts.member("surfaces"));
            surfaces.insert(surfaces.end(), more.begin(), more.end());
            matched += more.empty() ? 0 : 1;
            most_matches = std::max(most_matches, facts.member("matches").integer());
        }
        json artefact = {{"schema", artefact_schema},
                         {"first_frame", first_frame},
                         {"frames_matched", matched},
                         {"most_matches", most_matches},
                         {"surfaces", surfaces.size()}};
        if (surfaces.empty()) {
            const std::string why =
                picks_.empty()
                    ? fmt::format(
                          "no frame shares {} features with the reference on enough of the picture "
                          "(the most: {})",
                          least_matches_, most_matches)
                    : std::string("none of the picks is on a frame of the shot");
            return undecided(std::move(artefact), why);
        }
        shot_match::Model model = model_;
        if (model == shot_match::Model::Auto && !picks_.empty() && picks_.size() >= 3)
            model = shot_match::Model::Matrix;  // an artist's word is no outlier, and as rich as it is
        const shot_match::Fit fit = shot_match::fit_grade(surfaces, model);
        artefact["error_percent"] = {{"before", rounded(100 * fit.before)},
                                     {"after", rounded(100 * fit.after)}};
        if (picks_.empty() && fit.after > least_explained * fit.before && fit.after > always_good)
            return undecided(std::move(artefact), "what both pictures show does not differ by one grade");
        const bool alike = picks_.empty() && fit.mean_stops < nothing_stops;
        artefact["verdict"] = alike ? "alike" : "matched";
        artefact["cdl"] = written(alike ? color::Cdl{} : fit.grade.cdl);
        if (fit.grade.matrix && !alike) {
            json rows = json::array();
            for (const auto& row : *fit.grade.matrix)
                rows.push_back({rounded(row[0]), rounded(row[1]), rounded(row[2]), rounded(row[3])});
            artefact["matrix"] = rows;
        }
        return artefact;
    }

private:
    static json undecided(json artefact, const std::string& why) {
        artefact["verdict"] = "needs picks";
        artefact["why"] = why;
        artefact["cdl"] = written(color::Cdl{});
        return artefact;
    }

    std::vector<Surface> picked(const compute::DeviceFrame& frame) const {
        std::vector<Surface> surfaces;
        for (std::size_t i = 0; i < picks_.size(); ++i) {
            const Pick& pick = picks_[i];
            if (pick.frame != frame.number) continue;
            const std::vector<int> frames = references_->frames(reference_);
            const int from = pick.has_reference_frame ? pick.reference_frame : frames.front();
            if (!std::binary_search(frames.begin(), frames.end(), from)) {
                throw Error(ErrorKind::Usage,
                            fmt::format("shot_match: a pick names reference_frame {}, but the reference '{}' "
                                        "has {} to {}",
                                        from, reference_, frames.front(), frames.back()),
                            {"", "", frame.number});
            }
            surfaces.push_back(
                {light_in(frame, pick.box, "box"),
                 light_in(references_->picture(reference_, from), pick.reference_box, "reference_box"), 1.0,
                 static_cast<int>(i % 64), 0.5});
        }
        return surfaces;
    }

    std::vector<Pick> picks_;
    shot_match::Model model_;
    int least_matches_;
    std::string skin_, protect_, reference_;
    std::shared_ptr<const References> references_;
    std::unique_ptr<ReferenceSurfaces> shared_;
};

class ShotMatchPass final : public FramePass {
public:
    explicit ShotMatchPass(const PassContext& context)
        : skin_(context.params.has("skin") ? context.params.text("skin") : ""),
          skin_strength_(context.params.number("skin_strength")),
          working_space_(context.working_space) {
        // The planner asks for reach() before there is a grade.
        if (context.artefact.is_null()) return;
        const ArtefactReader artefact("shot_match", context.artefact, "the artefact");
        if (artefact.has("schema") && context.artefact.at("schema") == cdl_schema) {
            grade_.cdl = cdl_from(artefact);
            verdict_ = "given";
            return;
        }
        artefact.check_schema(artefact_schema);
        grade_.cdl = cdl_from(artefact.member("cdl"));
        if (artefact.has("matrix")) grade_.matrix = matrix_from(artefact.member("matrix"));
        if (artefact.has("verdict")) verdict_ = artefact.member("verdict").text();
        if (artefact.has("why")) why_ = artefact.member("why").text();
        if (artefact.has("first_frame")) first_frame_ = artefact.member("first_frame").integer();
    }

    PassReach reach() const override { return {}; }

    PassResult run(const FrameWindow& window) const override {
        const compute::DeviceFrame& frame = window[0];
        PassResult result;
        result.pixels = frame.pixels;
        result.facts = {{"verdict", verdict_}};
        const at::Tensor flat = frame.pixels.slice(0, 0, 1);
        if (!changes()) {
            if (verdict_ == "needs picks" && frame.number == first_frame_) result.facts["needs_picks"] = why_;
            result.touch = at::zeros_like(flat);
            return result;
        }
        result.pixels = with_cdl(frame.pixels, grade_.cdl, /*clamps=*/false);
        if (grade_.matrix) result.pixels = mixed(result.pixels);
        result.touch = at::ones_like(flat);
        if (const at::Tensor skin = window.matte_called(skin_); skin.defined())
            result.touch = 1 - (1 - skin_strength_) * skin;
        return result;
    }

    std::vector<Sidecar> sidecars() const override {
        color::Cdl cdl = grade_.cdl;
        cdl.id = "shot_match";
        cdl.description =
            fmt::format("in {}, scene-linear, without clamping{}", working_space_,
                        grade_.matrix ? "; a matrix follows, which is in the artefact alone" : "");
        return {{".cc", color::to_cc_xml(cdl)}};
    }

private:
    bool changes() const {
        const color::Cdl neutral;
        return grade_.matrix || grade_.cdl.slope != neutral.slope || grade_.cdl.offset != neutral.offset ||
               grade_.cdl.power != neutral.power || grade_.cdl.saturation != neutral.saturation;
    }

    at::Tensor mixed(const at::Tensor& pixels) const {  // [3,H,W]
        std::vector<at::Tensor> channels;
        for (const auto& row : *grade_.matrix)
            channels.push_back(pixels[0] * row[0] + pixels[1] * row[1] + pixels[2] * row[2] + row[3]);
        return at::stack(channels);
    }

    Grade grade_;
    std::string verdict_ = "given", why_;
    int first_frame_ = 0;
    std::string skin_;
    double skin_strength_;
    std::string working_space_;
};

}  // namespace

PassEntry shot_match_entry() {
    return {"shot_match",
            [](const PassContext& context) { return std::make_unique<ShotMatchPass>(context); },
            [](const PassContext& context) { return std::make_unique<ShotMatchAnalysis>(context); },
            nullptr,
            0,
            /*neighbour_mattes=*/true};
}

}  // namespace wetgate::passes

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <optional>

#include "core/error.h"
#include "passes/artefact_reader.h"
#include "passes/grain.h"
#include "passes/pass.h"
#include "passes/regions.h"

// Gives back the grain that a place has lost: what the rest of the shot has, or a reference, less what is
// still there.

namespace wetgate::passes {
namespace {

using nlohmann::json;

constexpr const char* artefact_schema = "wetgate.regrain/1";
constexpr std::size_t most_pictures = 5;  // of a reference
constexpr int edge_px = 4;                // around a matte, that belong to neither side
constexpr double least_blocks = 40;       // of 8x8 pixels, of a shot: with fewer, grain is not known

struct Choice {
    bool has_matte = false;
    bool expects_none = false;
    std::string reference;
};

Choice choice_of(const PassContext& context) {
    const Choice choice{context.has_matte, context.params.text("present") == "none",
                        context.params.has("reference") ? context.params.text("reference") : ""};
    if (!choice.has_matte && choice.reference.empty()) {
        throw Error(ErrorKind::Usage,
                    fmt::format("{}: regrain needs a \"matte\" over what has lost the grain that the rest of "
                                "the shot has, or a \"reference\" whose grain the shot is to have",
                                context.params.pointer()));
    }
    return choice;
}

class RegrainAnalysis final : public ShotAnalysis {
public:
    explicit RegrainAnalysis(const PassContext& context)
        : choice_(choice_of(context)), references_(context.references), survey_(context) {}

    PassReach reach() const override { return {1, 0}; }

    json measure(const FrameWindow& window) const override {
        json facts = json::object();
        const at::Tensor& linear = window[0].pixels;
        if (linear.numel() == 0 || !is_sampled(window)) return facts;
        at::Tensor inside, outside;
        if (choice_.has_matte) {
            const at::Tensor matte = window.matte();
            outside = dilated(matte > 0, edge_px).logical_not();
            inside = dilated(matte < 1, edge_px).logical_not();
        }
        const at::Tensor before = before_of(window);
        if (!choice_.expects_none) facts["present"] = survey_.measured(linear, before, inside);
        if (choice_.reference.empty()) facts["wanted"] = survey_.measured(linear, before, outside);
        // One frame speaks for the reference.
        if (!choice_.reference.empty() && !window.is_real(-1)) add_reference(facts);
        return facts;
    }

    json solve(std::span<const json> all_frames, int first_frame) const override {
        std::vector<json> of_reference;
        for (const json& facts : all_frames) {
            if (!facts.is_object() || !facts.contains("reference") || !of_reference.empty()) continue;
            of_reference = facts["reference"].get<std::vector<json>>();
        }
        const json wanted = choice_.reference.empty()
                                ? GrainSurvey::solved("regrain", all_frames, first_frame, "wanted")
                                : GrainSurvey::solved("regrain", of_reference, 0, "");
        const json present =
            GrainSurvey::solved("regrain", all_frames, first_frame, "present", wanted["coding"]);
        const auto is_known = [](const json& grain) {
            return grain["measured"]["blocks"].get<double>() >= least_blocks;
        };
        json artefact = {{"schema", artefact_schema},
                         {"about",
                          "variance = a * value + b, R G B; value: working light (acescct) or plate code "
                          "(plate); near: correlation of a pixel with its neighbours, rows downwards; what "
                          "is added is wanted less present"},
                         {"first_frame", first_frame},
                         {"wanted", wanted},
                         {"present", {{"a", present["a"]}, {"b", present["b"]}}}};
        if (choice_.expects_none) artefact["present"] = {{"a", {0, 0, 0}}, {"b", {0, 0, 0}}};
        if (!is_known(wanted)) {
            artefact["left_alone"] = choice_.reference.empty()
                                         ? "what the matte leaves free has too few plain places to measure "
                                           "its grain"
                                         : "the reference has too few plain places to measure its grain";
        } else if (!choice_.expects_none && !is_known(present)) {
            artefact["left_alone"] =
                "what the matte covers has too few plain places to measure what grain is left there; set "
                "\"present\": \"none\" if there is none";
        }
        return artefact;
    }

private:
    void add_reference(json& facts) const {
        const std::vector<int> frames = references_->frames(choice_.reference);
        const std::size_t count = std::min(frames.size(), most_pictures);
        json& list = facts["reference"] = json::array();
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t at = count == 1 ? frames.size() / 2 : i * (frames.size() - 1) / (count - 1);
            list.push_back(survey_.measured(references_->picture(choice_.reference, frames[at]).pixels));
        }
    }

    Choice choice_;
    std::shared_ptr<const References> references_;
    GrainSurvey survey_;
};

class RegrainPass final : public FramePass {
public:
    explicit RegrainPass(const PassContext& context)
        : has_matte_(choice_of(context).has_matte), amount_(context.params.number("amount")) {
        if (context.artefact.is_null()) return;  // the planner asks for reach() before there is one
        const ArtefactReader artefact("regrain", context.artefact, "the artefact");
        artefact.check_schema(artefact_schema);
        wanted_.emplace(artefact.member("wanted"), context);
        present_ = noise_from(artefact.member("present"));
        if (artefact.has("first_frame")) first_frame_ = artefact.member("first_frame").integer();
        if (artefact.has("left_alone")) left_alone_ = artefact.member("left_alone").text();
    }

    PassReach reach() const override { return {}; }

    PassResult run(const FrameWindow& window) const override {
        const at::Tensor& linear = window[0].pixels;
        PassResult result{linear, at::zeros_like(linear.slice(0, 0, 1))};
        if (!left_alone_.empty()) {
            if (window[0].number == first_frame_) result.facts["left_alone"] = left_alone_;
            return result;
        }
        if (linear.numel() == 0) return result;
        const at::Tensor sound = at::isfinite(linear).all(0, true);
        const at::Tensor where = has_matte_ ? sound.logical_and(window.matte() > 0) : sound;
        result.pixels = wanted_->added(linear, where, window[0].window, window.seed(), amount_, present_);
        const at::Tensor change = (result.pixels - linear).abs().amax(0, true);
        result.touch = where.logical_and(change > 0).to(at::kFloat);
        result.facts["grained"] = rounded(result.touch.mean(at::kDouble).item<double>());
        return result;
    }

private:
    bool has_matte_;
    double amount_;
    std::optional<Grain> wanted_;
    NoiseModel present_;
    int first_frame_ = 0;
    std::string left_alone_;
};

}  // namespace

PassEntry regrain_entry() {
    return {"regrain",
            [](const PassContext& context) { return std::make_unique<RegrainPass>(context); },
            [](const PassContext& context) { return std::make_unique<RegrainAnalysis>(context); },
            nullptr,
            /*working_planes=*/16,
            /*neighbour_mattes=*/true};
}

}  // namespace wetgate::passes

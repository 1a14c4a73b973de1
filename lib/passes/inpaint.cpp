#include <ATen/ATen.h>
#include <fmt/format.h>

#include <optional>

#include "core/error.h"
#include "passes/artefact_reader.h"
#include "passes/coding.h"
#include "passes/exposure.h"
#include "passes/grain.h"
#include "passes/inpaint_classical.h"
#include "passes/inpaint_net.h"
#include "passes/learned.h"
#include "passes/pass.h"
#include "passes/regions.h"

// Fills what a matte covers from what surrounds it in the same frame: wires, small marks, and what no other
// frame reveals.

namespace wetgate::passes {
namespace {

using nlohmann::json;

constexpr const char* artefact_schema = "wetgate.inpaint/1";
constexpr const char* own_model = "inpaint";
constexpr const char* task = "inpaint";

class InpaintAnalysis final : public ShotAnalysis {
public:
    explicit InpaintAnalysis(const PassContext& context) : survey_(context) {}

    PassReach reach() const override { return {1, 0}; }

    json measure(const FrameWindow& window) const override {
        json facts = json::object();
        if (window[0].pixels.numel() == 0) return facts;
        add_exposure(facts, window[0].pixels);
        if (is_sampled(window))
            facts["grain"] = survey_.measured(window[0].pixels, before_of(window), window.matte() == 0);
        return facts;
    }

    json solve(std::span<const json> all_frames, int first_frame) const override {
        return {{"schema", artefact_schema},
                {"exposure_stops", solved_exposure("inpaint", all_frames)},
                {"grain", GrainSurvey::solved("inpaint", all_frames, first_frame, "grain")}};
    }

private:
    GrainSurvey survey_;
};

class InpaintPass final : public FramePass {
public:
    explicit InpaintPass(const PassContext& context)
        : margin_px_(context.params.integer("margin_px")), grain_amount_(context.params.number("grain")) {
        if (!context.has_matte) {
            throw Error(ErrorKind::Usage,
                        fmt::format("{}: inpaint needs a \"matte\" that covers what is to be filled",
                                    context.params.pointer()));
        }
        if (context.artefact.is_null()) return;  // the planner asks for reach() before there is one
        const ArtefactReader artefact("inpaint", context.artefact, "the artefact");
        artefact.check_schema(artefact_schema);
        coding_.emplace(coding_kind(context.params.text("coding"), context), exposure_stops(artefact),
                        context);
        if (artefact.has("grain")) grain_.emplace(artefact.member("grain"), context);
        if (!uses_net(context)) return;
        model_ = load_model(context, chosen_model(context, own_model, task));
        inpaint::check(*model_);
    }

    PassReach reach() const override { return {}; }

    PassResult run(const FrameWindow& window) const override {
        const at::Tensor& linear = window[0].pixels;
        const at::Tensor touch = window.matte() > 0;
        if (linear.numel() == 0 || !touch.any().item<bool>())
            return {linear, at::zeros_like(linear.slice(0, 0, 1)), {{"synthesised", 0.0}}};
        // What is not finite around the hole is no surrounding to fill it from.
        const at::Tensor hole =
            dilated(touch, margin_px_).logical_or(at::isfinite(linear).all(0, true).logical_not());
        const at::Tensor coded = coding_->encode(linear);
        at::Tensor filled = coding_->decode(model_ ? inpaint::filled_by_net(*model_, coded, hole, touch)
                                                   : inpaint::classical(coded, hole));
        if (grain_) filled = grain_->added(filled, touch, window[0].window, window.seed(), grain_amount_);
        const double share =
            static_cast<double>(touch.sum().item<std::int64_t>()) / static_cast<double>(touch.numel());
        return {at::where(touch, filled, linear), touch.to(at::kFloat), {{"synthesised", share}}};
    }

private:
    int margin_px_;
    double grain_amount_;
    std::optional<Coding> coding_;
    std::optional<Grain> grain_;
    std::shared_ptr<const nets::LoadedModel> model_;
};

}  // namespace

PassEntry inpaint_entry() {
    return {"inpaint",
            [](const PassContext& context) { return std::make_unique<InpaintPass>(context); },
            [](const PassContext& context) { return std::make_unique<InpaintAnalysis>(context); },
            [](const PassContext& context) { return model_of_engine(context, own_model, task); },
            /*working_planes=*/0,
            /*neighbour_mattes=*/true};
}

}  // namespace wetgate::passes

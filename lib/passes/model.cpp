#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "core/error.h"
#include "nets/tiles.h"
#include "passes/coding.h"
#include "passes/exposure.h"
#include "passes/learned.h"
#include "passes/pass.h"

// A fix by a model of the user's own: a TorchScript, or a network that `wetgate train` made from a
// production's footage. Its card declares window, coding, tile and halo.

namespace wetgate::passes {
namespace {

using nlohmann::json;

constexpr const char* task = "fix";

nets::ModelUse model_use(const PassContext& context) {
    if (context.model.empty()) {
        throw Error(
            ErrorKind::Usage,
            fmt::format("{}: the pass 'model' needs the name of one in \"model\" (`wetgate models list`)",
                        context.params.pointer()));
    }
    return {context.model, task, context.params.has("sha256") ? context.params.text("sha256") : ""};
}

Coding::Kind coding_of(const nets::ModelCard& card) {
    const json& codings = card.json.at("contract").at("coding");
    return codings.front() == "acescct" ? Coding::Kind::AcesCct : Coding::Kind::Plate;
}

class ModelPass final : public FramePass {
public:
    explicit ModelPass(const PassContext& context) {
        if (context.models == nullptr)
            throw Error(ErrorKind::Internal, "model: the job's models are missing");
        const nets::ModelUse use = model_use(context);
        const nets::ModelCard card = context.models->card(use);
        frames_ = card.frames;
        const json& contract = card.json.at("contract");
        positions_ = contract.value("positions", false);
        if (frames_ % 2 == 0 || card.shape.channels_in != 3 * frames_ + (positions_ ? 2 : 0)) {
            throw Error(
                ErrorKind::Model,
                fmt::format("model '{}' cannot fix: its card must declare an odd number of frames and "
                            "\"cin\" of three times that",
                            card.name));
        }
        if (card.shape.scale() != 1)
            throw Error(ErrorKind::Model, fmt::format("model '{}' changes the picture's size", card.name));
        if (context.artefact.is_null()) return;  // the planner asks for reach() before there is one
        const double stops = contract.contains("exposure_stops") ? contract.at("exposure_stops").get<double>()
                                                                 : exposure_stops("model", context.artefact);
        coding_.emplace(coding_of(card), stops, context);
        model_ = load_model(context, use);
    }

    PassReach reach() const override { return {frames_ / 2, frames_ / 2}; }

    PassResult run(const FrameWindow& window) const override {
        const at::Tensor& linear = window[0].pixels;
        if (linear.numel() == 0) return {linear, at::zeros_like(linear.slice(0, 0, 1))};
        const at::Tensor coded = coding_->encode(linear);
        std::vector<at::Tensor> input;
        for (int k = -frames_ / 2; k <= frames_ / 2; ++k) {
            input.push_back(Coding::for_network(
                k == 0 || !window.is_real(k) ? coded : coding_->encode(window[k].pixels)));
        }
        if (positions_) input.push_back(positions(coded));
        const at::Tensor seen = Coding::for_network(coded);
        const Made made =
            made_of(nets::forward_tiled(model_->network, at::cat(input), model_->tile_px), seen);
        return {coding_->moved(linear, coded, made.change), coding_->reach(linear, coded) * made.where};
    }

private:
    int frames_ = 1;
    bool positions_ = false;
    std::optional<Coding> coding_;
    std::shared_ptr<const nets::LoadedModel> model_;
};

}  // namespace

PassEntry model_entry() {
    return {"model", [](const PassContext& context) { return std::make_unique<ModelPass>(context); },
            [](const PassContext&) { return exposure_analysis("model"); },
            [](const PassContext& context) { return std::optional(model_use(context)); }};
}

}  // namespace wetgate::passes

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "core/error.h"
#include "nets/tiles.h"
#include "passes/coding.h"
#include "passes/exposure.h"
#include "passes/inpaint_classical.h"
#include "passes/learned.h"
#include "passes/pass.h"
#include "passes/regions.h"

// Fills what a matte covers from what surrounds it in the same frame: wires, small marks, and what no other
// frame reveals.

namespace wetgate::passes {
namespace {

using nlohmann::json;

constexpr const char* own_model = "inpaint";
constexpr const char* task = "inpaint";

/// First and last place + 1 where `line` [N] bool is true, `halo` further out, on multiples of `multiple`.
std::pair<std::int64_t, std::int64_t> span_of(const at::Tensor& line, std::int64_t halo,
                                              std::int64_t multiple) {
    const at::Tensor places = line.nonzero();
    const std::int64_t first = std::max<std::int64_t>(0, places[0].item<std::int64_t>() - halo);
    const std::int64_t end = std::min(line.size(0), places[-1].item<std::int64_t>() + 1 + halo);
    return {first / multiple * multiple, std::min(line.size(0), (end + multiple - 1) / multiple * multiple)};
}

class InpaintPass final : public FramePass {
public:
    explicit InpaintPass(const PassContext& context) : margin_px_(context.params.integer("margin_px")) {
        if (!context.has_matte) {
            throw Error(ErrorKind::Usage,
                        fmt::format("{}: inpaint needs a \"matte\" that covers what is to be filled",
                                    context.params.pointer()));
        }
        if (context.artefact.is_null()) return;  // the planner asks for reach() before there is one
        coding_.emplace(coding_kind(context.params.text("coding"), context),
                        exposure_stops("inpaint", context.artefact), context);
        if (!uses_net(context)) return;
        model_ = load_model(context, chosen_model(context, own_model, task));
        if (model_->network.shape().channels_in != 4) {
            throw Error(
                ErrorKind::Model,
                fmt::format("model '{}' cannot inpaint: it must take R G B and a mask", model_->card.name));
        }
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
        const at::Tensor filled =
            coding_->decode(model_ ? filled_by_net(coded, hole, touch) : inpaint::classical(coded, hole));
        const double share =
            static_cast<double>(touch.sum().item<std::int64_t>()) / static_cast<double>(touch.numel());
        return {at::where(touch, filled, linear), touch.to(at::kFloat), {{"synthesised", share}}};
    }

private:
    /// Only what is within the network's radius of the matte is handed to it.
    at::Tensor filled_by_net(const at::Tensor& coded, const at::Tensor& hole, const at::Tensor& touch) const {
        const nets::NetworkShape& shape = model_->network.shape();
        const auto [top, bottom] = span_of(touch[0].any(1), shape.radius_px(), shape.multiple());
        const auto [left, right] = span_of(touch[0].any(0), shape.radius_px(), shape.multiple());
        const auto cut = [&, y = top, x = left, height = bottom - top, width = right - left](
                             const at::Tensor& t) { return t.narrow(1, y, height).narrow(2, x, width); };
        const at::Tensor known = at::where(hole, at::zeros_like(coded), Coding::for_network(coded));
        const at::Tensor input = at::cat({cut(known), cut(hole).to(at::kFloat)});
        at::Tensor result = coded.clone();
        cut(result).copy_(nets::forward_tiled(model_->network, input, model_->tile_px));
        return result;
    }

    int margin_px_;
    std::optional<Coding> coding_;
    std::shared_ptr<const nets::LoadedModel> model_;
};

}  // namespace

PassEntry inpaint_entry() {
    return {"inpaint", [](const PassContext& context) { return std::make_unique<InpaintPass>(context); },
            [](const PassContext&) { return exposure_analysis("inpaint"); },
            [](const PassContext& context) { return model_of_engine(context, own_model, task); }};
}

}  // namespace wetgate::passes

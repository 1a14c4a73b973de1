#include <ATen/ATen.h>

#include <opencv2/imgproc.hpp>
#include <optional>

#include "passes/coding.h"
#include "passes/enlarge.h"
#include "passes/exposure.h"
#include "passes/learned.h"
#include "passes/pass.h"

// Twice the size: by a super-resolution network, or by Lanczos in the coded picture (in light it rings round
// lamps).

namespace wetgate::passes {
namespace {

using nlohmann::json;

class UpscalePass final : public FramePass {
public:
    explicit UpscalePass(const PassContext& context) {
        if (context.artefact.is_null()) return;  // the planner asks for reach() before there is one
        coding_.emplace(coding_kind(context.params.text("coding"), context),
                        exposure_stops("upscale", context.artefact), context);
        if (uses_net(context))
            network_.emplace(*coding_,
                             load_model(context, chosen_model(context, enlarging_model, enlarging_task)));
    }

    PassReach reach() const override { return {}; }

    PassResult run(const FrameWindow& window) const override {
        const at::Tensor& picture = window[0].pixels;
        at::Tensor linear = picture;
        if (picture.numel() > 0) {
            linear = network_ ? network_->whole(picture)
                              : coding_->decode(resized_twice(coding_->encode(picture), cv::INTER_LANCZOS4));
        }
        return {linear, at::ones_like(linear.slice(0, 0, 1))};
    }

private:
    std::optional<Coding> coding_;
    std::optional<NetworkEnlarger> network_;
};

}  // namespace

PassEntry upscale_entry() {
    return {
        "upscale", [](const PassContext& context) { return std::make_unique<UpscalePass>(context); },
        [](const PassContext&) { return exposure_analysis("upscale"); },
        [](const PassContext& context) { return model_of_engine(context, enlarging_model, enlarging_task); }};
}

}  // namespace wetgate::passes

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <opencv2/imgproc.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "motion/opencv_threads.h"
#include "nets/tiles.h"
#include "passes/coding.h"
#include "passes/exposure.h"
#include "passes/learned.h"
#include "passes/pass.h"

// Twice the size: by a super-resolution network, or by Lanczos in the coded picture (in light it rings round
// lamps).

namespace wetgate::passes {
namespace {

using nlohmann::json;

constexpr const char* own_model = "sr_x2";
constexpr const char* task = "upscale";
constexpr std::int64_t scale = 2;

at::Tensor resized(const at::Tensor& picture, int interpolation) {  // [3,H,W] -> [3,2H,2W]
    const at::Tensor host = picture.to(at::kCPU).contiguous();
    const auto height = static_cast<int>(host.size(1));
    const auto width = static_cast<int>(host.size(2));
    const at::Tensor result = at::empty({3, scale * height, scale * width}, host.options());
    try {
        motion::pin_opencv_threads();
        for (std::int64_t c = 0; c < 3; ++c) {
            const cv::Mat from(height, width, CV_32FC1, host[c].data_ptr());
            cv::Mat to(static_cast<int>(scale) * height, static_cast<int>(scale) * width, CV_32FC1,
                       result[c].data_ptr());
            cv::resize(from, to, to.size(), 0, 0, interpolation);
        }
    } catch (const cv::Exception& problem) {
        throw Error(problem.code == cv::Error::StsNoMem ? ErrorKind::OutOfMemory : ErrorKind::Internal,
                    std::string("resizing: ") + problem.what());
    }
    return result.to(picture.device());
}

class UpscalePass final : public FramePass {
public:
    explicit UpscalePass(const PassContext& context) {
        if (context.artefact.is_null()) return;  // the planner asks for reach() before there is one
        coding_.emplace(coding_kind(context.params.text("coding"), context),
                        exposure_stops("upscale", context.artefact), context);
        if (!uses_net(context)) return;
        model_ = load_model(context, chosen_model(context, own_model, task));
        if (model_->network.shape().scale() != scale) {
            throw Error(ErrorKind::Model,
                        fmt::format("model '{}' does not make pictures twice as large", model_->card.name));
        }
    }

    PassReach reach() const override { return {}; }

    PassResult run(const FrameWindow& window) const override {
        const at::Tensor coded = coding_->encode(window[0].pixels);
        at::Tensor large;
        if (coded.numel() == 0) {
            large = coded;
        } else if (!model_) {
            large = resized(coded, cv::INTER_LANCZOS4);
        } else {
            const at::Tensor seen = Coding::for_network(coded);
            large = nets::forward_tiled(model_->network, seen, model_->tile_px);
            // Highlights that the network must not see, without ringing.
            large = large + resized(coded - seen, cv::INTER_LINEAR);
        }
        const at::Tensor linear = coding_->decode(large);
        return {linear, at::ones_like(linear.slice(0, 0, 1))};
    }

private:
    std::optional<Coding> coding_;
    std::shared_ptr<const nets::LoadedModel> model_;
};

}  // namespace

PassEntry upscale_entry() {
    return {"upscale", [](const PassContext& context) { return std::make_unique<UpscalePass>(context); },
            [](const PassContext&) { return exposure_analysis("upscale"); },
            [](const PassContext& context) { return model_of_engine(context, own_model, task); }};
}

}  // namespace wetgate::passes

#include "passes/enlarge.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <opencv2/imgproc.hpp>
#include <string>
#include <utility>

#include "core/error.h"
#include "motion/opencv_threads.h"
#include "nets/tiles.h"

namespace wetgate::passes {
namespace {

// Small enough that little is made which nobody asked for, with room inside the halo of sr_x2 (35 px a side).
constexpr int part_tile_px = 384;

at::Tensor cut(const at::Tensor& picture, const Box& box) {  // [C,H,W]
    return picture.narrow(1, box.y0, box.height()).narrow(2, box.x0, box.width());
}

at::Tensor doubled(const at::Tensor& picture) {  // [C,H,W] to [C,2H,2W], each sample four times
    return picture.repeat_interleave(enlarging_scale, 1).repeat_interleave(enlarging_scale, 2);
}

}  // namespace

at::Tensor resized_twice(const at::Tensor& picture, int interpolation) {
    const at::Tensor host = picture.to(at::kCPU).contiguous();
    const auto height = static_cast<int>(host.size(1));
    const auto width = static_cast<int>(host.size(2));
    const at::Tensor result =
        at::empty({3, enlarging_scale * host.size(1), enlarging_scale * host.size(2)}, host.options());
    try {
        motion::pin_opencv_threads();
        for (std::int64_t c = 0; c < 3; ++c) {
            const cv::Mat from(height, width, CV_32FC1, host[c].data_ptr());
            cv::Mat to(enlarging_scale * height, enlarging_scale * width, CV_32FC1, result[c].data_ptr());
            cv::resize(from, to, to.size(), 0, 0, interpolation);
        }
    } catch (const cv::Exception& problem) {
        throw Error(problem.code == cv::Error::StsNoMem ? ErrorKind::OutOfMemory : ErrorKind::Internal,
                    std::string("resizing: ") + problem.what());
    }
    return result.to(picture.device());
}

NetworkEnlarger::NetworkEnlarger(Coding coding, std::shared_ptr<const nets::LoadedModel> model)
    : coding_(std::move(coding)), model_(std::move(model)) {
    if (model_->network.shape().scale() != enlarging_scale) {
        throw Error(ErrorKind::Model,
                    fmt::format("model '{}' does not make pictures twice as large", model_->card.name));
    }
}

at::Tensor NetworkEnlarger::whole(const at::Tensor& linear) const {
    const at::Tensor coded = coding_.encode(linear);
    const at::Tensor seen = Coding::for_network(coded);
    const at::Tensor made = nets::forward_tiled(model_->network, seen, model_->tile_px);
    // Highlights that the network must not see, without ringing.
    return coding_.decode(made + resized_twice(coded - seen, cv::INTER_LINEAR));
}

at::Tensor NetworkEnlarger::part(const at::Tensor& linear, const Box& part) const {
    at::Tensor result =
        at::empty({3, enlarging_scale * part.height(), enlarging_scale * part.width()}, linear.options());
    const auto width = static_cast<int>(linear.size(2)), height = static_cast<int>(linear.size(1));
    for (const nets::Tile& tile : nets::tiles_of(model_->network.shape(), width, height, part_tile_px)) {
        const Box wanted = intersection(tile.made, part);
        if (wanted.empty()) continue;
        // All of it is made of the tile alone: arithmetic may differ in the last bit with where in memory a
        // sample lies.
        const at::Tensor seen = cut(linear, tile.read).contiguous();
        const at::Tensor large = at::where(doubled(at::isfinite(seen)), whole(seen), doubled(seen));
        const auto moved = [](const Box& box, const Box& from) {
            return times({box.x0 - from.x0, box.y0 - from.y0, box.x1 - from.x0, box.y1 - from.y0},
                         enlarging_scale);
        };
        cut(result, moved(wanted, part)).copy_(cut(large, moved(wanted, tile.read)));
    }
    return result;
}

std::int64_t NetworkEnlarger::working_bytes(const nets::NetworkShape& shape) {
    const int side = nets::tile_size_px(shape, part_tile_px);
    return nets::working_bytes(shape, side, side, side);
}

}  // namespace wetgate::passes

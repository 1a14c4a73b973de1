#include "passes/deflicker_guide.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace wetgate::passes::deflicker {
Guide guide_of(const compute::DeviceFrame& frame, std::int64_t side_px) {
    const std::int64_t longest = std::max(frame.pixels.size(1), frame.pixels.size(2));
    const std::int64_t shortest = std::min(frame.pixels.size(1), frame.pixels.size(2));
    const std::int64_t side = std::min((longest + side_px - 1) / side_px, shortest);
    const at::Tensor averaged = side > 1 ? at::avg_pool2d(frame.pixels, {side, side}) : frame.pixels;
    const at::Tensor small = averaged.to(at::kCPU).contiguous();  // [3,h,w] float32
    const auto height = static_cast<int>(small.size(1));
    const auto width = static_cast<int>(small.size(2));
    const auto area = static_cast<std::size_t>(small.size(1) * small.size(2));
    std::array<motion::FloatPlane, 3> rgb;
    for (std::size_t c = 0; c < 3; ++c) {
        const float* first = small.data_ptr<float>() + c * area;
        rgb[c] = {width, height, std::vector<float>(first, first + area)};
    }
    return make_guide(std::move(rgb));
}

}  // namespace wetgate::passes::deflicker

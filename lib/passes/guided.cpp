#include "passes/guided.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace wetgate::passes {

at::Tensor box_mean(const at::Tensor& planes, std::int64_t radius) {
    const std::int64_t side = 2 * radius + 1;
    const at::Tensor padded = at::replication_pad2d(planes.unsqueeze(0), {radius, radius, radius, radius});
    return at::avg_pool2d(padded, {side, side}, {1, 1})[0];
}

at::Tensor resized(const at::Tensor& plane, std::int64_t height, std::int64_t width) {
    return at::upsample_bilinear2d(plane.unsqueeze(0), {height, width}, /*align_corners=*/false)[0];
}

std::int64_t shrinking_side(std::int64_t height, std::int64_t width, std::int64_t most_px) {
    const std::int64_t longest = std::max(height, width), shortest = std::min(height, width);
    return std::max<std::int64_t>(1, std::min((longest + most_px - 1) / most_px, shortest));
}

at::Tensor guided_filter(const at::Tensor& input, const at::Tensor& guide, const at::Tensor& full_guide,
                         std::int64_t radius, double epsilon) {
    const at::Tensor mean_input = box_mean(input, radius), mean_guide = box_mean(guide, radius);
    const at::Tensor slope = (box_mean(input * guide, radius) - mean_input * mean_guide) /
                             (box_mean(guide * guide, radius) - mean_guide * mean_guide + epsilon);
    const at::Tensor offset = mean_input - slope * mean_guide;
    const std::int64_t height = full_guide.size(1), width = full_guide.size(2);
    return resized(box_mean(slope, radius), height, width) * full_guide +
           resized(box_mean(offset, radius), height, width);
}

}  // namespace wetgate::passes

#include "passes/remove_guide.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace wetgate::passes::remove {
namespace {

std::int64_t square_px(const at::Tensor& planes, std::int64_t side_px) {
    const std::int64_t longest = std::max(planes.size(1), planes.size(2));
    return std::min((longest + side_px - 1) / side_px, std::min(planes.size(1), planes.size(2)));
}

}  // namespace

Guide guide_of(const at::Tensor& linear, std::int64_t side_px) {
    const std::int64_t square = square_px(linear, side_px);
    at::Tensor luminance = (linear[0] * 0.2126 + linear[1] * 0.7152 + linear[2] * 0.0722).unsqueeze(0);
    luminance = at::where(at::isfinite(luminance), luminance, at::zeros_like(luminance));
    if (square > 1) luminance = at::avg_pool2d(luminance, {square, square});
    luminance = luminance.to(at::kCPU).contiguous();
    const auto* first = luminance.data_ptr<float>();
    const motion::FloatPlane plane{static_cast<int>(luminance.size(2)), static_cast<int>(luminance.size(1)),
                                   std::vector<float>(first, first + luminance.numel())};
    return {motion::log_guide(plane), static_cast<double>(square)};
}

motion::GrayImage covered_of(const at::Tensor& matte, std::int64_t side_px) {
    const std::int64_t square = square_px(matte, side_px);
    at::Tensor covered = (matte > 0).to(at::kFloat);
    if (square > 1) covered = at::max_pool2d(covered, {square, square});
    covered = (covered > 0).to(at::kByte).mul(255).to(at::kCPU).contiguous();
    const auto* first = covered.data_ptr<std::uint8_t>();
    return {static_cast<int>(covered.size(2)), static_cast<int>(covered.size(1)),
            std::vector<std::uint8_t>(first, first + covered.numel())};
}

}  // namespace wetgate::passes::remove

#include "motion/align.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <opencv2/imgproc.hpp>
#include <opencv2/photo.hpp>
#include <string>

#include "core/error.h"
#include "motion/opencv_threads.h"

namespace wetgate::motion {
namespace {

// Up to here flow is better at full size (measured on four clips: up to 0.2 dB of the denoised picture).
constexpr double most_sigma_at_full_size = 16.0 / 255;
// Non-local means works best a little below the noise's deviation, of which halving leaves half.
constexpr double filter_strength = 0.9;
constexpr double least_levels = 0.5;  // noise below this, in levels of 255, needs no filter
constexpr int template_px = 3;
constexpr int search_px = 11;

GrayImage guide_of(const at::Tensor& coded, double sigma, bool halved) {
    const at::Tensor luminance = coded[0] * 0.2126 + coded[1] * 0.7152 + coded[2] * 0.0722;
    const at::Tensor finite = at::where(at::isfinite(luminance), luminance, at::zeros_like(luminance));
    const bool halves = halved && luminance.size(0) > 1 && luminance.size(1) > 1;
    const at::Tensor small = halves ? at::avg_pool2d(finite.unsqueeze(0), {2, 2})[0] : finite;
    const at::Tensor bytes = (small.clamp(0, 1) * 255).round().to(at::kByte).to(at::kCPU).contiguous();
    GrayImage guide{static_cast<int>(bytes.size(1)), static_cast<int>(bytes.size(0)), {}};
    const auto* first = bytes.data_ptr<std::uint8_t>();
    guide.pixels.assign(first, first + bytes.numel());
    if (sigma * 255 < least_levels) return guide;
    const double strength = sigma * 255 * filter_strength * (halves ? 0.5 : 1.0);
    try {
        pin_opencv_threads();
        cv::Mat picture(guide.height, guide.width, CV_8UC1, guide.pixels.data());
        cv::Mat quiet;
        cv::fastNlMeansDenoising(picture, quiet, static_cast<float>(strength), template_px, search_px);
        quiet.copyTo(picture);
    } catch (const cv::Exception& problem) {
        throw Error(problem.code == cv::Error::StsNoMem ? ErrorKind::OutOfMemory : ErrorKind::Internal,
                    std::string("the guide for optical flow: ") + problem.what());
    }
    return guide;
}

// LibTorch's names of how grid_sampler() looks between pixels.
constexpr int linear = 0;
constexpr int cubic = 2;

at::Tensor fetched(const at::Tensor& picture, const at::Tensor& shift, int sampling) {
    const std::int64_t height = picture.size(1);
    const std::int64_t width = picture.size(2);
    if (shift.size(2) != width || shift.size(1) != height)
        throw Error(ErrorKind::Internal, "a flow field of another size than the picture to align");
    const at::TensorOptions options = picture.options();
    // LibTorch samples at -1..1 from the first pixel's centre to the last one's.
    const at::Tensor x = at::arange(width, options).view({1, width}) + shift[0];
    const at::Tensor y = at::arange(height, options).view({height, 1}) + shift[1];
    const double half_width = std::max(0.5, 0.5 * static_cast<double>(width - 1));
    const double half_height = std::max(0.5, 0.5 * static_cast<double>(height - 1));
    const at::Tensor grid = at::stack({x / half_width - 1, y / half_height - 1}, 2).unsqueeze(0);
    constexpr int border = 1;
    return at::grid_sampler(picture.unsqueeze(0), grid, sampling, border, /*align_corners=*/true).squeeze(0);
}

}  // namespace

GrayImage quiet_guide(const at::Tensor& coded, double sigma) {
    return guide_of(coded, sigma, sigma > most_sigma_at_full_size);
}

GrayImage half_guide(const at::Tensor& coded, double sigma) {
    return guide_of(coded, sigma, true);
}

FlowQuality half_guide_quality(double sigma) {
    return sigma > most_sigma_at_full_size ? FlowQuality::Medium : FlowQuality::Fine;
}

FlowField guided_flow(const GrayImage& from, const GrayImage& to, int width, int height) {
    FlowField small = dense_flow(from, to);
    const cv::Mat found(small.height, small.width, CV_32FC2, small.vectors.data());
    FlowField flow{
        width, height,
        std::vector<float>(2 * static_cast<std::size_t>(width) * static_cast<std::size_t>(height))};
    cv::Mat whole(height, width, CV_32FC2, flow.vectors.data());
    cv::resize(found, whole, whole.size(), 0, 0, cv::INTER_LINEAR);
    const float x_scale = static_cast<float>(width) / static_cast<float>(small.width);
    const float y_scale = static_cast<float>(height) / static_cast<float>(small.height);
    for (std::size_t i = 0; i < flow.vectors.size(); i += 2) {
        flow.vectors[i] *= x_scale;
        flow.vectors[i + 1] *= y_scale;
    }
    return flow;
}

at::Tensor aligned(const at::Tensor& picture, const FlowField& flow) {
    return aligned(picture, shift_of(flow, picture.device()));
}

at::Tensor shift_of(const FlowField& flow, c10::Device device) {
    return at::from_blob(const_cast<float*>(flow.vectors.data()), {flow.height, flow.width, 2}, at::kFloat)
        .permute({2, 0, 1})
        .clone(at::MemoryFormat::Contiguous)
        .to(device);
}

at::Tensor shift_of(const FlowField& flow, int width, int height, c10::Device device) {
    const at::Tensor shift = shift_of(flow, device);
    if (flow.width == width && flow.height == height) return shift;
    const at::Tensor scale = at::tensor({static_cast<float>(width) / static_cast<float>(flow.width),
                                         static_cast<float>(height) / static_cast<float>(flow.height)},
                                        at::kFloat);
    return at::upsample_bilinear2d(shift.unsqueeze(0), {height, width}, /*align_corners=*/false)[0] *
           scale.view({2, 1, 1}).to(device);
}

at::Tensor composed(const at::Tensor& first, const at::Tensor& second) {
    return first + fetched(second, first, linear);
}

at::Tensor aligned(const at::Tensor& picture, const at::Tensor& shift) {
    return fetched(picture, shift, cubic);
}

}  // namespace wetgate::motion

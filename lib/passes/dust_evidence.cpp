#include "passes/dust_evidence.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <string>

#include "core/error.h"
#include "motion/align.h"
#include "motion/opencv_threads.h"
#include "passes/dust_spots.h"
#include "passes/regions.h"

namespace wetgate::passes::dust {
namespace {

// Flow is found on pictures of at most this many pixels a side: beyond, it takes long and finds no more.
constexpr std::int64_t most_guide_px = 1280;
constexpr std::int64_t most_grid_px = 180;
constexpr double least_sigma = 0.4 / 255;
constexpr double most_sigma = 0.1;
constexpr double texture_share = 0.5;    // of the frame's fine structure, which is grain in any case
constexpr std::int64_t surround_px = 4;  // around dirt, where flow and the light of soft edges are its
constexpr int fine_px = 3;
constexpr int coarse_px = 5;              // takes hairs and specks out of the guide
constexpr double normal_median = 0.6745;  // of |N(0,1)|

motion::GrayImage gray(const at::Tensor& frame, int median_px) {
    at::Tensor y = luminance(frame).clamp(0, 1).unsqueeze(0);
    const std::int64_t longest = std::max(y.size(1), y.size(2));
    const std::int64_t step =
        std::min((longest + most_guide_px - 1) / most_guide_px, std::min(y.size(1), y.size(2)));
    if (step > 1) y = at::avg_pool2d(y.unsqueeze(0), {step, step}).squeeze(0);
    const at::Tensor bytes = (y[0] * 255).round().to(at::kByte).to(at::kCPU).contiguous();
    motion::GrayImage image{static_cast<int>(bytes.size(1)), static_cast<int>(bytes.size(0)), {}};
    image.pixels.resize(static_cast<std::size_t>(bytes.numel()));
    const cv::Mat from(image.height, image.width, CV_8UC1, bytes.data_ptr());
    cv::Mat to(image.height, image.width, CV_8UC1, image.pixels.data());
    try {
        motion::pin_opencv_threads();
        cv::medianBlur(from, to, median_px);
    } catch (const cv::Exception& problem) {
        throw Error(problem.code == cv::Error::StsNoMem ? ErrorKind::OutOfMemory : ErrorKind::Internal,
                    std::string("the guide for dust: ") + problem.what());
    }
    return image;
}

/// What flickers is taken out by the median of what two pictures differ, on a grid of pixels.
at::Tensor in_light_of(const at::Tensor& frame, const at::Tensor& picture) {
    const std::int64_t step = (std::min(frame.size(1), frame.size(2)) + most_grid_px - 1) / most_grid_px;
    const auto grid = [&](const at::Tensor& whole) {
        return whole.slice(1, 0, at::nullopt, step).slice(2, 0, at::nullopt, step);
    };
    // On the CPU: LibTorch refuses a median along an axis on CUDA, where it is not the same in every run.
    const at::Tensor differences = (grid(frame) - grid(picture)).flatten(1).to(at::kCPU);
    return picture + std::get<0>(differences.median(1)).view({3, 1, 1}).to(picture.device());
}

at::Tensor shift_to(const motion::GrayImage& guide, const at::Tensor& picture) {
    return motion::shift_of(
        motion::guided_flow(guide, gray(picture, fine_px), static_cast<int>(picture.size(2)),
                            static_cast<int>(picture.size(1))),
        picture.device());
}

/// Finds where the frame's guide says that the neighbours show the same, and brings them there.
void align(Evidence& evidence) {
    evidence.shift_before = shift_to(evidence.guide, evidence.still_before);
    evidence.shift_after = shift_to(evidence.guide, evidence.still_after);
    const auto bring = [&](const at::Tensor& still, const at::Tensor& shift) {
        return in_light_of(evidence.frame, motion::aligned(still, shift));
    };
    evidence.before = bring(evidence.still_before, evidence.shift_before);
    evidence.after = bring(evidence.still_after, evidence.shift_after);
}

/// `planes` [C,H,W] where `known` [1,H,W] bool, elsewhere going over smoothly from one side to the other.
at::Tensor completed(const at::Tensor& planes, const at::Tensor& known) {
    if (known.all().item<bool>()) return planes;
    if (planes.size(1) == 1 && planes.size(2) == 1) return at::where(known, planes, at::zeros_like(planes));
    const auto halved = [](const at::Tensor& whole) {
        return at::avg_pool2d(whole.unsqueeze(0), {2, 2}, {2, 2}, {0, 0}, /*ceil_mode=*/true).squeeze(0);
    };
    const at::Tensor weight = known.to(planes.scalar_type());
    const at::Tensor share = halved(weight);
    const at::Tensor coarse = completed(halved(planes * weight) / share.clamp_min(1e-6), share > 0);
    const at::Tensor smooth = at::upsample_bilinear2d(coarse.unsqueeze(0), planes.sizes().slice(1),
                                                      /*align_corners=*/false)
                                  .squeeze(0);
    return at::where(known, planes, smooth);
}

}  // namespace

at::Tensor luminance(const at::Tensor& rgb) {
    return rgb[0] * 0.2126 + rgb[1] * 0.7152 + rgb[2] * 0.0722;
}

double sigma_of(const at::Tensor& frame, const at::Tensor& before, const at::Tensor& after) {
    if (frame.size(0) < 3 || frame.size(1) < 3) return least_sigma;
    const auto part = [&](std::int64_t top, std::int64_t left) {
        return frame.narrow(0, top, frame.size(0) - 2).narrow(1, left, frame.size(1) - 2);
    };
    const at::Tensor laplacian = part(0, 1) + part(2, 1) + part(1, 0) + part(1, 2) - part(1, 1) * 4;
    const auto deviation = [](const at::Tensor& difference, double sum_of_squares) {
        return difference.abs().median().item<double>() / normal_median / std::sqrt(sum_of_squares);
    };
    const double fine = deviation(laplacian, 20);
    const double apart = deviation(before - after, 2);
    return std::clamp(std::max(texture_share * fine, std::min(fine, apart)), least_sigma, most_sigma);
}

Evidence gather(const at::Tensor& frame, const at::Tensor& before, const at::Tensor& after) {
    Evidence evidence;
    evidence.frame = frame;
    evidence.still_before = in_light_of(frame, before);
    evidence.still_after = in_light_of(frame, after);
    evidence.guide = gray(frame, coarse_px);
    for (const bool last : {false, true}) {
        align(evidence);
        evidence.sigma = sigma_of(luminance(frame), luminance(evidence.before), luminance(evidence.after));
        if (last) break;
        const at::Tensor clean = at::where(suspects(evidence), (evidence.before + evidence.after) / 2, frame);
        evidence.guide = gray(clean, fine_px);
    }
    return evidence;
}

Evidence realigned(const Evidence& evidence, const at::Tensor& dirt) {
    const at::Tensor near = dilated(dirt, surround_px);
    const auto shown = [&](const at::Tensor& still, const at::Tensor& shift) {
        return motion::aligned(still, completed(shift, near.logical_not()));
    };
    const at::Tensor clean = at::where(near,
                                       (shown(evidence.still_before, evidence.shift_before) +
                                        shown(evidence.still_after, evidence.shift_after)) /
                                           2,
                                       evidence.frame);
    Evidence better = evidence;
    better.guide = gray(clean, fine_px);
    align(better);
    return better;
}

at::Tensor brought(const at::Tensor& picture, const Evidence& evidence) {
    return in_light_of(evidence.frame, motion::aligned(picture, shift_to(evidence.guide, picture)));
}

}  // namespace wetgate::passes::dust

#include "passes/background_layer.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "motion/opencv_threads.h"
#include "passes/median.h"
#include "passes/remove_candidate.h"
#include "passes/remove_membrane.h"

// Note [Edges]
// Where the matte is neither 0 nor 1 the plate shows foreground and old background at once: plate =
// foreground + matte * old (premultiplied). Mixing the new background over that leaves a rim of the old one.
// The old background is known where the matte is 1, and a membrane carries it under the edge; what it adds to
// the plate there is taken off before the new one is added. Pixels whose matte is 0 belong to the foreground
// and keep their bits, so light that wraps around an edge does so within the matte's soft edge.

namespace wetgate::passes::background {
namespace {

constexpr double solid = 0.999;  // of a matte
constexpr double nearly_same_scale = 1.1;
constexpr double least_radius_px = 0.55;
constexpr double most_radius_px = 128;
constexpr std::array<double, 11> radii_px = {0, 0.6, 0.8, 1, 1.5, 2, 3, 4, 6, 8, 12};
constexpr int most_side_px = 1024;  // of what sharpness is measured on
constexpr double grain_px = 1;      // of a Gaussian that takes the most of grain
constexpr double edge_share = 0.1;
constexpr double flat_share = 0.2;
constexpr double least_contrast = 2.5;  // of edges over what is flat, in power
constexpr double same_sharpness = 0.95;
constexpr std::int64_t least_pixels = 4000;

/// Pixels of the reference a pixel of the plate, in the middle of `window`.
double scale_of(const motion::Homography& map, const Box& window) {
    const double x = 0.5 * (window.x0 + window.x1), y = 0.5 * (window.y0 + window.y1);
    const auto here = map.at(x, y), right = map.at(x + 1, y), below = map.at(x, y + 1);
    const double area =
        std::abs((right[0] - here[0]) * (below[1] - here[1]) - (right[1] - here[1]) * (below[0] - here[0]));
    return std::isfinite(area) ? std::sqrt(area) : 1;
}

/// Of the disc in pixels of the reference: defocus and the plate's pixel, where that is large.
double radius_of(double scale, double defocus_px) {
    const double pixel = scale > nearly_same_scale ? scale / std::sqrt(std::numbers::pi) : 0;
    return std::min(std::hypot(defocus_px * scale, pixel), most_radius_px);
}

/// Sum 1.
cv::Mat disc(double radius) {
    constexpr int parts = 8;
    const int reach = static_cast<int>(std::ceil(radius));
    cv::Mat kernel = cv::Mat::zeros(2 * reach + 1, 2 * reach + 1, CV_32F);
    for (int y = -reach; y <= reach; ++y) {
        for (int x = -reach; x <= reach; ++x) {
            int inside = 0;
            for (int i = 0; i < parts * parts; ++i) {
                const double off_x = x + (i % parts + 0.5) / parts - 0.5;
                const double off_y = y + (i / parts + 0.5) / parts - 0.5;
                if (std::hypot(off_x, off_y) <= radius) ++inside;
            }
            kernel.at<float>(y + reach, x + reach) = static_cast<float>(inside);
        }
    }
    return kernel / cv::sum(kernel)[0];
}

cv::Mat filtered(const cv::Mat& picture, double radius) {
    if (radius < least_radius_px) return picture;
    motion::pin_opencv_threads();
    cv::Mat result;
    cv::filter2D(picture, result, -1, disc(radius), {-1, -1}, 0, cv::BORDER_REFLECT_101);
    return result;
}

/// Square of the slope of the logarithm of `luminance`.
cv::Mat slopes(const cv::Mat& luminance) {
    const double floor = std::max(0.02 * cv::mean(cv::max(luminance, 0))[0], 1e-9);
    cv::Mat coded, right, down;
    cv::GaussianBlur(luminance, coded, {}, grain_px);
    cv::log(cv::max(coded, 0) + floor, coded);
    cv::Sobel(coded, right, CV_32F, 1, 0, 1);
    cv::Sobel(coded, down, CV_32F, 0, 1, 1);
    return right.mul(right) + down.mul(down);
}

}  // namespace

Layer laid(const compute::DeviceFrame& reference, const Box& window, const motion::Homography& to_reference,
           double defocus_px) {
    const Box& own = reference.window;
    const at::Tensor sound =
        at::where(at::isfinite(reference.pixels), reference.pixels, at::zeros_like(reference.pixels));
    const at::Tensor soft = remove::tensor_of(
        filtered(remove::picture_of(sound), radius_of(scale_of(to_reference, window), defocus_px)));

    at::Tensor grid = at::empty({1, window.height(), window.width(), 2}, at::kFloat);
    at::Tensor covered = at::empty({1, window.height(), window.width()}, at::kBool);
    float* place = grid.data_ptr<float>();
    bool* is_covered = covered.data_ptr<bool>();
    for (int y = window.y0; y < window.y1; ++y) {
        for (int x = window.x0; x < window.x1; ++x) {
            const auto [u, v] = to_reference.at(x, y);
            *is_covered++ = u >= own.x0 - 0.5 && u <= own.x1 - 0.5 && v >= own.y0 - 0.5 && v <= own.y1 - 0.5;
            const auto part = [](double at, int first, int size) {  // -1 to 1
                const double along = 2 * (at - first) / std::max(size - 1, 1) - 1;
                return static_cast<float>(std::isfinite(along) ? std::clamp(along, -2.0, 2.0) : -2.0);
            };
            *place++ = part(u, own.x0, own.width());
            *place++ = part(v, own.y0, own.height());
        }
    }
    constexpr std::int64_t cubic = 2, repeat_edge = 1;
    const c10::Device device = reference.pixels.device();
    const at::Tensor pixels = at::grid_sampler_2d(soft.to(device).unsqueeze(0), grid.to(device), cubic,
                                                  repeat_edge, /*align_corners=*/true)
                                  .squeeze(0);
    // Cubic convolution overshoots beside highlights.
    const at::Tensor least = sound.flatten(1).amin(1).view({3, 1, 1});
    const at::Tensor most = sound.flatten(1).amax(1).view({3, 1, 1});
    return {at::minimum(at::maximum(pixels, least), most), covered.to(device)};
}

double variance_kept(const motion::Homography& to_reference, const Box& window, double defocus_px) {
    const double radius = radius_of(scale_of(to_reference, window), defocus_px);
    if (radius < least_radius_px) return 1;
    const cv::Mat kernel = disc(radius);
    return kernel.dot(kernel);
}

at::Tensor behind(const at::Tensor& plate, const at::Tensor& matte, const at::Tensor& layer,
                  const Blend& blend) {
    const at::Tensor is_soft = (matte > 0).logical_and(matte < 1);
    if (!is_soft.any().item<bool>() || (blend.despill == 0 && blend.light_wrap == 0)) return layer;
    const at::Tensor is_old = (matte >= solid).logical_and(at::isfinite(plate).all(0, true));
    at::Tensor foreground = (1 - matte) * plate;
    if (blend.despill > 0 && is_old.any().item<bool>()) {
        const at::Tensor old =
            remove::tensor_of(remove::membrane(remove::picture_of(plate), remove::bytes_of(is_old)))
                .to(plate.device());
        const at::Tensor cleared = plate - matte * (blend.despill * old + (1 - blend.despill) * plate);
        // A matte that says too much would leave a dark rim: no darker than nothing.
        foreground = at::maximum(cleared, plate.clamp_max(0));
    }
    at::Tensor mixed = foreground + matte * layer;
    if (blend.light_wrap > 0) {
        const at::Tensor light = at::where(matte > 0, matte * layer, at::zeros_like(layer));
        cv::Mat glow;
        motion::pin_opencv_threads();
        cv::GaussianBlur(remove::picture_of(light), glow, {}, blend.wrap_px, blend.wrap_px,
                         cv::BORDER_REPLICATE);
        mixed = mixed + blend.light_wrap * 4 * matte * (1 - matte).square() *
                            remove::tensor_of(glow).to(plate.device());
    }
    // The framework mixes by the matte: what it has to be given for `mixed` to come out.
    const at::Tensor given = (mixed - (1 - matte) * plate) / matte.clamp_min(1e-4);
    return at::where(is_soft, given, layer);
}

std::optional<double> defocus_between(const at::Tensor& plate, const at::Tensor& layer,
                                      const at::Tensor& inside) {
    const at::Tensor rows = inside[0].any(1).nonzero(), columns = inside[0].any(0).nonzero();
    if (rows.numel() == 0) return std::nullopt;
    // What lies about the middle of it.
    const auto span = [](const at::Tensor& places) {
        const auto first = places[0].item<std::int64_t>(), end = places[-1].item<std::int64_t>() + 1;
        const auto size = std::min<std::int64_t>(end - first, most_side_px);
        return std::pair{first + (end - first - size) / 2, size};
    };
    const auto [top, height] = span(rows);
    const auto [left, width] = span(columns);
    const auto cut = [&, top = top, height = height, left = left, width = width](const at::Tensor& planes) {
        return planes.narrow(1, top, height).narrow(2, left, width);
    };
    const auto luminance = [&](const at::Tensor& linear) {
        const at::Tensor mean = cut(linear).mean(0, true);
        return remove::picture_of(at::where(at::isfinite(mean), mean, at::zeros_like(mean)));
    };
    motion::pin_opencv_threads();
    const cv::Mat shown = luminance(plate), known = luminance(layer);
    cv::Mat within;
    cv::erode(remove::bytes_of(cut(inside)), within, cv::Mat::ones(9, 9, CV_8U), {-1, -1}, 1,
              cv::BORDER_CONSTANT, cv::Scalar(0));
    cv::Mat coarse_shown, coarse_known;
    cv::GaussianBlur(slopes(shown), coarse_shown, {}, 3);
    cv::GaussianBlur(slopes(known), coarse_known, {}, 3);
    const cv::Mat both = cv::min(coarse_shown, coarse_known);
    std::vector<double> levels;
    for (int y = 0; y < both.rows; ++y)
        for (int x = 0; x < both.cols; ++x)
            if (within.at<std::uint8_t>(y, x) != 0)
                levels.push_back(static_cast<double>(both.at<float>(y, x)));
    if (static_cast<std::int64_t>(levels.size()) < least_pixels) return std::nullopt;
    const auto level_at = [&](double share) {
        const auto at =
            levels.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(levels.size() - 1));
        std::nth_element(levels.begin(), at, levels.end());
        return *at;
    };
    const cv::Mat edges = (both >= level_at(1 - edge_share)) & within;
    const cv::Mat flat = (both <= level_at(flat_share)) & within;
    const cv::Mat shown_slopes = slopes(shown);
    const double aim = std::max(cv::mean(shown_slopes, edges)[0], 1e-12);
    if (aim < least_contrast * cv::mean(shown_slopes, flat)[0]) return std::nullopt;  // of grain
    double before = 0;
    for (std::size_t i = 0; i < radii_px.size(); ++i) {
        const double here = std::max(cv::mean(slopes(filtered(known, radii_px[i])), edges)[0], 1e-12);
        if (here <= aim) {
            if (i == 0 || same_sharpness * before <= aim) return i == 0 ? 0 : radii_px[i - 1];
            const double share = std::log(before / aim) / std::log(before / here);
            return radii_px[i - 1] + share * (radii_px[i] - radii_px[i - 1]);
        }
        before = here;
    }
    return radii_px.back();
}

}  // namespace wetgate::passes::background

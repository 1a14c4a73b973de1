#include "passes/deband_smooth.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <string>

#include "core/error.h"
#include "motion/opencv_threads.h"

// Note [Deband]
// In steps, a coded value is q and the true one lies within q +- 0.5. Smooth and clamp to that interval in
// turn (projection onto convex sets), from wide kernels to narrow ones. Three things make it safe:
// - Only flat neighbourhoods are averaged, each place by how flat it is (normalised convolution). A wide
//   kernel moves only what it sees flat and even ground around, less than a band or two: near an edge and
//   where bands are narrow, the narrow kernels do the work.
// - Smoothing is done twice over (s + S(x - s)), which keeps slopes and bends where plain smoothing flattens
//   them: 2 to 6 dB on soft skies.
// - Grain finer than a step has been rounded too. A place whose code its surroundings contradict shows it:
//   were the picture smooth, a code would never lie further than half a step from what surrounds it. The mean
//   square of that excess is 0.53 sigma^3 for grain of sigma steps, averaged over where levels may lie. The
//   answer is then the mean of a normal distribution (mean: the smoothed picture) cut to the interval. With
//   no grain that is the clamped value; with grain of a step it is the code itself, and nothing changes.
//   Against clamping alone, on graded pictures at 6 to 8 bits: 1.5 to 3 dB.

namespace wetgate::passes::deband {
namespace {

constexpr int gate_px = 5;  // side of the neighbourhood that is judged flat
constexpr double gate_fade = 0.5;

constexpr double grain_fine_px = 2.83;  // smoothing that the codes are compared with
constexpr double grain_wide_px = 10;    // over which grain is averaged
// and where it is coarser than around: faint texture, which was smoothed away at 0.05 dB without this.
constexpr double grain_near_px = 3;
constexpr double grain_near_share = 0.73;  // of its mean square: that a few places tell of is often chance
constexpr double grain_factor = 1.88;      // 1 / 0.53
// Contours are in part mistaken for grain: 0.9 of it costs 0.1 dB of PSNR and halves what stays of contours.
constexpr double grain_scale = 0.9;

constexpr double narrowest_px = 1.5;
constexpr double ratio = 1.45;             // from kernel to kernel
constexpr int rounds = 2;                  // of smooth and clamp with each
constexpr double pictures_to_radius = 24;  // short side over the widest kernel; 18 to 36 are as good
constexpr double least_radius_px = 4, most_radius_px = 80;
constexpr double wide_px = 2;
constexpr double coarse_px = 3;      // a kernel this wide sees all that a smaller picture has
constexpr float flat_around = 0.9F;  // share of flat ground below which a wide kernel does nothing
constexpr float even_steps = 0.55F;  // standard deviation under a wide kernel above which it does nothing
constexpr float even_fade = 0.2F;

constexpr float most_off_grid = 0.35F;  // steps from its level, beyond which a value was not rounded

// The table of expected(): mean -3..3 steps by symmetry, sigma up to what the measurement can give.
constexpr int means = 121, sigmas = 61, samples = 201;
constexpr float mean_range = 3, sigma_range = 1.5F;

cv::Mat boxed(const cv::Mat& plane, double sigma) {
    const int side =
        2 * std::max(1, static_cast<int>(std::lround((std::sqrt(6 * sigma * sigma + 1) - 1) / 2))) + 1;
    cv::Mat result;
    cv::blur(plane, result, {side, side}, {-1, -1}, cv::BORDER_REFLECT);
    cv::blur(result, result, {side, side}, {-1, -1}, cv::BORDER_REFLECT);
    return result;
}

/// The codes of `plane` [H,W] in steps: whole numbers where they can be; 0 where they are not `usable`.
at::Tensor codes_of(const at::Tensor& plane, const at::Tensor& usable, const Grid& grid) {
    const at::Tensor steps = at::where(usable, (plane - grid.offset) / grid.step, at::zeros_like(plane));
    return (grid.is_exact ? steps.round() : steps).contiguous();
}

/// The same memory as `plane` [H,W] float32, contiguous.
cv::Mat mat_of(const at::Tensor& plane) {
    return {static_cast<int>(plane.size(0)), static_cast<int>(plane.size(1)), CV_32FC1, plane.data_ptr()};
}

template <class Work>
void guarded(const Work& work) {
    try {
        motion::pin_opencv_threads();
        work();
    } catch (const cv::Exception& problem) {
        throw Error(problem.code == cv::Error::StsNoMem ? ErrorKind::OutOfMemory : ErrorKind::Internal,
                    std::string("smoothing bands: ") + problem.what());
    }
}

/// Two boxes, of the variance of a Gaussian; a Gaussian where they are too coarse. The wide ones work on a
/// smaller picture, which they blur too far for anyone to see it.
cv::Mat blurred(const cv::Mat& plane, double sigma) {
    cv::Mat result;
    if (sigma < wide_px) {
        cv::GaussianBlur(plane, result, {}, sigma, sigma, cv::BORDER_REFLECT);
        return result;
    }
    int factor = 1;
    while (sigma / (2 * factor) >= coarse_px) factor *= 2;
    if (factor == 1) return boxed(plane, sigma);
    cv::Mat small;
    cv::resize(plane, small, {(plane.cols + factor - 1) / factor, (plane.rows + factor - 1) / factor}, 0, 0,
               cv::INTER_AREA);
    cv::resize(boxed(small, sigma / factor), result, plane.size(), 0, 0, cv::INTER_LINEAR);
    return result;
}

/// Smoothing that sees `weight` alone.
class Smoothing {
public:
    Smoothing(const cv::Mat& weight, double sigma)
        : weight_(weight), sigma_(sigma), total_(blurred(weight, sigma)) {
        total_ += 1e-6;
    }
    cv::Mat operator()(const cv::Mat& plane) const { return blurred(weight_.mul(plane), sigma_) / total_; }
    const cv::Mat& total() const { return total_; }

private:
    const cv::Mat& weight_;
    double sigma_;
    cv::Mat total_;
};

/// How far a wide kernel is believed at each place, 0..1.
cv::Mat trust(const Smoothing& smooth, const cv::Mat& value) {
    const double middle = cv::mean(value)[0];  // so that the squares stay small
    const cv::Mat centred = value - middle;
    const cv::Mat mean = smooth(centred);
    cv::Mat share = smooth(centred.mul(centred)) - mean.mul(mean);  // variance
    for (int y = 0; y < share.rows; ++y) {
        const auto* around = smooth.total().ptr<float>(y);
        auto* out = share.ptr<float>(y);
        for (int x = 0; x < share.cols; ++x) {
            const float uneven = std::sqrt(std::max(out[x], 0.0F));
            out[x] = std::clamp((around[x] - flat_around) / (1 - flat_around), 0.0F, 1.0F) *
                     std::clamp((even_steps - uneven) / even_fade, 0.0F, 1.0F);
        }
    }
    return share;
}

/// Standard deviation of the grain under the codes, in steps.
cv::Mat grain(const cv::Mat& middle, const cv::Mat& weight) {
    cv::Mat excess = cv::abs(Smoothing(weight, grain_fine_px)(middle) - middle) - 0.5;
    excess = cv::min(cv::max(excess, 0.0), 1.0);
    excess = excess.mul(excess);
    const cv::Mat near = Smoothing(weight, grain_near_px)(excess) * grain_near_share;
    cv::Mat sigma = cv::max(Smoothing(weight, grain_wide_px)(excess), near) * grain_factor;
    for (int y = 0; y < sigma.rows; ++y) {
        auto* row = sigma.ptr<float>(y);
        for (int x = 0; x < sigma.cols; ++x)
            row[x] = static_cast<float>(grain_scale) * std::cbrt(std::max(row[x], 0.0F));
    }
    return sigma;
}

}  // namespace

Smoother::Smoother(double texture_steps, double radius_px)
    : texture_steps_(texture_steps), radius_px_(radius_px), expected_(means, sigmas, CV_32F) {
    for (int m = 0; m < means; ++m) {
        const double mean = mean_range * static_cast<double>(m) / (means - 1);
        expected_.at<float>(m, 0) = static_cast<float>(std::min(mean, 0.5));
        for (int s = 1; s < sigmas; ++s) {
            const double sigma = sigma_range * static_cast<double>(s) / (sigmas - 1);
            const double nearest = std::min(mean, 0.5) - mean;
            double sum = 0, total = 0;
            for (int i = 0; i < samples; ++i) {
                const double value = (i + 0.5) / samples - 0.5;
                const double away = value - mean;
                const double weight = std::exp((nearest * nearest - away * away) / (2 * sigma * sigma));
                sum += weight * value;
                total += weight;
            }
            expected_.at<float>(m, s) = static_cast<float>(sum / total);
        }
    }
}

float Smoother::expected(float mean, float sigma) const {
    const float m = std::min(std::abs(mean) / mean_range, 1.0F) * (means - 1);
    const float s = std::min(sigma / sigma_range, 1.0F) * (sigmas - 1);
    const int m0 = std::min(static_cast<int>(m), means - 2);
    const int s0 = std::min(static_cast<int>(s), sigmas - 2);
    const float dm = m - static_cast<float>(m0);
    const float ds = s - static_cast<float>(s0);
    const auto* one = expected_.ptr<float>(m0) + s0;
    const auto* next = expected_.ptr<float>(m0 + 1) + s0;
    return std::copysign(
        (1 - dm) * ((1 - ds) * one[0] + ds * one[1]) + dm * ((1 - ds) * next[0] + ds * next[1]), mean);
}

cv::Mat Smoother::smoothed(const cv::Mat& middle, const cv::Mat& weight, const cv::Mat& noise,
                           const Grid& grid) const {
    // Black was not below 0 before it was rounded, nor white above 1.
    const auto first = static_cast<float>(grid.has_ends ? -grid.offset / grid.step : -1e30);
    const auto last = static_cast<float>(grid.has_ends ? (1 - grid.offset) / grid.step : 1e30);
    const auto clamped = [&](float value, float q) {
        const float low = q >= first - 0.1F && q - 0.5F < first ? q : q - 0.5F;
        const float high = q <= last + 0.1F && q + 0.5F > last ? q : q + 0.5F;
        return std::clamp(value, low, high);
    };
    double sigma = radius_px_ > 0 ? radius_px_
                                  : std::clamp(std::min(middle.rows, middle.cols) / pictures_to_radius,
                                               least_radius_px, most_radius_px);
    cv::Mat value = middle.clone();
    for (bool is_last = false; !is_last; sigma /= ratio) {
        is_last = sigma < ratio * narrowest_px;
        const Smoothing smooth(weight, is_last ? narrowest_px : sigma);
        const cv::Mat share = !is_last ? trust(smooth, value) : cv::Mat::ones(value.size(), CV_32F);
        for (int round = 0; round < rounds; ++round) {
            cv::Mat target = smooth(value);
            target += smooth(value - target);
            for (int y = 0; y < value.rows; ++y) {
                const auto* q = middle.ptr<float>(y);
                const auto* to = target.ptr<float>(y);
                const auto* by = share.ptr<float>(y);
                const auto* flat = weight.ptr<float>(y);
                auto* out = value.ptr<float>(y);
                for (int x = 0; x < value.cols; ++x) {
                    if (flat[x] > 0) out[x] = clamped(out[x] + (to[x] - out[x]) * by[x], q[x]);
                }
            }
        }
    }
    const cv::Mat mean = Smoothing(weight, narrowest_px)(value);
    for (int y = 0; y < value.rows; ++y) {
        const auto* q = middle.ptr<float>(y);
        const auto* of = mean.ptr<float>(y);
        const auto* spread = noise.ptr<float>(y);
        auto* out = value.ptr<float>(y);
        for (int x = 0; x < value.cols; ++x) out[x] = clamped(q[x] + expected(of[x] - q[x], spread[x]), q[x]);
    }
    return value;
}

at::Tensor Smoother::flatness(const at::Tensor& plane, const at::Tensor& usable, const Grid& grid) const {
    const at::Tensor q = codes_of(plane, usable, grid);
    const at::Tensor flat = at::zeros_like(q);
    at::Tensor seen = usable;
    if (grid.is_exact) {
        const at::Tensor off = (plane - grid.offset) / grid.step - q;
        seen = seen.logical_and(off.abs() <= most_off_grid);
    }
    guarded([&] {
        const cv::Mat square = cv::Mat::ones(gate_px, gate_px, CV_8U);
        cv::Mat high, low;
        cv::dilate(mat_of(q), high, square);
        cv::erode(mat_of(q), low, square);
        cv::Mat out = mat_of(flat);
        out = (texture_steps_ + gate_fade - (high - low)) / (2 * gate_fade);
    });
    return at::where(seen, flat.clamp(0, 1), at::zeros_like(flat));
}

at::Tensor Smoother::change(const at::Tensor& plane, const at::Tensor& flat, const Grid& grid) const {
    const at::Tensor result = at::zeros_like(flat);
    const at::Tensor usable = flat > 0;
    if (!usable.any().item<bool>()) return result;
    const at::Tensor q = codes_of(plane, usable, grid);
    guarded([&] {
        const cv::Mat weight = mat_of(flat);
        smoothed(mat_of(q), weight, grain(mat_of(q), weight), grid).copyTo(mat_of(result));
    });
    // Off its level by the file's own rounding, a value goes to where the smooth picture is.
    return at::where(usable, (result * grid.step + grid.offset - plane) * flat, at::zeros_like(flat));
}

}  // namespace wetgate::passes::deband

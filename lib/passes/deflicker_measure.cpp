#include "passes/deflicker_measure.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "motion/cuts.h"
#include "motion/opencv_threads.h"

namespace wetgate::passes::deflicker {
namespace {

using motion::FloatPlane;
using motion::FlowField;

// Note [What a pixel's ratio is worth]
// Measured on real clips, the error of a frame's exposure comes from three places, and each has its line
// here:
// - flow errors times the slope of the picture: a pixel's weight falls with its slope (`slope_half`);
// - surfaces that truly change (highlights, shadows, faces turning): they pull a mean but not a mode, so the
// last Cauchy
//   scale is narrow (a 5 % scale left 1 % of drift over 48 frames where a 1 % scale left 0.2 %);
// - dark pixels, where black level, noise and coding steps bend the ratio: the floor is relative to the
// frame's median.
constexpr float dark_floor = 0.2F;     // of the frame's median
constexpr float clip_share = 0.9F;     // of the channel's largest value: above may be clipped
constexpr float slope_half = 0.05F;    // natural log a pixel
constexpr float deep_floor = 0.05F;    // of the floor: for what is compared in parts of the picture
constexpr float full_share = 0.98F;    // of the brightest
constexpr double mean_share = 0.02;    // of the picture's longer side
constexpr double relief_share = 0.02;  // of the picture's longer side
constexpr float round_trip_limit_px = 1.0F;
constexpr double agreement = 0.1;  // natural log
constexpr std::array<double, 2> cauchy_scales = {0.05, 0.005};
constexpr int cauchy_steps = 12;
constexpr std::size_t least_pixels = 16;

// Log ratios are put into narrow bins that keep their mean: the robust estimate then costs nothing a pixel.
constexpr double bin_width = 0.0005;
constexpr double range = 3.0;
constexpr std::size_t bin_count = 12000;

struct Bins {
    std::vector<double> weight = std::vector<double>(bin_count, 0.0);
    std::vector<double> moment = std::vector<double>(bin_count, 0.0);
    double total = 0.0;

    void add(double ratio, double trust) {
        if (!(std::abs(ratio) < range)) return;
        const std::size_t bin =
            std::min(static_cast<std::size_t>((ratio + range) / bin_width), bin_count - 1);
        weight[bin] += trust;
        moment[bin] += trust * ratio;
        total += trust;
    }
    double median() const {
        double passed = 0.0;
        for (std::size_t bin = 0; bin < bin_count; ++bin) {
            passed += weight[bin];
            if (passed >= 0.5 * total && weight[bin] > 0.0) return moment[bin] / weight[bin];
        }
        return 0.0;
    }
    /// Iteratively reweighted mean with Cauchy weights, from wide to narrow.
    double mode() const {
        double center = median();
        for (const double scale : cauchy_scales) {
            for (int step = 0; step < cauchy_steps; ++step) {
                double sum = 0.0;
                double weights = 0.0;
                for (std::size_t bin = 0; bin < bin_count; ++bin) {
                    if (weight[bin] <= 0.0) continue;
                    const double off = (moment[bin] / weight[bin] - center) / scale;
                    const double pull = 1.0 / (1.0 + off * off);
                    weights += pull * weight[bin];
                    sum += pull * moment[bin];
                }
                if (weights <= 0.0) return center;
                center = sum / weights;
            }
        }
        return center;
    }
    /// Weighted median distance from `center`.
    double spread(double center) const {
        std::vector<double> distances(bin_count, 0.0);
        for (std::size_t bin = 0; bin < bin_count; ++bin) {
            if (weight[bin] <= 0.0) continue;
            const double distance = std::abs(moment[bin] / weight[bin] - center);
            distances[std::min(static_cast<std::size_t>(distance / bin_width), bin_count - 1)] += weight[bin];
        }
        double passed = 0.0;
        for (std::size_t bin = 0; bin < bin_count; ++bin) {
            passed += distances[bin];
            if (passed >= 0.5 * total) return (static_cast<double>(bin) + 0.5) * bin_width;
        }
        return range;
    }
};

float median_of(std::vector<float> values) {
    if (values.empty()) return 0.0F;
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

/// Slope of the log plane by central differences; 0 where a neighbour is unknown (such pixels stay usable).
FloatPlane trust_of(const FloatPlane& log_plane) {
    FloatPlane trust{log_plane.width, log_plane.height, std::vector<float>(log_plane.values.size(), 1.0F)};
    const auto difference = [&](int x0, int y0, int x1, int y1) {
        const float d = 0.5F * (log_plane.at(x1, y1) - log_plane.at(x0, y0));
        return std::isfinite(d) ? d : 0.0F;
    };
    for (int y = 0; y < log_plane.height; ++y) {
        for (int x = 0; x < log_plane.width; ++x) {
            const float across =
                difference(std::max(x - 1, 0), y, std::min(x + 1, log_plane.width - 1), y) / slope_half;
            const float down =
                difference(x, std::max(y - 1, 0), x, std::min(y + 1, log_plane.height - 1)) / slope_half;
            trust.values[static_cast<std::size_t>(y) * static_cast<std::size_t>(log_plane.width) +
                         static_cast<std::size_t>(x)] = 1.0F / (1.0F + across * across + down * down);
        }
    }
    return trust;
}

/// Light that flickers in parts of the picture moves like a pattern of its own, and flow would follow it.
motion::GrayImage relief_of(const motion::GrayImage& gray) {
    motion::pin_opencv_threads();
    // OpenCV's Mat has no const view; it is only read from here.
    const cv::Mat levels(gray.height, gray.width, CV_8UC1, const_cast<std::uint8_t*>(gray.pixels.data()));
    cv::Mat fine, around;
    levels.convertTo(fine, CV_32F);
    cv::GaussianBlur(fine, around, {}, relief_share * std::max(gray.width, gray.height));
    motion::GrayImage relief{gray.width, gray.height, std::vector<std::uint8_t>(gray.pixels.size())};
    cv::Mat made(gray.height, gray.width, CV_8UC1, relief.pixels.data());
    cv::Mat(fine - around).convertTo(made, CV_8U, 1, 128);
    return relief;
}

/// What waves and leaves do to single pixels, they hardly do to the mean of many.
FloatPlane log_mean_of(const FloatPlane& light, float floor) {
    motion::pin_opencv_threads();
    FloatPlane mean{light.width, light.height, light.values};
    for (float& value : mean.values) value = std::isfinite(value) ? std::max(value, 0.0F) : 0.0F;
    cv::Mat plane(mean.height, mean.width, CV_32FC1, mean.values.data());
    cv::GaussianBlur(plane, plane, {}, mean_share * std::max(light.width, light.height));
    for (float& value : mean.values)
        value = value > floor ? std::log(value) : std::numeric_limits<float>::quiet_NaN();
    return mean;
}

/// Ratios of `here` over what `there` shows along `flow`, for the pixels whose way there and back closes.
struct OneWay {
    std::array<double, 3> ratio{};
    std::array<double, 3> spread{};
    double share = 0.0;
};

OneWay one_way(const Guide& here, const Guide& there, const FlowField& out, const FlowField& home) {
    const std::vector<float> round_trip = motion::round_trip_px(out, home);
    std::array<FloatPlane, 3> fetched;
    for (std::size_t c = 0; c < 3; ++c) fetched[c] = motion::warp(there.log_rgb[c], out);
    std::vector<std::size_t> usable;
    usable.reserve(round_trip.size());
    for (std::size_t i = 0; i < round_trip.size(); ++i) {
        bool known = round_trip[i] < round_trip_limit_px;
        for (std::size_t c = 0; known && c < 3; ++c) {
            known = std::isfinite(here.log_rgb[c].values[i]) && std::isfinite(fetched[c].values[i]);
        }
        if (known) usable.push_back(i);
    }
    OneWay result;
    if (usable.size() < least_pixels) return result;
    for (std::size_t c = 0; c < 3; ++c) {
        Bins bins;
        for (const std::size_t i : usable) {
            bins.add(
                static_cast<double>(here.log_rgb[c].values[i]) - static_cast<double>(fetched[c].values[i]),
                static_cast<double>(here.trust[c].values[i]));
        }
        result.ratio[c] = bins.mode();
        result.spread[c] = bins.spread(result.ratio[c]);
    }
    std::size_t agreeing = 0;
    for (const std::size_t i : usable) {
        bool agrees = true;
        for (std::size_t c = 0; agrees && c < 3; ++c) {
            agrees = std::abs(static_cast<double>(here.log_rgb[c].values[i] - fetched[c].values[i]) -
                              result.ratio[c]) < agreement;
        }
        if (agrees) ++agreeing;
    }
    result.share = static_cast<double>(agreeing) / static_cast<double>(round_trip.size());
    return result;
}

}  // namespace

Guide make_guide(std::array<FloatPlane, 3> rgb) {
    Guide guide;
    FloatPlane luminance{rgb[0].width, rgb[0].height, std::vector<float>(rgb[0].values.size())};
    std::vector<float> lit;
    lit.reserve(luminance.values.size());
    for (std::size_t i = 0; i < luminance.values.size(); ++i) {
        const float value = 0.25F * rgb[0].values[i] + 0.5F * rgb[1].values[i] + 0.25F * rgb[2].values[i];
        luminance.values[i] = value;
        if (std::isfinite(value) && value > 0.0F) lit.push_back(value);
    }
    const float floor = std::max(dark_floor * median_of(std::move(lit)), 1e-5F);
    for (std::size_t c = 0; c < 3; ++c) {
        float largest = 0.0F;
        float smallest = std::numeric_limits<float>::infinity();
        for (const float value : rgb[c].values) {
            if (!std::isfinite(value)) continue;
            largest = std::max(largest, value);
            smallest = std::min(smallest, value);
        }
        // A picture of one value has nothing that could be clipped.
        const float ceiling =
            smallest > clip_share * largest ? std::numeric_limits<float>::infinity() : clip_share * largest;
        for (float& value : rgb[c].values) {
            value = value > floor && value < ceiling && std::isfinite(value)
                        ? std::log(value)
                        : std::numeric_limits<float>::quiet_NaN();
        }
        guide.trust[c] = trust_of(rgb[c]);
        guide.log_rgb[c] = std::move(rgb[c]);
    }
    guide.gray = motion::log_guide(luminance);
    guide.log_mean_light = log_mean_of(luminance, deep_floor * floor);
    float brightest = 0.0F;
    for (const float value : luminance.values) brightest = value > brightest ? value : brightest;
    for (float& value : luminance.values) {
        value = value > deep_floor * floor && value < full_share * brightest && std::isfinite(value)
                    ? std::log(value)
                    : std::numeric_limits<float>::quiet_NaN();
    }
    guide.light_trust = trust_of(luminance);
    guide.log_light = std::move(luminance);
    guide.relief = relief_of(guide.gray);
    return guide;
}

PairFlow pair_flow(const Guide& frame, const Guide& earlier) {
    return {motion::dense_flow(frame.relief, earlier.relief),
            motion::dense_flow(earlier.relief, frame.relief)};
}

PairFact compare(const Guide& frame, const Guide& earlier, const PairFlow& flow, int back) {
    // Fetching blurs, and the logarithm of a blurred picture is not the blurred logarithm: going both ways
    // cancels that.
    const OneWay back_way = one_way(frame, earlier, flow.to_earlier, flow.to_frame);
    const OneWay forth_way = one_way(earlier, frame, flow.to_frame, flow.to_earlier);
    PairFact fact;
    fact.back = back;
    fact.histogram_distance = motion::histogram_distance(frame.gray, earlier.gray);
    fact.share = std::min(back_way.share, forth_way.share);
    for (std::size_t c = 0; c < 3; ++c) {
        fact.log_ratio[c] = 0.5 * (back_way.ratio[c] - forth_way.ratio[c]);
        fact.spread[c] = 0.5 * (back_way.spread[c] + forth_way.spread[c]);
    }
    return fact;
}

}  // namespace wetgate::passes::deflicker

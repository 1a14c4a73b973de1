#include "passes/dust_spots.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <string>

#include "core/error.h"
#include "motion/opencv_threads.h"
#include "passes/dust_clues.h"

namespace wetgate::passes::dust {
namespace {

constexpr double strong_sigmas = 5;
constexpr double weak_sigmas = 2;
constexpr double disagreement_weight = 1.5;
constexpr int disagreement_px = 7;
constexpr float weak_share = 0.5F;
constexpr std::array<float, 3> levels{1, 2, 4};  // of the threshold

/// Where the frame lies outside what both neighbours show within a pixel, and by how much the threshold asks
/// for.
struct Standing {
    cv::Mat outside, limit;  // CV_32F, both >= 0
};

Standing standing_of(const Planes& planes) {
    const cv::Mat cross = cv::Mat::ones(3, 3, CV_8U);
    cv::Mat high, low, other;
    cv::dilate(planes.before, high, cross);
    cv::dilate(planes.after, other, cross);
    high = cv::max(high, other);
    cv::erode(planes.before, low, cross);
    cv::erode(planes.after, other, cross);
    low = cv::min(low, other);
    Standing standing;
    cv::subtract(planes.frame, high, high);
    cv::subtract(low, planes.frame, low);
    standing.outside = cv::max(cv::max(high, low), 0.0);
    cv::blur(cv::abs(planes.before - planes.after), standing.limit, {disagreement_px, disagreement_px});
    standing.limit = standing.limit * disagreement_weight + strong_sigmas * planes.sigma;
    return standing;
}

/// What differs from both neighbours to the same side by half of `level` thresholds.
cv::Mat weak_at(const Planes& planes, const Standing& standing, float level) {
    cv::Mat weak(planes.frame.size(), CV_8U);
    const auto least = static_cast<float>(weak_sigmas * planes.sigma);
    for (int y = 0; y < weak.rows; ++y) {
        for (int x = 0; x < weak.cols; ++x) {
            const float from_before = planes.frame.at<float>(y, x) - planes.before.at<float>(y, x);
            const float from_after = planes.frame.at<float>(y, x) - planes.after.at<float>(y, x);
            const bool stands = std::abs(from_before + from_after) / 2 >
                                    weak_share * level * standing.limit.at<float>(y, x) &&
                                std::min(std::abs(from_before), std::abs(from_after)) > least &&
                                (from_before > 0) == (from_after > 0);
            weak.at<std::uint8_t>(y, x) = stands ? 1 : 0;
        }
    }
    return weak;
}

/// Adds the spots at one threshold to `all`. CV_32S: each pixel's spot, by its place in `all`, else -1;
/// `outer`: the same of the threshold below, empty where there is none.
cv::Mat find_at(float level, const Planes& planes, const Standing& standing, const cv::Mat& outer,
                std::vector<Spot>& all) {
    cv::Mat labels;
    const int count = cv::connectedComponents(weak_at(planes, standing, level), labels, 8, CV_32S);
    std::vector<int> place(static_cast<std::size_t>(count), -1);
    cv::Mat index(labels.size(), CV_32S, cv::Scalar(-1));
    for (int y = 0; y < labels.rows; ++y) {
        for (int x = 0; x < labels.cols; ++x) {
            int& at = place[static_cast<std::size_t>(labels.at<int>(y, x))];
            if (labels.at<int>(y, x) == 0 || at >= 0 ||
                standing.outside.at<float>(y, x) <= level * standing.limit.at<float>(y, x))
                continue;
            at = static_cast<int>(all.size());
            Spot& spot = all.emplace_back();
            spot.region = {labels.cols, labels.rows, 0, 0, 0};
            spot.is_bright = planes.frame.at<float>(y, x) > planes.middle(y, x);
            if (!outer.empty()) spot.within = outer.at<int>(y, x);
        }
    }
    for (int y = 0; y < labels.rows; ++y) {
        for (int x = 0; x < labels.cols; ++x) {
            const int at = place[static_cast<std::size_t>(labels.at<int>(y, x))];
            if (at < 0) continue;
            index.at<int>(y, x) = at;
            Spot& spot = all[static_cast<std::size_t>(at)];
            spot.pixels.push_back(y * labels.cols + x);
            Region& box = spot.region;
            box = {std::min(box.x0, x), std::min(box.y0, y), std::max(box.x1, x + 1), std::max(box.y1, y + 1),
                   box.area_px + 1};
        }
    }
    return index;
}

/// OpenCV's errors as ours.
template <typename Work>
auto guarded(const Work& work) {
    try {
        motion::pin_opencv_threads();
        return work();
    } catch (const cv::Exception& problem) {
        throw Error(problem.code == cv::Error::StsNoMem ? ErrorKind::OutOfMemory : ErrorKind::Internal,
                    std::string("looking for dust: ") + problem.what());
    }
}

}  // namespace

std::vector<Spot> spots(const Evidence& evidence) {
    return guarded([&] {
        const Planes planes = planes_of(evidence, 1);
        const Standing standing = standing_of(planes);
        std::vector<Spot> all;
        cv::Mat index, lowest;
        for (const float level : levels) {
            index = find_at(level, planes, standing, index, all);
            if (lowest.empty()) lowest = index >= 0;
        }
        const Surroundings surroundings(evidence, lowest);
        for (Spot& spot : all) {
            tell_contrast(spot, planes, standing.outside);
            surroundings.tell(spot);
        }
        return all;
    });
}

at::Tensor suspects(const Evidence& evidence) {
    return guarded([&] {
        const Planes planes = planes_of(evidence, 1);
        std::vector<Spot> all;
        cv::Mat wide;
        cv::dilate(find_at(levels.front(), planes, standing_of(planes), {}, all) >= 0, wide,
                   cv::Mat::ones(3, 3, CV_8U));
        return at::from_blob(wide.data, {1, wide.rows, wide.cols}, at::kByte)
            .to(evidence.frame.device(), at::kBool);
    });
}

}  // namespace wetgate::passes::dust

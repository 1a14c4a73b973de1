#include "motion/track.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <opencv2/calib3d.hpp>
#include <opencv2/core.hpp>
#include <string>

#include "core/error.h"
#include "motion/followed.h"

namespace wetgate::motion {
namespace {

constexpr double inlier_px = 1.5;
constexpr int least_inliers = 16;
constexpr double least_share = 0.25;
constexpr int ransac_rounds = 2000;
constexpr int ransac_seed = 20011;
constexpr double most_area_change = 4;  // of the picture in one step
constexpr double singular = 1e-12;

Homography scaled(const cv::Mat& found, double scale) {
    Homography map;
    for (int i = 0; i < 9; ++i) map.m[static_cast<std::size_t>(i)] = found.at<double>(i / 3, i % 3);
    map.m[2] /= scale;
    map.m[5] /= scale;
    map.m[6] *= scale;
    map.m[7] *= scale;
    return map;
}

/// A camera does not turn its picture inside out from one frame to another.
bool is_sane(const Homography& map, double width, double height) {
    const std::array<std::array<double, 2>, 4> corners = {map.at(0, 0), map.at(width, 0),
                                                          map.at(width, height), map.at(0, height)};
    double area = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        const auto& here = corners[i];
        const auto& next = corners[(i + 1) % 4];
        const auto& after = corners[(i + 2) % 4];
        const double turn =
            (next[0] - here[0]) * (after[1] - next[1]) - (next[1] - here[1]) * (after[0] - next[0]);
        if (!(turn > 0)) return false;  // NaN too
        area += 0.5 * (here[0] * next[1] - here[1] * next[0]);
    }
    const double change = area / (width * height);
    return change < most_area_change && change > 1 / most_area_change;
}

CameraStep unknown(TrackProblem problem) {
    CameraStep step;
    step.problem = problem;
    return step;
}

CameraStep found_step(const FollowedPoints& points, double width, double height) {
    std::vector<cv::Point2f> first, second;
    for (const auto& [x, y] : points.from) first.emplace_back(x, y);
    for (const auto& [x, y] : points.to) second.emplace_back(x, y);
    cv::UsacParams search;
    search.randomGeneratorState = ransac_seed;
    search.isParallel = false;
    search.maxIterations = ransac_rounds;
    search.threshold = inlier_px;
    search.confidence = 0.999;
    cv::Mat agrees;
    const cv::Mat rough = cv::findHomography(first, second, agrees, search);
    if (rough.empty()) return unknown(TrackProblem::NoAgreement);
    std::vector<cv::Point2f> inliers, moved;
    for (std::size_t i = 0; i < first.size(); ++i) {
        if (agrees.at<std::uint8_t>(static_cast<int>(i)) == 0) continue;
        inliers.push_back(first[i]);
        moved.push_back(second[i]);
    }
    CameraStep step;
    step.inliers = static_cast<int>(inliers.size());
    step.inlier_share = static_cast<double>(inliers.size()) / static_cast<double>(first.size());
    if (step.inliers < least_inliers || step.inlier_share < least_share)
        return unknown(TrackProblem::NoAgreement);
    const cv::Mat refined = cv::findHomography(inliers, moved, 0);
    const double scale = points.scale;
    step.map = scaled(refined.empty() ? rough : refined, scale);
    if (!is_sane(step.map, width, height)) return unknown(TrackProblem::NoAgreement);
    double sum = 0;
    for (std::size_t i = 0; i < inliers.size(); ++i) {
        const auto [x, y] = step.map.at(inliers[i].x / scale, inliers[i].y / scale);
        sum += std::pow(x - moved[i].x / scale, 2) + std::pow(y - moved[i].y / scale, 2);
    }
    step.residual_px = std::sqrt(sum / step.inliers);
    return step;
}

}  // namespace

std::array<double, 2> Homography::at(double x, double y) const {
    const double w = m[6] * x + m[7] * y + m[8];
    if (!(w > singular)) {
        constexpr double nowhere = std::numeric_limits<double>::quiet_NaN();
        return {nowhere, nowhere};
    }
    return {(m[0] * x + m[1] * y + m[2]) / w, (m[3] * x + m[4] * y + m[5]) / w};
}

Homography Homography::then(const Homography& next) const {
    Homography both;
    for (std::size_t row = 0; row < 3; ++row) {
        for (std::size_t column = 0; column < 3; ++column) {
            double& sum = both.m[3 * row + column] = 0;
            for (std::size_t k = 0; k < 3; ++k) sum += next.m[3 * row + k] * m[3 * k + column];
        }
    }
    if (both.m[8] > singular) {
        const double unit = both.m[8];
        for (double& value : both.m) value /= unit;
    }
    return both;
}

std::optional<Homography> Homography::inverse() const {
    const auto minor = [&](std::size_t a, std::size_t b, std::size_t c, std::size_t d) {
        return m[a] * m[d] - m[b] * m[c];
    };
    const double determinant = m[0] * minor(4, 5, 7, 8) - m[1] * minor(3, 5, 6, 8) + m[2] * minor(3, 4, 6, 7);
    if (!(std::abs(determinant) > singular) || !std::isfinite(determinant)) return std::nullopt;
    Homography back;
    back.m = {minor(4, 5, 7, 8), minor(2, 1, 8, 7), minor(1, 2, 4, 5), minor(5, 3, 8, 6), minor(0, 2, 6, 8),
              minor(2, 0, 5, 3), minor(3, 4, 6, 7), minor(1, 0, 7, 6), minor(0, 1, 3, 4)};
    const double unit = std::abs(back.m[8]) > singular ? back.m[8] : determinant;
    for (double& value : back.m) value /= unit;
    return back;
}

const char* name_of(TrackProblem problem) {
    switch (problem) {
        case TrackProblem::Flat:
            return "flat";
        case TrackProblem::FewMatches:
            return "few matches";
        case TrackProblem::NoAgreement:
            return "no agreement";
        case TrackProblem::None:
            break;
    }
    return "";
}

CameraStep camera_step(const GrayImage& from, const GrayImage& to, const GrayImage* left_out_from,
                       const GrayImage* left_out_to) {
    return camera_step(followed_points(from, to, left_out_from, left_out_to), from.width, from.height);
}

CameraStep camera_step(const FollowedPoints& points, int width, int height) {
    if (points.problem != TrackProblem::None) return unknown(points.problem);
    try {
        return found_step(points, width, height);
    } catch (const cv::Exception& problem) {
        throw Error(problem.code == cv::Error::StsNoMem ? ErrorKind::OutOfMemory : ErrorKind::Internal,
                    std::string("camera track: ") + problem.what());
    }
}

std::optional<Homography> chained(std::span<const CameraStep> steps, std::size_t from, std::size_t to) {
    if (std::max(from, to) >= steps.size()) return std::nullopt;
    Homography way;
    for (std::size_t i = std::min(from, to) + 1; i <= std::max(from, to); ++i) {
        if (!steps[i].is_known()) return std::nullopt;
        way = way.then(steps[i].map);
    }
    return from <= to ? std::optional(way) : way.inverse();
}

}  // namespace wetgate::motion

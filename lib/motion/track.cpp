#include "motion/track.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <opencv2/calib3d.hpp>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/video/tracking.hpp>
#include <string>

#include "core/error.h"
#include "motion/opencv_threads.h"

namespace wetgate::motion {
namespace {

constexpr int most_side_px = 1280;  // points are followed at no larger size: precise to a tenth of a pixel
constexpr int most_points = 1200;
constexpr double least_corner = 0.003;   // of the strongest corner
constexpr double least_strength = 2e-5;  // of a corner at all: an edge of about 3 in 255 levels
constexpr int corner_block_px = 5;
constexpr int window_px = 21;
constexpr int pyramid_levels = 5;
constexpr int matte_margin_px = 10;  // half the window: what moves with the matte is not followed
constexpr float most_round_trip_px = 0.7F;
constexpr int patch_px = 15;
constexpr double least_likeness = 0.8;  // correlation of the patches around a point and where it is found
constexpr double inlier_px = 1.5;
constexpr int least_inliers = 16;
constexpr double least_share = 0.25;
constexpr int ransac_rounds = 2000;
constexpr int ransac_seed = 20011;
constexpr double most_area_change = 4;  // of the picture in one step
constexpr double singular = 1e-12;

cv::Mat view(const GrayImage& image) {
    // OpenCV's Mat has no const view; it is only read from here.
    return {image.height, image.width, CV_8UC1, const_cast<std::uint8_t*>(image.pixels.data())};
}

cv::Mat smaller(const cv::Mat& picture, double scale, int interpolation) {
    if (scale == 1) return picture;
    cv::Mat result;
    cv::resize(picture, result, {}, scale, scale, interpolation);
    return result;
}

/// 255 where points may lie.
cv::Mat usable(const GrayImage* left_out, double scale, const cv::Size& size) {
    cv::Mat mask(size, CV_8UC1, cv::Scalar(255));
    if (left_out == nullptr) return mask;
    cv::Mat covered;
    cv::resize(view(*left_out) != 0, covered, size, 0, 0, scale == 1 ? cv::INTER_NEAREST : cv::INTER_AREA);
    const int side = 2 * matte_margin_px + 1;
    cv::dilate(covered, covered, cv::Mat::ones(side, side, CV_8UC1));
    mask.setTo(0, covered != 0);
    return mask;
}

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

/// Correlation of the patches around two points: whatever the exposure.
double likeness(const cv::Mat& from, const cv::Point2f& here, const cv::Mat& to, const cv::Point2f& there) {
    cv::Mat first, second, score;
    const cv::Size patch(patch_px, patch_px);
    cv::getRectSubPix(from, patch, here, first);
    cv::getRectSubPix(to, patch, there, second);
    cv::matchTemplate(first, second, score, cv::TM_CCOEFF_NORMED);
    return static_cast<double>(score.at<float>(0, 0));
}

CameraStep found_step(const cv::Mat& from, const cv::Mat& to, const cv::Mat& usable_from,
                      const cv::Mat& usable_to, double scale) {
    std::vector<cv::Point2f> corners;
    cv::Mat strength;
    cv::cornerMinEigenVal(from, strength, corner_block_px);
    double strongest = 0;
    cv::minMaxLoc(strength, nullptr, &strongest, nullptr, nullptr, usable_from);
    if (!(strongest > least_strength)) return unknown(TrackProblem::Flat);
    const double apart_px = std::max(3.0, std::sqrt(0.25 * from.cols * from.rows / most_points));
    cv::goodFeaturesToTrack(from, corners, most_points,
                            std::clamp(least_strength / strongest, least_corner, 0.999), apart_px,
                            usable_from, corner_block_px);
    if (static_cast<int>(corners.size()) < least_inliers) return unknown(TrackProblem::Flat);

    std::vector<cv::Point2f> there, back;
    std::vector<std::uint8_t> is_there, is_back;
    std::vector<float> error;
    const cv::Size window(window_px, window_px);
    const cv::TermCriteria until(cv::TermCriteria::COUNT + cv::TermCriteria::EPS, 30, 0.005);
    cv::calcOpticalFlowPyrLK(from, to, corners, there, is_there, error, window, pyramid_levels, until);
    cv::calcOpticalFlowPyrLK(to, from, there, back, is_back, error, window, pyramid_levels, until);
    std::vector<cv::Point2f> first, second;
    const cv::Rect inside(0, 0, to.cols, to.rows);
    for (std::size_t i = 0; i < corners.size(); ++i) {
        const cv::Point2f way = back[i] - corners[i];
        if (is_there[i] == 0 || is_back[i] == 0 || !(std::hypot(way.x, way.y) < most_round_trip_px)) continue;
        const cv::Point place(cvFloor(there[i].x), cvFloor(there[i].y));
        if (!inside.contains(place) || usable_to.at<std::uint8_t>(place) == 0) continue;
        if (!(likeness(from, corners[i], to, there[i]) > least_likeness)) continue;
        first.push_back(corners[i]);
        second.push_back(there[i]);
    }
    if (static_cast<int>(first.size()) < least_inliers) return unknown(TrackProblem::FewMatches);

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
    step.map = scaled(refined.empty() ? rough : refined, scale);
    if (!is_sane(step.map, from.cols / scale, from.rows / scale)) return unknown(TrackProblem::NoAgreement);
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
    for (const GrayImage* image : {&from, &to, left_out_from, left_out_to}) {
        if (image == nullptr) continue;
        const std::size_t area = static_cast<std::size_t>(std::max(0, image->width)) *
                                 static_cast<std::size_t>(std::max(0, image->height));
        if (image->width != from.width || image->height != from.height || image->pixels.size() != area)
            throw Error(ErrorKind::Internal, "a camera step between pictures of different sizes");
    }
    if (std::min(from.width, from.height) < window_px) return unknown(TrackProblem::Flat);
    const double scale = std::min(1.0, static_cast<double>(most_side_px) / std::max(from.width, from.height));
    try {
        pin_opencv_threads();
        const cv::Mat first = smaller(view(from), scale, cv::INTER_AREA);
        const cv::Mat second = smaller(view(to), scale, cv::INTER_AREA);
        return found_step(first, second, usable(left_out_from, scale, first.size()),
                          usable(left_out_to, scale, first.size()), scale);
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

#include "motion/followed.h"

#include <algorithm>
#include <cmath>
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

/// Correlation of the patches around two points: whatever the exposure.
double likeness(const cv::Mat& from, const cv::Point2f& here, const cv::Mat& to, const cv::Point2f& there) {
    cv::Mat first, second, score;
    const cv::Size patch(patch_px, patch_px);
    cv::getRectSubPix(from, patch, here, first);
    cv::getRectSubPix(to, patch, there, second);
    cv::matchTemplate(first, second, score, cv::TM_CCOEFF_NORMED);
    return static_cast<double>(score.at<float>(0, 0));
}

FollowedPoints found_again(const cv::Mat& from, const cv::Mat& to, const cv::Mat& usable_from,
                           const cv::Mat& usable_to, double scale) {
    FollowedPoints points;
    points.scale = scale;
    const auto none = [&](TrackProblem problem) {
        points.problem = problem;
        return points;
    };
    std::vector<cv::Point2f> corners;
    cv::Mat strength;
    cv::cornerMinEigenVal(from, strength, corner_block_px);
    double strongest = 0;
    cv::minMaxLoc(strength, nullptr, &strongest, nullptr, nullptr, usable_from);
    if (!(strongest > least_strength)) return none(TrackProblem::Flat);
    const double apart_px = std::max(3.0, std::sqrt(0.25 * from.cols * from.rows / most_points));
    cv::goodFeaturesToTrack(from, corners, most_points,
                            std::clamp(least_strength / strongest, least_corner, 0.999), apart_px,
                            usable_from, corner_block_px);
    if (static_cast<int>(corners.size()) < least_followed) return none(TrackProblem::Flat);

    std::vector<cv::Point2f> there, back;
    std::vector<std::uint8_t> is_there, is_back;
    std::vector<float> error;
    const cv::Size window(window_px, window_px);
    const cv::TermCriteria until(cv::TermCriteria::COUNT + cv::TermCriteria::EPS, 30, 0.005);
    cv::calcOpticalFlowPyrLK(from, to, corners, there, is_there, error, window, pyramid_levels, until);
    cv::calcOpticalFlowPyrLK(to, from, there, back, is_back, error, window, pyramid_levels, until);
    const cv::Rect inside(0, 0, to.cols, to.rows);
    for (std::size_t i = 0; i < corners.size(); ++i) {
        const cv::Point2f way = back[i] - corners[i];
        if (is_there[i] == 0 || is_back[i] == 0 || !(std::hypot(way.x, way.y) < most_round_trip_px)) continue;
        const cv::Point place(cvFloor(there[i].x), cvFloor(there[i].y));
        if (!inside.contains(place) || usable_to.at<std::uint8_t>(place) == 0) continue;
        if (!(likeness(from, corners[i], to, there[i]) > least_likeness)) continue;
        points.from.push_back({corners[i].x, corners[i].y});
        points.to.push_back({there[i].x, there[i].y});
    }
    if (static_cast<int>(points.from.size()) < least_followed) points.problem = TrackProblem::FewMatches;
    return points;
}

}  // namespace

FollowedPoints followed_points(const GrayImage& from, const GrayImage& to, const GrayImage* left_out_from,
                               const GrayImage* left_out_to) {
    for (const GrayImage* image : {&from, &to, left_out_from, left_out_to}) {
        if (image == nullptr) continue;
        const std::size_t area = static_cast<std::size_t>(std::max(0, image->width)) *
                                 static_cast<std::size_t>(std::max(0, image->height));
        if (image->width != from.width || image->height != from.height || image->pixels.size() != area)
            throw Error(ErrorKind::Internal, "a camera step between pictures of different sizes");
    }
    if (std::min(from.width, from.height) < window_px)
        return {.problem = TrackProblem::Flat, .from = {}, .to = {}};
    const double scale = std::min(1.0, static_cast<double>(most_side_px) / std::max(from.width, from.height));
    try {
        pin_opencv_threads();
        const cv::Mat first = smaller(view(from), scale, cv::INTER_AREA);
        const cv::Mat second = smaller(view(to), scale, cv::INTER_AREA);
        return found_again(first, second, usable(left_out_from, scale, first.size()),
                           usable(left_out_to, scale, first.size()), scale);
    } catch (const cv::Exception& problem) {
        throw Error(problem.code == cv::Error::StsNoMem ? ErrorKind::OutOfMemory : ErrorKind::Internal,
                    std::string("camera track: ") + problem.what());
    }
}

}  // namespace wetgate::motion

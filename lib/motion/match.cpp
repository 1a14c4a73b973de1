#include "motion/match.h"

#include <algorithm>
#include <opencv2/calib3d.hpp>
#include <opencv2/core.hpp>
#include <opencv2/features2d.hpp>
#include <set>
#include <string>

#include "core/error.h"
#include "motion/opencv_threads.h"

namespace wetgate::motion {
namespace {

constexpr int most_features = 4000;
constexpr double contrast_threshold = 0.02;
constexpr float most_ratio = 0.75F;
constexpr double agreement_share = 0.02;  // of the width: near and far parts of a scene shift differently
constexpr double tight_px = 2.0;
constexpr int ransac_rounds = 5000;
constexpr int ransac_seed = 20023;
constexpr std::size_t least_matches = 8;
constexpr int grid = 8;

[[noreturn]] void rethrow(const cv::Exception& problem) {
    throw Error(problem.code == cv::Error::StsNoMem ? ErrorKind::OutOfMemory : ErrorKind::Internal,
                std::string("picture match: ") + problem.what());
}

/// For each feature of `from` the one of `to` that is clearly nearest, or -1.
std::vector<int> nearest(const cv::Mat& from, const cv::Mat& to) {
    std::vector<std::vector<cv::DMatch>> pairs;
    cv::BFMatcher(cv::NORM_L2).knnMatch(from, to, pairs, 2);
    std::vector<int> best(static_cast<std::size_t>(from.rows), -1);
    for (const auto& pair : pairs) {
        if (pair.size() < 2 || !(pair[0].distance < most_ratio * pair[1].distance)) continue;
        best[static_cast<std::size_t>(pair[0].queryIdx)] = pair[0].trainIdx;
    }
    return best;
}

}  // namespace

struct PictureFeatures::Found {
    int width = 0, height = 0;
    std::vector<cv::KeyPoint> points;
    cv::Mat descriptors;
};

PictureFeatures::PictureFeatures(const GrayImage& picture) : found_(std::make_unique<Found>()) {
    found_->width = picture.width;
    found_->height = picture.height;
    if (std::min(picture.width, picture.height) < 16) return;
    try {
        pin_opencv_threads();
        // OpenCV's Mat has no const view; it is only read from here.
        const cv::Mat view(picture.height, picture.width, CV_8UC1,
                           const_cast<std::uint8_t*>(picture.pixels.data()));
        cv::SIFT::create(most_features, 3, contrast_threshold)
            ->detectAndCompute(view, cv::noArray(), found_->points, found_->descriptors);
    } catch (const cv::Exception& problem) {
        rethrow(problem);
    }
}

PictureFeatures::~PictureFeatures() = default;
PictureFeatures::PictureFeatures(PictureFeatures&&) noexcept = default;
PictureFeatures& PictureFeatures::operator=(PictureFeatures&&) noexcept = default;

PictureMatch match_pictures(const PictureFeatures& first, const PictureFeatures& second) {
    const PictureFeatures::Found& from = first.found();
    const PictureFeatures::Found& to = second.found();
    PictureMatch match;
    if (from.descriptors.rows < 2 || to.descriptors.rows < 2) return match;
    try {
        pin_opencv_threads();
        const std::vector<int> there = nearest(from.descriptors, to.descriptors);
        const std::vector<int> back = nearest(to.descriptors, from.descriptors);
        std::vector<cv::Point2f> here_points, there_points;
        for (std::size_t i = 0; i < there.size(); ++i) {
            if (there[i] < 0 || back[static_cast<std::size_t>(there[i])] != static_cast<int>(i)) continue;
            here_points.push_back(from.points[i].pt);
            there_points.push_back(to.points[static_cast<std::size_t>(there[i])].pt);
        }
        if (here_points.size() < least_matches) return match;
        cv::UsacParams search;
        search.randomGeneratorState = ransac_seed;
        search.isParallel = false;
        search.maxIterations = ransac_rounds;
        search.threshold = tight_px;
        search.confidence = 0.999;
        cv::Mat agrees;
        const cv::Mat found = cv::findHomography(here_points, there_points, agrees, search);
        if (found.empty()) return match;
        Homography map;
        for (int i = 0; i < 9; ++i) map.m[static_cast<std::size_t>(i)] = found.at<double>(i / 3, i % 3);
        std::set<int> cells;
        std::set<std::pair<int, int>> places;  // a corner that several features name counts once
        for (std::size_t i = 0; i < here_points.size(); ++i) {
            const auto [x, y] = map.at(here_points[i].x, here_points[i].y);
            const double off = std::hypot(x - there_points[i].x, y - there_points[i].y);
            if (!(off < std::max(tight_px, agreement_share * to.width))) continue;
            if (!places.emplace(static_cast<int>(here_points[i].x), static_cast<int>(here_points[i].y))
                     .second)
                continue;
            ++match.matches;
            cells.insert(static_cast<int>(here_points[i].y) * grid / from.height * grid +
                         static_cast<int>(here_points[i].x) * grid / from.width);
        }
        match.cells = static_cast<int>(cells.size());
        match.map = map;
    } catch (const cv::Exception& problem) {
        rethrow(problem);
    }
    return match;
}

}  // namespace wetgate::motion

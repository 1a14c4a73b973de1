#include "framing/subjects.h"

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <utility>
#include <vector>

#include "core/error.h"
#include "framing/mouth.h"
#include "framing/standout.h"
#include "motion/flow.h"
#include "motion/opencv_threads.h"
#include "motion/track.h"

namespace wetgate::framing {
namespace {

constexpr int grid_cells = 16;           // along the longer side
constexpr int motion_side_px = 320;      // motion is looked at no larger than this
constexpr double least_motion_px = 1.0;  // against the camera, at that size: less is flow's own error
constexpr double most_moving = 0.35;     // of the picture: more is parallax, not a subject
constexpr double motion_weight = 0.5;    // of the grid, where something moves
constexpr std::size_t most_boxes = 4;    // of a kind

cv::Mat view(const ColorPicture& picture) {
    // OpenCV's Mat has no const view; it is only read from here.
    return {picture.height, picture.width, CV_8UC3, const_cast<std::uint8_t*>(picture.pixels.data())};
}

motion::GrayImage gray(const ColorPicture& picture) {
    cv::Mat small;
    const double scale =
        std::min(1.0, static_cast<double>(motion_side_px) / std::max(picture.width, picture.height));
    cv::resize(view(picture), small, {}, scale, scale, cv::INTER_AREA);
    cv::cvtColor(small, small, cv::COLOR_BGR2GRAY);
    motion::GrayImage result{small.cols, small.rows, {}};
    for (int y = 0; y < small.rows; ++y)
        result.pixels.insert(result.pixels.end(), small.ptr<std::uint8_t>(y),
                             small.ptr<std::uint8_t>(y) + small.cols);
    return result;
}

/// Where a picture shows nothing that flow could follow: clear sky, a wall.
cv::Mat flat(const motion::GrayImage& picture) {
    constexpr double least_slope = 2.5;  // of 255, a pixel, mean over what is around
    const cv::Mat levels(picture.height, picture.width, CV_8UC1,
                         const_cast<std::uint8_t*>(picture.pixels.data()));
    cv::Mat x, y, slope;
    cv::Scharr(levels, x, CV_32F, 1, 0, 1.0 / 32);
    cv::Scharr(levels, y, CV_32F, 0, 1, 1.0 / 32);
    cv::magnitude(x, y, slope);
    cv::blur(slope, slope, {15, 15});
    return slope < least_slope;
}

/// Speed against the camera in pixels of the picture for motion, seen at the place in `to`; empty where the
/// camera's own motion is not known.
cv::Mat own_motion(const motion::GrayImage& from, const motion::GrayImage& to) {
    // Backwards, so that places are those of the newer picture.
    const motion::CameraStep step = motion::camera_step(to, from);
    if (!step.is_known()) return {};
    const motion::FlowField flow = motion::dense_flow(to, from, motion::FlowQuality::Fast);
    cv::Mat speed(to.height, to.width, CV_32F);
    for (int y = 0; y < to.height; ++y) {
        for (int x = 0; x < to.width; ++x) {
            const auto pixel = static_cast<std::size_t>(y) * static_cast<std::size_t>(to.width) +
                               static_cast<std::size_t>(x);
            const auto [u, v] = step.map.at(x, y);
            const double apart = std::hypot(x + static_cast<double>(flow.dx(pixel)) - u,
                                            y + static_cast<double>(flow.dy(pixel)) - v);
            speed.at<float>(y, x) = std::isfinite(apart) ? static_cast<float>(apart) : 0.0F;
        }
    }
    cv::blur(speed, speed, {7, 7});
    speed.setTo(0, flat(to));
    return speed;
}

/// Where along x (0) or y (1) all of `weight` but a twentieth at either end lies, as shares of the side: thin
/// parts that reach far out do not make a subject larger.
std::pair<double, double> middle_of_weight(const cv::Mat& weight, int axis) {
    constexpr double left_out = 0.05;
    cv::Mat sums;
    cv::reduce(weight, sums, axis, cv::REDUCE_SUM, CV_64F);
    const auto* sum = sums.ptr<double>();
    const auto count = static_cast<int>(sums.total());
    double total = 0;
    for (int i = 0; i < count; ++i) total += sum[i];
    double first = 0;
    double last = count;
    double before = 0;
    for (int i = 0; i < count; ++i) {
        const double after = before + sum[i];
        const auto crosses = [&](double at) { return before < at && after >= at; };
        if (crosses(left_out * total)) first = i + (left_out * total - before) / sum[i];
        if (crosses((1 - left_out) * total)) last = i + ((1 - left_out) * total - before) / sum[i];
        before = after;
    }
    return {first / count, last / count};
}

/// `map`, less towards the borders. What draws the eye does so in the middle of a picture sooner, but how far
/// it reaches has nothing to do with that.
cv::Mat near_middle(const cv::Mat& map) {
    constexpr double sigma = 0.3;  // of a side
    cv::Mat weighed = map.clone();
    for (int y = 0; y < map.rows; ++y) {
        for (int x = 0; x < map.cols; ++x) {
            const double off_x = ((x + 0.5) / map.cols - 0.5) / sigma;
            const double off_y = ((y + 0.5) / map.rows - 0.5) / sigma;
            weighed.at<float>(y, x) *= static_cast<float>(std::exp(-0.5 * (off_x * off_x + off_y * off_y)));
        }
    }
    return weighed;
}

/// Connected parts of `mask`, as far as `weight` reaches in them, with their share of `pull`'s sum, the
/// heaviest first.
std::vector<Subject> parts_of(const cv::Mat& mask, const cv::Mat& weight, const cv::Mat& pull,
                              SubjectKind kind, double least_area, double most_area) {
    cv::Mat labels;
    cv::Mat stats;
    cv::Mat middles;
    const int count = cv::connectedComponentsWithStats(mask, labels, stats, middles, 8, CV_32S);
    const double total = std::max(cv::sum(pull)[0], 1e-9);
    std::vector<Subject> parts;
    for (int label = 1; label < count; ++label) {
        const double share = stats.at<int>(label, cv::CC_STAT_AREA) / static_cast<double>(mask.total());
        if (share < least_area || share > most_area) continue;
        cv::Mat inside = cv::Mat::zeros(weight.size(), CV_32F);
        weight.copyTo(inside, labels == label);
        const auto [left, right] = middle_of_weight(inside, 0);
        const auto [top, bottom] = middle_of_weight(inside, 1);
        const Area area = {left, top, right, bottom};
        cv::Mat pulling = cv::Mat::zeros(pull.size(), CV_32F);
        pull.copyTo(pulling, labels == label);
        parts.push_back({kind, area, std::min(1.0, cv::sum(pulling)[0] / total), {}});
    }
    std::stable_sort(parts.begin(), parts.end(),
                     [](const Subject& a, const Subject& b) { return a.confidence > b.confidence; });
    if (parts.size() > most_boxes) parts.resize(most_boxes);
    return parts;
}

cv::Mat view(const motion::FloatPlane& plane) {
    return {plane.height, plane.width, CV_32F, const_cast<float*>(plane.values.data())};
}

}  // namespace

FrameEvidence find_subjects(const ColorPicture& picture, const ColorPicture* before,
                            const FaceFinder* faces) {
    const auto is_whole = [](const ColorPicture& of) {
        return of.width > 0 && of.height > 0 &&
               of.pixels.size() ==
                   3 * static_cast<std::size_t>(of.width) * static_cast<std::size_t>(of.height);
    };
    if (!is_whole(picture) || (before != nullptr && (!is_whole(*before) || before->width != picture.width ||
                                                     before->height != picture.height)))
        throw Error(ErrorKind::Internal, "subjects are looked for in pictures of unlike or no size");
    motion::pin_opencv_threads();

    FrameEvidence evidence;
    const double cell = static_cast<double>(std::max(picture.width, picture.height)) / grid_cells;
    evidence.columns = std::max(1, static_cast<int>(std::lround(picture.width / cell)));
    evidence.rows = std::max(1, static_cast<int>(std::lround(picture.height / cell)));
    const cv::Size grid_size(evidence.columns, evidence.rows);

    if (faces != nullptr) {
        for (FoundFace& face : faces->find(picture)) {
            if (before != nullptr) face.subject.mouth = mouth_motion(*before, picture, face.marks);
            evidence.subjects.push_back(std::move(face.subject));
        }
    }

    const motion::FloatPlane drawing = standout(picture);
    const cv::Mat out = view(drawing);
    cv::Scalar mean;
    cv::Scalar spread;
    cv::meanStdDev(out, mean, spread);
    const cv::Mat eye = near_middle(out);
    cv::Mat grid;
    cv::resize(eye, grid, grid_size, 0, 0, cv::INTER_AREA);
    const std::vector<Subject> standing =
        parts_of(out > mean[0] + spread[0], out, eye, SubjectKind::Standout, 0.01, 0.4);
    evidence.subjects.insert(evidence.subjects.end(), standing.begin(), standing.end());

    if (before != nullptr) {
        const cv::Mat speed = own_motion(gray(*before), gray(picture));
        if (!speed.empty()) {
            const cv::Mat moves = speed > least_motion_px;
            const double share = cv::countNonZero(moves) / static_cast<double>(moves.total());
            if (share > 0 && share < most_moving) {
                cv::Mat moving;
                speed.copyTo(moving, moves);
                cv::Mat moving_grid;
                cv::resize(moving, moving_grid, grid_size, 0, 0, cv::INTER_AREA);
                const double weight = motion_weight * std::min(1.0, share / 0.01);
                grid = grid / std::max(cv::mean(grid)[0], 1e-6) +
                       moving_grid * (weight / std::max(cv::mean(moving_grid)[0], 1e-6));
                const std::vector<Subject> movers =
                    parts_of(moves, moving, moving, SubjectKind::Moving, 0.002, most_moving);
                evidence.subjects.insert(evidence.subjects.end(), movers.begin(), movers.end());
            }
        }
    }
    double most = 0;
    cv::minMaxLoc(grid, nullptr, &most);
    for (int y = 0; y < grid.rows; ++y) {
        for (int x = 0; x < grid.cols; ++x) {
            const double level = most > 0 ? 255.0 * static_cast<double>(grid.at<float>(y, x)) / most : 0.0;
            evidence.weights.push_back(static_cast<std::uint8_t>(std::lround(level)));
        }
    }
    return evidence;
}

}  // namespace wetgate::framing

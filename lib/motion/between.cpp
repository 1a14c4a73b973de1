#include "motion/between.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <opencv2/imgproc.hpp>
#include <string>

#include "core/error.h"

namespace wetgate::motion {
namespace {

constexpr double trip_scale_px = 0.5;  // a vector whose way back misses by so much counts a third
constexpr double least_weight = 1e-3;  // but never for nothing
constexpr float least_total = 1e-3F;

/// Sums of vectors and weights, three to a pixel.
cv::Mat carried(const FlowField& flow, const std::vector<float>& trip_px, double t, float sign) {
    cv::Mat sums = cv::Mat::zeros(flow.height, flow.width, CV_32FC3);
    for (int y = 0; y < flow.height; ++y) {
        for (int x = 0; x < flow.width; ++x) {
            const std::size_t i = static_cast<std::size_t>(y) * static_cast<std::size_t>(flow.width) +
                                  static_cast<std::size_t>(x);
            const double to_x = x + t * static_cast<double>(flow.dx(i));
            const double to_y = y + t * static_cast<double>(flow.dy(i));
            if (!(to_x > -1 && to_y > -1 && to_x < flow.width && to_y < flow.height)) continue;
            const double weight = std::exp(-static_cast<double>(trip_px[i]) / trip_scale_px) + least_weight;
            const int x0 = static_cast<int>(std::floor(to_x));
            const int y0 = static_cast<int>(std::floor(to_y));
            for (const int yy : {y0, y0 + 1}) {
                for (const int xx : {x0, x0 + 1}) {
                    if (xx < 0 || yy < 0 || xx >= flow.width || yy >= flow.height) continue;
                    const auto share =
                        static_cast<float>(weight * (1 - std::abs(to_x - xx)) * (1 - std::abs(to_y - yy)));
                    sums.at<cv::Vec3f>(yy, xx) +=
                        cv::Vec3f(sign * share * flow.dx(i), sign * share * flow.dy(i), share);
                }
            }
        }
    }
    return sums;
}

/// The mean vector of `sums`; where there is none, that of ever wider surroundings.
cv::Mat filled(const cv::Mat& sums) {
    cv::Mat wider;
    if (std::min(sums.rows, sums.cols) > 1) {
        cv::Mat half;
        cv::resize(sums, half, {(sums.cols + 1) / 2, (sums.rows + 1) / 2}, 0, 0, cv::INTER_AREA);
        cv::resize(filled(half), wider, sums.size(), 0, 0, cv::INTER_LINEAR);
    } else {
        wider = cv::Mat::zeros(sums.size(), CV_32FC2);
    }
    cv::Mat mean(sums.size(), CV_32FC2);
    for (int y = 0; y < sums.rows; ++y) {
        for (int x = 0; x < sums.cols; ++x) {
            const auto& sum = sums.at<cv::Vec3f>(y, x);
            const bool is_known = sum[2] > least_total;
            mean.at<cv::Vec2f>(y, x) =
                is_known ? cv::Vec2f(sum[0] / sum[2], sum[1] / sum[2]) : wider.at<cv::Vec2f>(y, x);
        }
    }
    return mean;
}

}  // namespace

FlowBetween flow_between(const FlowField& forward, const FlowField& backward, double t) {
    FlowBetween between{{forward.width, forward.height, std::vector<float>(forward.vectors.size())},
                        std::vector<float>(forward.vectors.size() / 2)};
    try {
        const cv::Mat first = carried(forward, round_trip_px(forward, backward), t, 1);
        const cv::Mat second = carried(backward, round_trip_px(backward, forward), 1 - t, -1);
        cv::Mat target(forward.height, forward.width, CV_32FC2, between.flow.vectors.data());
        filled(first + second).copyTo(target);
        for (std::size_t i = 0; i < between.from_first.size(); ++i) {
            const float one = reinterpret_cast<const cv::Vec3f*>(first.data)[i][2];
            const float other = reinterpret_cast<const cv::Vec3f*>(second.data)[i][2];
            between.from_first[i] = one + other > 0 ? one / (one + other) : 0.5F;
        }
    } catch (const cv::Exception& problem) {
        throw Error(problem.code == cv::Error::StsNoMem ? ErrorKind::OutOfMemory : ErrorKind::Internal,
                    std::string("flow between frames: ") + problem.what());
    }
    return between;
}

}  // namespace wetgate::motion

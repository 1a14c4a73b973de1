#include "passes/remove_membrane.h"

#include <algorithm>
#include <opencv2/imgproc.hpp>
#include <vector>

namespace wetgate::passes::remove {
namespace {

constexpr int least_side_px = 3;
constexpr int rounds = 24;    // a level: a 100 px hole is then within 1e-3 of the limit
constexpr float over = 1.6F;  // relaxation beyond the mean of the neighbours

/// Means of the known pixels of each 2 x 2, and where there are any.
void halve(const cv::Mat& values, const cv::Mat& known, cv::Mat& small, cv::Mat& small_known) {
    const int channels = values.channels();
    const int width = (values.cols + 1) / 2;
    const int height = (values.rows + 1) / 2;
    small = cv::Mat::zeros(height, width, values.type());
    small_known = cv::Mat::zeros(height, width, CV_8UC1);
    for (int y = 0; y < height; ++y) {
        auto* mark = small_known.ptr<std::uint8_t>(y);
        auto* sums = small.ptr<float>(y);
        for (int x = 0; x < width; ++x) {
            int count = 0;
            for (int v = 2 * y; v < std::min(2 * y + 2, values.rows); ++v) {
                for (int u = 2 * x; u < std::min(2 * x + 2, values.cols); ++u) {
                    if (known.at<std::uint8_t>(v, u) == 0) continue;
                    ++count;
                    for (int c = 0; c < channels; ++c)
                        sums[x * channels + c] += values.ptr<float>(v)[u * channels + c];
                }
            }
            if (count == 0) continue;
            mark[x] = 1;
            for (int c = 0; c < channels; ++c) sums[x * channels + c] /= static_cast<float>(count);
        }
    }
}

void relax(cv::Mat& result, const cv::Mat& known) {
    const int channels = result.channels();
    std::vector<cv::Point> unknown;
    for (int y = 0; y < known.rows; ++y) {
        for (int x = 0; x < known.cols; ++x) {
            if (known.at<std::uint8_t>(y, x) == 0) unknown.emplace_back(x, y);
        }
    }
    for (int round = 0; round < rounds; ++round) {
        // There and back, so that what lies at one side reaches the other as fast.
        for (std::size_t i = 0; i < unknown.size(); ++i) {
            const auto [x, y] = unknown[round % 2 == 0 ? i : unknown.size() - 1 - i];
            float* here = result.ptr<float>(y) + x * channels;
            const float* up = result.ptr<float>(std::max(y - 1, 0)) + x * channels;
            const float* down = result.ptr<float>(std::min(y + 1, known.rows - 1)) + x * channels;
            const float* left = result.ptr<float>(y) + std::max(x - 1, 0) * channels;
            const float* right = result.ptr<float>(y) + std::min(x + 1, known.cols - 1) * channels;
            for (int c = 0; c < channels; ++c)
                here[c] += over * (0.25F * (up[c] + down[c] + left[c] + right[c]) - here[c]);
        }
    }
}

}  // namespace

cv::Mat membrane(const cv::Mat& values, const cv::Mat& known) {
    cv::Mat result = cv::Mat::zeros(values.size(), values.type());
    const int count = cv::countNonZero(known);
    if (count == 0) return result;
    if (static_cast<std::size_t>(count) == known.total()) return values.clone();
    if (std::min(values.cols, values.rows) >= least_side_px) {
        cv::Mat small, small_known;
        halve(values, known, small, small_known);
        cv::resize(membrane(small, small_known), result, values.size(), 0, 0, cv::INTER_LINEAR);
    } else {
        result.setTo(cv::mean(values, known));
    }
    values.copyTo(result, known);
    relax(result, known);
    return result;
}

}  // namespace wetgate::passes::remove

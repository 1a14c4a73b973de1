#include "framing/standout.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "motion/opencv_threads.h"

namespace wetgate::framing {
namespace {

constexpr int longer_side_cells = 64;
constexpr int least_side_cells = 8;
constexpr double background_share = 0.3;

/// CIE Lab, float, of the picture made small.
cv::Mat small_lab(const ColorPicture& picture) {
    // OpenCV's Mat has no const view; it is only read from here.
    const cv::Mat full(picture.height, picture.width, CV_8UC3,
                       const_cast<std::uint8_t*>(picture.pixels.data()));
    const double scale = static_cast<double>(longer_side_cells) / std::max(picture.width, picture.height);
    const cv::Size size(std::max(least_side_cells, static_cast<int>(std::lround(picture.width * scale))),
                        std::max(least_side_cells, static_cast<int>(std::lround(picture.height * scale))));
    cv::Mat small;
    cv::resize(full, small, size, 0, 0, cv::INTER_AREA);
    small.convertTo(small, CV_32FC3, 1.0 / 255);
    cv::cvtColor(small, small, cv::COLOR_BGR2Lab);
    return small;
}

/// The map less what most of it has, mean 1; all 0 where nothing is left.
cv::Mat above_background(const cv::Mat& map) {
    std::vector<float> sorted;
    for (int y = 0; y < map.rows; ++y)
        sorted.insert(sorted.end(), map.ptr<float>(y), map.ptr<float>(y) + map.cols);
    const auto at = static_cast<std::ptrdiff_t>(background_share * static_cast<double>(sorted.size()));
    std::nth_element(sorted.begin(), sorted.begin() + at, sorted.end());
    cv::Mat above = cv::max(map - sorted[static_cast<std::size_t>(at)], 0);
    const double mean = cv::mean(above)[0];
    if (mean > 1e-6) above /= mean;
    return above;
}

cv::Mat spectral_residual(const cv::Mat& lightness) {
    cv::Mat spectrum;
    cv::dft(lightness, spectrum, cv::DFT_COMPLEX_OUTPUT);
    std::array<cv::Mat, 2> parts;
    cv::split(spectrum, parts);
    cv::Mat size;
    cv::magnitude(parts[0], parts[1], size);
    cv::Mat logarithm;
    cv::log(size + 1e-6, logarithm);
    cv::Mat smooth;
    cv::blur(logarithm, smooth, {3, 3});
    cv::Mat gain;
    cv::exp(logarithm - smooth, gain);
    for (cv::Mat& part : parts) part = part.mul(gain / (size + 1e-6));
    cv::merge(parts.data(), 2, spectrum);
    cv::idft(spectrum, spectrum, cv::DFT_SCALE);
    cv::split(spectrum, parts);
    cv::Mat result = parts[0].mul(parts[0]) + parts[1].mul(parts[1]);
    cv::GaussianBlur(result, result, {}, 2.5);
    return result;
}

cv::Mat length_of(const cv::Mat& lab) {
    std::array<cv::Mat, 3> parts;
    cv::split(lab, parts);
    cv::Mat length;
    cv::sqrt(parts[0].mul(parts[0]) + parts[1].mul(parts[1]) + parts[2].mul(parts[2]), length);
    return length;
}

cv::Mat unlike_surroundings(const cv::Mat& lab) {
    cv::Mat sum = cv::Mat::zeros(lab.size(), CV_32F);
    for (const double sigma : {4.0, 8.0, 16.0}) {
        cv::Mat around;
        cv::GaussianBlur(lab, around, {}, sigma, sigma, cv::BORDER_REFLECT);
        sum += length_of(lab - around);
    }
    return sum;
}

/// The least barrier (highest less lowest value) on a way from the border, by three raster scans.
cv::Mat barrier_from_border(const cv::Mat& plane) {
    cv::Mat highest;
    cv::copyMakeBorder(plane, highest, 1, 1, 1, 1, cv::BORDER_REPLICATE);
    const cv::Mat value = highest.clone();
    cv::Mat lowest = highest.clone();
    cv::Mat barrier(highest.size(), CV_32F, cv::Scalar(1e9));
    cv::rectangle(barrier, {0, 0, barrier.cols, barrier.rows}, cv::Scalar(0), 1);
    for (int scan = 0; scan < 3; ++scan) {
        const bool down = scan % 2 == 0;
        const int from = down ? -1 : 1;
        for (int i = 1; i < value.rows - 1; ++i) {
            const int y = down ? i : value.rows - 1 - i;
            for (int k = 1; k < value.cols - 1; ++k) {
                const int x = down ? k : value.cols - 1 - k;
                const float here = value.at<float>(y, x);
                const std::array<cv::Point, 2> ways = {cv::Point(x, y + from), cv::Point(x + from, y)};
                for (const cv::Point& way : ways) {
                    const float high = std::max(highest.at<float>(way), here);
                    const float low = std::min(lowest.at<float>(way), here);
                    if (high - low < barrier.at<float>(y, x)) {
                        barrier.at<float>(y, x) = high - low;
                        highest.at<float>(y, x) = high;
                        lowest.at<float>(y, x) = low;
                    }
                }
            }
        }
    }
    return barrier({1, 1, plane.cols, plane.rows}).clone();
}

cv::Mat barriers(const cv::Mat& lab) {
    std::array<cv::Mat, 3> parts;
    cv::split(lab, parts);
    return barrier_from_border(parts[0]) + barrier_from_border(parts[1]) + barrier_from_border(parts[2]);
}

cv::Mat rarity(const cv::Mat& lab) {
    constexpr int lightnesses = 10;
    constexpr int hues = 16;
    constexpr std::array<int, 3> sizes = {lightnesses, hues, hues};
    const auto bin = [&](const cv::Vec3f& color) {
        const auto in = [](float value, int count) {
            return std::clamp(static_cast<int>(value), 0, count - 1);
        };
        return cv::Vec3i(in(color[0] / 10, lightnesses), in((color[1] + 80) / 10, hues),
                         in((color[2] + 80) / 10, hues));
    };
    cv::Mat counts(3, sizes.data(), CV_32F, cv::Scalar(0));
    for (int y = 0; y < lab.rows; ++y) {
        // Each colour counts half in its own bin and a sixth in the bins beside it along each axis (a
        // border's bin stands in for what is missing beyond it).
        for (int x = 0; x < lab.cols; ++x) {
            const cv::Vec3i at = bin(lab.at<cv::Vec3f>(y, x));
            counts.at<float>(at) += 0.5F;
            for (int axis = 0; axis < 3; ++axis) {
                for (const int step : {-1, 1}) {
                    cv::Vec3i beside = at;
                    beside[axis] = std::clamp(at[axis] + step, 0, sizes[static_cast<std::size_t>(axis)] - 1);
                    counts.at<float>(beside) += 0.5F / 6;
                }
            }
        }
    }
    cv::Mat rare(lab.size(), CV_32F);
    const auto total = static_cast<float>(lab.total());
    for (int y = 0; y < lab.rows; ++y) {
        for (int x = 0; x < lab.cols; ++x)
            rare.at<float>(y, x) = -std::log(counts.at<float>(bin(lab.at<cv::Vec3f>(y, x))) / total + 1e-3F);
    }
    return rare;
}

}  // namespace

motion::FloatPlane standout(const ColorPicture& picture) {
    motion::pin_opencv_threads();
    const cv::Mat lab = small_lab(picture);
    cv::Mat lightness;
    cv::extractChannel(lab, lightness, 0);
    motion::FloatPlane result{lab.cols, lab.rows, std::vector<float>(lab.total(), 0.0F)};
    cv::Mat sum = above_background(unlike_surroundings(lab)) + above_background(barriers(lab)) +
                  above_background(rarity(lab)) + above_background(spectral_residual(lightness));
    const double mean = cv::mean(sum)[0];
    if (mean > 1e-6) sum /= mean;
    for (int y = 0; y < sum.rows; ++y)
        std::copy(sum.ptr<float>(y), sum.ptr<float>(y) + sum.cols,
                  result.values.begin() + static_cast<std::ptrdiff_t>(y) * sum.cols);
    return result;
}

}  // namespace wetgate::framing

#include "motion/flow.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/video/tracking.hpp>
#include <string>

#include "core/error.h"
#include "motion/opencv_threads.h"

namespace wetgate::motion {
namespace {

constexpr int max_side_px = 16384;
constexpr int min_side_px =
    64;  // OpenCV builds a pyramid of 8x8 patches and refuses what is too small for one

constexpr float toe = 0.1F;             // of the median
constexpr float levels_a_stop = 32.0F;  // eight stops in 256 levels: three and a half below the median

std::size_t area(int width, int height) {
    return static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
}

void check_size(int width, int height, std::size_t samples, const char* what) {
    if (width < 1 || height < 1 || width > max_side_px || height > max_side_px ||
        samples != area(width, height)) {
        throw Error(ErrorKind::Internal, std::string(what) + " of " + std::to_string(width) + "x" +
                                             std::to_string(height) + " with " + std::to_string(samples) +
                                             " samples cannot be used for optical flow");
    }
}

/// A view of `image`, grown at the right and bottom by repeating its edge where it is too small.
cv::Mat padded(const GrayImage& image) {
    // OpenCV's Mat has no const view; it is only read from here.
    const cv::Mat view(image.height, image.width, CV_8UC1, const_cast<std::uint8_t*>(image.pixels.data()));
    if (image.width >= min_side_px && image.height >= min_side_px) return view;
    cv::Mat grown;
    cv::copyMakeBorder(view, grown, 0, std::max(0, min_side_px - image.height), 0,
                       std::max(0, min_side_px - image.width), cv::BORDER_REPLICATE);
    return grown;
}

/// The four neighbours of a place and the weights of the right and lower ones; false outside the picture or
/// for NaN.
struct Bilinear {
    std::size_t top_left = 0, right = 0,
                down = 0;  // `right` and `down` are steps, 0 at the last column and row
    float fx = 0.0F, fy = 0.0F;

    bool place(float x, float y, int width, int height) {
        if (!(x >= 0.0F && y >= 0.0F && x <= static_cast<float>(width - 1) &&
              y <= static_cast<float>(height - 1))) {
            return false;
        }
        const int x0 = static_cast<int>(x);
        const int y0 = static_cast<int>(y);
        fx = x - static_cast<float>(x0);
        fy = y - static_cast<float>(y0);
        top_left =
            static_cast<std::size_t>(y0) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x0);
        right = x0 + 1 < width ? 1 : 0;
        down = y0 + 1 < height ? static_cast<std::size_t>(width) : 0;
        return true;
    }
    template <class Fetch>
    float blend(const Fetch& fetch) const {
        const float top = fetch(top_left) + fx * (fetch(top_left + right) - fetch(top_left));
        const float bottom =
            fetch(top_left + down) + fx * (fetch(top_left + down + right) - fetch(top_left + down));
        return top + fy * (bottom - top);
    }
};

}  // namespace

GrayImage log_guide(const FloatPlane& luminance) {
    check_size(luminance.width, luminance.height, luminance.values.size(), "a luminance");
    GrayImage guide{luminance.width, luminance.height, std::vector<std::uint8_t>(luminance.values.size(), 0)};
    std::vector<float> lit;
    lit.reserve(luminance.values.size());
    for (const float value : luminance.values) {
        if (std::isfinite(value) && value > 0.0F) lit.push_back(value);
    }
    if (lit.empty()) return guide;
    const auto middle = lit.begin() + static_cast<std::ptrdiff_t>(lit.size() / 2);
    std::nth_element(lit.begin(), middle, lit.end());
    const float median = std::max(*middle, std::numeric_limits<float>::min());
    const float black = -std::log2(toe);
    for (std::size_t i = 0; i < guide.pixels.size(); ++i) {
        const float value = luminance.values[i];
        if (!std::isfinite(value)) continue;
        const float stops = std::log2(std::min(std::max(value / median, 0.0F), 1e6F) + toe) + black;
        guide.pixels[i] = static_cast<std::uint8_t>(std::clamp(stops * levels_a_stop, 0.0F, 255.0F));
    }
    return guide;
}

FlowField dense_flow(const GrayImage& from, const GrayImage& to, FlowQuality quality) {
    check_size(from.width, from.height, from.pixels.size(), "a guide picture");
    check_size(to.width, to.height, to.pixels.size(), "a guide picture");
    if (from.width != to.width || from.height != to.height) {
        throw Error(ErrorKind::Internal, "optical flow between pictures of different sizes");
    }
    FlowField flow{from.width, from.height, std::vector<float>(2 * from.pixels.size())};
    try {
        pin_opencv_threads();
        const auto search =
            cv::DISOpticalFlow::create(quality == FlowQuality::Fast ? cv::DISOpticalFlow::PRESET_FAST
                                                                    : cv::DISOpticalFlow::PRESET_MEDIUM);
        if (quality == FlowQuality::Coarse) search->setFinestScale(3);
        if (quality == FlowQuality::Fine) search->setFinestScale(0);
        cv::Mat found;
        search->calc(padded(from), padded(to), found);
        const cv::Mat target(from.height, from.width, CV_32FC2, flow.vectors.data());
        found(cv::Rect(0, 0, from.width, from.height)).copyTo(target);
    } catch (const cv::Exception& problem) {
        if (problem.code == cv::Error::StsNoMem) {
            throw Error(ErrorKind::OutOfMemory, "no memory for optical flow of " +
                                                    std::to_string(from.width) + "x" +
                                                    std::to_string(from.height));
        }
        throw Error(ErrorKind::Internal, std::string("optical flow: ") + problem.what());
    }
    return flow;
}

std::vector<float> round_trip_px(const FlowField& forward, const FlowField& backward) {
    if (forward.width != backward.width || forward.height != backward.height) {
        throw Error(ErrorKind::Internal, "flow fields of different sizes");
    }
    const int width = forward.width;
    std::vector<float> distance(area(width, forward.height), std::numeric_limits<float>::infinity());
    Bilinear there;
    for (std::size_t i = 0; i < distance.size(); ++i) {
        const float x = static_cast<float>(i % static_cast<std::size_t>(width)) + forward.dx(i);
        const float y = static_cast<float>(i / static_cast<std::size_t>(width)) + forward.dy(i);
        if (!there.place(x, y, width, forward.height)) continue;
        const float x_error = forward.dx(i) + there.blend([&](std::size_t at) { return backward.dx(at); });
        const float y_error = forward.dy(i) + there.blend([&](std::size_t at) { return backward.dy(at); });
        distance[i] = std::sqrt(x_error * x_error + y_error * y_error);
    }
    return distance;
}

FloatPlane warp(const FloatPlane& image, const FlowField& flow) {
    check_size(image.width, image.height, image.values.size(), "a picture");
    if (flow.width != image.width || flow.height != image.height) {
        throw Error(ErrorKind::Internal, "a flow field of another size than the picture to warp");
    }
    FloatPlane result{image.width, image.height,
                      std::vector<float>(image.values.size(), std::numeric_limits<float>::quiet_NaN())};
    Bilinear there;
    for (std::size_t i = 0; i < result.values.size(); ++i) {
        const float x = static_cast<float>(i % static_cast<std::size_t>(image.width)) + flow.dx(i);
        const float y = static_cast<float>(i / static_cast<std::size_t>(image.width)) + flow.dy(i);
        if (!there.place(x, y, image.width, image.height)) continue;
        result.values[i] = there.blend([&](std::size_t at) { return image.values[at]; });
    }
    return result;
}

}  // namespace wetgate::motion

#include "framing/look.h"

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <string>

#include "core/base64.h"
#include "core/error.h"
#include "motion/opencv_threads.h"

namespace wetgate::framing {
namespace {

constexpr int longer_side_px = 192;

[[noreturn]] void refuse(const char* why) {
    throw Error(ErrorKind::Input, std::string("the small picture of a frame ") + why + "; measure it again");
}

/// The pixels of a picture that has some.
cv::Mat view(const ColorPicture& picture) {
    if (picture.width < 1 || picture.height < 1 ||
        picture.pixels.size() !=
            3 * static_cast<std::size_t>(picture.width) * static_cast<std::size_t>(picture.height))
        throw Error(ErrorKind::Internal, "a picture to look at has no pixels");
    motion::pin_opencv_threads();
    // OpenCV's Mat has no const view; it is only read from here.
    return {picture.height, picture.width, CV_8UC3, const_cast<std::uint8_t*>(picture.pixels.data())};
}

cv::Size size_within(const ColorPicture& picture, int side_px) {
    const double scale =
        std::min(1.0, static_cast<double>(side_px) / std::max(picture.width, picture.height));
    const auto side = [&](int px) { return std::max(1, static_cast<int>(std::lround(px * scale))); };
    return {side(picture.width), side(picture.height)};
}

}  // namespace

ColorPicture fitted(ColorPicture picture, int side_px) {
    const cv::Mat full = view(picture);
    const cv::Size size = size_within(picture, side_px);
    if (size == full.size()) return picture;
    ColorPicture smaller{size.width, size.height,
                         std::vector<std::uint8_t>(3 * static_cast<std::size_t>(size.area()))};
    cv::Mat small(size, CV_8UC3, smaller.pixels.data());
    cv::resize(full, small, size, 0, 0, cv::INTER_AREA);
    return smaller;
}

motion::GrayImage look_of(const ColorPicture& picture) {
    const cv::Mat full = view(picture);
    const cv::Size size = size_within(picture, longer_side_px);
    motion::GrayImage look{size.width, size.height, {}};
    cv::Mat gray;
    cv::cvtColor(full, gray, cv::COLOR_BGR2GRAY);
    look.pixels.resize(static_cast<std::size_t>(size.area()));
    cv::Mat small(size, CV_8UC1, look.pixels.data());
    cv::resize(gray, small, small.size(), 0, 0, cv::INTER_AREA);
    return look;
}

nlohmann::json look_to_json(const motion::GrayImage& look) {
    return {{"size", {look.width, look.height}}, {"pixels", to_base64(look.pixels)}};
}

motion::GrayImage look_from_json(const nlohmann::json& json) {
    if (!json.is_object() || !json.contains("size") || !json.contains("pixels") ||
        !json["pixels"].is_string())
        refuse("has no size or pixels");
    const nlohmann::json& size = json["size"];
    const auto is_side = [](const nlohmann::json& side) {
        return side.is_number_integer() && side >= 1 && side <= longer_side_px;
    };
    if (!size.is_array() || size.size() != 2 || !is_side(size[0]) || !is_side(size[1])) refuse("has no size");
    motion::GrayImage look{size[0].get<int>(), size[1].get<int>(), {}};
    auto pixels = from_base64(json["pixels"].get_ref<const std::string&>());
    if (!pixels ||
        pixels->size() != static_cast<std::size_t>(look.width) * static_cast<std::size_t>(look.height))
        refuse("has not its number of pixels");
    look.pixels = std::move(*pixels);
    return look;
}

}  // namespace wetgate::framing

#include "framing/drawing.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "core/error.h"

namespace wetgate::framing {
namespace {

constexpr int most_px = 16384;
constexpr int shift = 4;  // bits of a pixel's fraction

cv::Mat view(ColorPicture& picture) {
    return {picture.height, picture.width, CV_8UC3, picture.pixels.data()};
}

cv::Scalar scalar(const Ink& ink) {
    return {static_cast<double>(ink[2]), static_cast<double>(ink[1]), static_cast<double>(ink[0])};
}

// OpenCV's whole numbers are centres of pixels, and its lines clip themselves within these bounds.
cv::Point fixed(Point place) {
    const auto one = [](double value) {
        return static_cast<int>(std::lround((std::clamp(value, -32000.0, 32000.0) - 0.5) * (1 << shift)));
    };
    return {one(place.x), one(place.y)};
}

std::string ascii(const std::string& text) {
    std::string kept;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if ((byte & 0xC0) == 0x80) continue;  // the rest of a letter in UTF-8
        kept += byte >= 32 && byte < 127 ? c : '?';
    }
    return kept;
}

}  // namespace

Drawing::Drawing(int width, int height, Ink ground) : picture_{width, height, {}} {
    if (width < 1 || height < 1 || width > most_px || height > most_px)
        throw Error(ErrorKind::Internal, "a drawing of a size that makes no sense");
    picture_.pixels.resize(3 * static_cast<std::size_t>(width) * static_cast<std::size_t>(height));
    view(picture_).setTo(scalar(ground));
}

Drawing::Drawing(ColorPicture picture) : picture_(std::move(picture)) {
    const std::size_t area =
        static_cast<std::size_t>(picture_.width) * static_cast<std::size_t>(picture_.height);
    if (area == 0 || picture_.pixels.size() != 3 * area)
        throw Error(ErrorKind::Internal, "a drawing on a picture without pixels");
}

void Drawing::lines(std::span<const Point> places, const Ink& ink, int thickness_px) {
    cv::Mat image = view(picture_);
    for (std::size_t i = 1; i < places.size(); ++i) {
        const Point a = places[i - 1], b = places[i];
        if (!std::isfinite(a.x + a.y + b.x + b.y)) continue;
        cv::line(image, fixed(a), fixed(b), scalar(ink), thickness_px, cv::LINE_AA, shift);
    }
}

void Drawing::fill(const Box& box, const Ink& ink) {
    const Box kept = intersection(box, {0, 0, width(), height()});
    if (kept.empty()) return;
    view(picture_)(cv::Rect(kept.x0, kept.y0, kept.width(), kept.height())).setTo(scalar(ink));
}

int Drawing::text(Point lower_left, const std::string& text, const Ink& ink, double size_px) {
    const std::string shown = ascii(text);
    constexpr int font = cv::FONT_HERSHEY_SIMPLEX;
    constexpr double letter_px = 21;  // of a capital at scale 1
    const double scale = size_px / letter_px;
    int below = 0;
    const cv::Size size = cv::getTextSize(shown, font, scale, 1, &below);
    const auto x = static_cast<int>(std::lround(lower_left.x));
    const auto y = static_cast<int>(std::lround(lower_left.y));
    fill({x - 1, y - size.height - 2, x + size.width + 1, y + 3}, {16, 16, 16});
    cv::Mat image = view(picture_);
    cv::putText(image, shown, {x, y}, font, scale, scalar(ink), 1, cv::LINE_AA);
    return size.width;
}

void Drawing::paste(const ColorPicture& other, int x, int y, int width) {
    ColorPicture from = other;
    const int height = std::max(1, static_cast<int>(std::int64_t{other.height} * width / other.width));
    cv::Mat small;
    cv::resize(view(from), small, {width, height}, 0, 0, cv::INTER_AREA);
    const Box kept = intersection({x, y, x + width, y + height}, {0, 0, this->width(), this->height()});
    if (kept.empty()) return;
    const cv::Rect part(kept.x0 - x, kept.y0 - y, kept.width(), kept.height());
    small(part).copyTo(view(picture_)(cv::Rect(kept.x0, kept.y0, kept.width(), kept.height())));
}

}  // namespace wetgate::framing

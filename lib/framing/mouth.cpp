#include "framing/mouth.h"

#include <algorithm>
#include <cmath>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "motion/opencv_threads.h"

namespace wetgate::framing {
namespace {

// A face as it is looked at: upright, the eyes' middle `unit_px` above the mouth's.
constexpr double least_px = 8;  // from eyes to mouth, in the picture
constexpr int unit_px = 24;
constexpr int width_px = 60;
constexpr int height_px = 60;
constexpr int eyes_row = 16;           // where the eyes' middle lies
constexpr int most_shift = 8;          // of the head from one picture to the next
constexpr double alike = 0.7;          // correlation of eyes and nose that makes it the same head
constexpr double noise = 6;            // levels: contrast below it is no face's
const cv::Rect upper(12, 4, 36, 26);   // brows to the nose
const cv::Rect mouth(15, 32, 30, 22);  // under the nose to the chin

cv::Mat view(const ColorPicture& picture) {
    // OpenCV's Mat has no const view; it is only read from here.
    return {picture.height, picture.width, CV_8UC3, const_cast<std::uint8_t*>(picture.pixels.data())};
}

/// Grey levels of the face, `around` px more on each side.
cv::Mat upright(const ColorPicture& picture, const cv::Matx23d& map, int around) {
    cv::Matx23d from = map;
    from(0, 2) -= around * (map(0, 0) + map(0, 1));
    from(1, 2) -= around * (map(1, 0) + map(1, 1));
    cv::Mat face;
    cv::warpAffine(view(picture), face, from, {width_px + 2 * around, height_px + 2 * around},
                   cv::INTER_LINEAR | cv::WARP_INVERSE_MAP, cv::BORDER_REPLICATE);
    cv::cvtColor(face, face, cv::COLOR_BGR2GRAY);
    face.convertTo(face, CV_32F);
    cv::GaussianBlur(face, face, {}, 1.0, 1.0, cv::BORDER_REPLICATE);
    return face;
}

double difference(const cv::Mat& a, const cv::Mat& b) {
    // The light on all of it may change: only the shape counts.
    cv::Mat apart = a - b;
    apart -= cv::mean(apart)[0];
    return cv::mean(cv::abs(apart))[0];
}

}  // namespace

std::optional<double> mouth_motion(const ColorPicture& before, const ColorPicture& picture,
                                   const FaceMarks& marks) {
    const double eyes_x = 0.5 * (marks[0].x + marks[1].x);
    const double eyes_y = 0.5 * (marks[0].y + marks[1].y);
    const double down_x = 0.5 * (marks[3].x + marks[4].x) - eyes_x;
    const double down_y = 0.5 * (marks[3].y + marks[4].y) - eyes_y;
    if (!(std::hypot(down_x, down_y) >= least_px)) return std::nullopt;
    motion::pin_opencv_threads();
    // From the upright face to the picture: right is down turned by a quarter.
    const double ux = down_x / unit_px;
    const double uy = down_y / unit_px;
    const cv::Matx23d map(uy, ux, eyes_x - uy * width_px / 2 - ux * eyes_row - 0.5,  //
                          -ux, uy, eyes_y + ux * width_px / 2 - uy * eyes_row - 0.5);
    for (const auto& [x, y] : {cv::Point(0, 0), {width_px, 0}, {0, height_px}, {width_px, height_px}}) {
        const double at_x = map(0, 0) * x + map(0, 1) * y + map(0, 2);
        const double at_y = map(1, 0) * x + map(1, 1) * y + map(1, 2);
        const double border = 0.25 * std::hypot(down_x, down_y);  // corners of the face's box may be missing
        if (at_x < -border || at_y < -border || at_x > picture.width + border ||
            at_y > picture.height + border)
            return std::nullopt;
    }
    const cv::Mat now = upright(picture, map, 0);
    const cv::Mat then = upright(before, map, most_shift);
    const cv::Rect searched(upper.x, upper.y, upper.width + 2 * most_shift, upper.height + 2 * most_shift);
    cv::Mat match;
    cv::matchTemplate(then(searched), now(upper), match, cv::TM_CCOEFF_NORMED);
    double best = 0;
    cv::Point shift;
    cv::minMaxLoc(match, nullptr, &best, nullptr, &shift);
    if (!(best >= alike)) return std::nullopt;
    const double of_head = difference(now(upper), then(upper + shift));
    const double of_mouth = difference(now(mouth), then(mouth + shift));
    cv::Scalar mean, contrast;
    cv::meanStdDev(now, mean, contrast);
    return std::clamp((of_mouth - of_head) / (contrast[0] + noise), 0.0, 1.0);
}

}  // namespace wetgate::framing

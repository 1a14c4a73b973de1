#include "passes/wire_profile.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <string>

#include "core/error.h"
#include "motion/opencv_threads.h"

namespace wetgate::passes::wire {
namespace {

constexpr std::size_t path_points = 9;
constexpr std::size_t pieces = 8;  // in which a line's contrast is looked at: grain is not

}  // namespace

LightPicture::LightPicture(const at::Tensor& coded, std::int64_t most_side_px) {
    at::Tensor plane = (coded[0] * 0.2126 + coded[1] * 0.7152 + coded[2] * 0.0722).unsqueeze(0);
    const std::int64_t longest = std::max(plane.size(1), plane.size(2));
    step_ = static_cast<int>(
        std::min((longest + most_side_px - 1) / most_side_px, std::min(plane.size(1), plane.size(2))));
    if (step_ > 1) plane = at::avg_pool2d(plane, {step_, step_});
    plane = plane.clamp(-0.5, 2).to(at::kCPU).contiguous();
    light_ =
        cv::Mat(static_cast<int>(plane.size(1)), static_cast<int>(plane.size(2)), CV_32F, plane.data_ptr())
            .clone();
    try {
        motion::pin_opencv_threads();
        cv::Mat fine;
        cv::Laplacian(light_, fine, CV_32F);
        std::vector<double> values(fine.begin<float>(), fine.end<float>());
        for (double& value : values) value = std::abs(value);
        noise_ = median(std::move(values)) / 0.6745 / std::sqrt(20.0);
    } catch (const cv::Exception& problem) {
        throw Error(problem.code == cv::Error::StsNoMem ? ErrorKind::OutOfMemory : ErrorKind::Internal,
                    std::string("the noise of a picture: ") + problem.what());
    }
}

double LightPicture::light_at(const Point& point) const {
    const double x = std::clamp(point[0], 0.0, static_cast<double>(light_.cols - 1));
    const double y = std::clamp(point[1], 0.0, static_cast<double>(light_.rows - 1));
    const int x0 = std::min(static_cast<int>(x), std::max(0, light_.cols - 2));
    const int y0 = std::min(static_cast<int>(y), std::max(0, light_.rows - 2));
    const int x1 = std::min(x0 + 1, light_.cols - 1);
    const int y1 = std::min(y0 + 1, light_.rows - 1);
    const double fx = x - x0;
    const double fy = y - y0;
    return (1 - fy) * ((1 - fx) * light_.at<float>(y0, x0) + fx * light_.at<float>(y0, x1)) +
           fy * ((1 - fx) * light_.at<float>(y1, x0) + fx * light_.at<float>(y1, x1));
}

// Its profile across, averaged along.
std::optional<Line> LightPicture::measured(const Curve& curve, bool is_bright, double sure,
                                           const Wanted& wanted) const {
    const double most_half = wanted.most_width_px / step_ / 2 + 2;
    constexpr double fine = 0.25;
    const int half = static_cast<int>(2 * most_half / fine);
    std::vector<double> profile(static_cast<std::size_t>(2 * half + 1), 0);
    const int count = std::max(8, static_cast<int>((curve.last - curve.first) / 2));
    const auto place = [&](int i) { return curve.first + (curve.last - curve.first) * i / (count - 1); };
    const auto normal_at = [&](double t) {
        const double slope = curve.bend[1] + 2 * curve.bend[2] * t;
        const double length = std::hypot(1.0, slope);
        return Point{(curve.side[0] - slope * curve.along[0]) / length,
                     (curve.side[1] - slope * curve.along[1]) / length};
    };
    const auto beside = [&](double t, double s) {
        const Point middle = curve.at(t);
        const Point normal = normal_at(t);
        return Point{middle[0] + s * normal[0], middle[1] + s * normal[1]};
    };
    for (int i = 0; i < count; ++i) {
        for (int k = -half; k <= half; ++k)
            profile[static_cast<std::size_t>(k + half)] += light_at(beside(place(i), k * fine)) / count;
    }
    // Its sides: the level at which it ends, on the side where it is nearer to its own.
    const double sign = is_bright ? 1 : -1;
    const auto at = [&](double s) {
        const double place_in = s / fine + half;
        return sign * profile[static_cast<std::size_t>(std::clamp(std::lround(place_in), 0L, 2L * half))];
    };
    double peak = -1e9;
    for (double s = -1.5; s <= 1.5; s += fine) peak = std::max(peak, at(s));
    double contrast = 0, width = 0;
    for (double reach = 1.5; reach <= 2 * most_half - fine; reach += fine) {
        const double sides = std::max(at(-reach), at(reach));
        if (peak - sides <= contrast * 1.02) continue;
        contrast = peak - sides;
    }
    if (contrast < wanted.least_contrast) return std::nullopt;
    double outer = 0, inner = 0;
    for (double s = -2 * most_half; s <= 2 * most_half; s += fine) {
        if (at(s) > peak - contrast / 2) width += fine;
        if (at(s) > peak - 0.75 * contrast) outer += fine;
        if (at(s) > peak - 0.25 * contrast) inner += fine;
    }
    const double width_px = width * step_;
    if (width_px < 0.95 * wanted.least_width_px || width_px > 1.5 * wanted.most_width_px) return std::nullopt;

    // By the quartiles: a part of the line may cross what hides it.
    const auto deviation = [](std::vector<double> values) {
        std::sort(values.begin(), values.end());
        return (values[values.size() * 3 / 4] - values[values.size() / 4]) / 1.35;
    };
    const double aside = width / 2 + 3;
    std::vector<double> own, sides, steps(pieces, 0);
    for (int i = 0; i < count; ++i) {
        const double t = place(i);
        own.push_back(light_at(curve.at(t)));
        sides.push_back((light_at(beside(t, -aside)) + light_at(beside(t, aside))) / 2);
        steps[static_cast<std::size_t>(i) * pieces / static_cast<std::size_t>(count)] +=
            (own.back() - sides.back()) * static_cast<double>(pieces) / count;
    }
    const double unlike = deviation(std::move(own));
    Line line;
    line.path = in_pixels(curve);
    line.width_px = width_px;
    line.contrast = sign * contrast;
    // Half of the noise's variance is left between pixels.
    line.uneven = std::sqrt(std::max(0.0, unlike * unlike - noise_ * noise_ / 2)) /
                  std::max(deviation(std::move(sides)), contrast / 2);
    line.ragged = deviation(std::move(steps)) / contrast;
    line.sure = sure;
    line.soft = (outer - inner) / width;
    return line;
}

Path LightPicture::in_pixels(const Curve& curve) const {
    Path path;
    for (std::size_t i = 0; i < path_points; ++i) {
        const double share = static_cast<double>(i) / static_cast<double>(path_points - 1);
        const Point point = curve.at(curve.first + share * (curve.last - curve.first));
        // Centres of pixels: of the working picture to those of the plate.
        path.push_back({(point[0] + 0.5) * step_ - 0.5, (point[1] + 0.5) * step_ - 0.5});
    }
    return path;
}

double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

double distance_to(const Point& point, const Point& from, const Point& to) {
    const double dx = to[0] - from[0];
    const double dy = to[1] - from[1];
    const double square = dx * dx + dy * dy;
    const double share =
        square > 0 ? std::clamp(((point[0] - from[0]) * dx + (point[1] - from[1]) * dy) / square, 0.0, 1.0)
                   : 0.0;
    return std::hypot(point[0] - from[0] - share * dx, point[1] - from[1] - share * dy);
}

}  // namespace wetgate::passes::wire

#include "passes/surfaces.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>

#include "motion/opencv_threads.h"

namespace wetgate::passes {
namespace {

// Note [Shared surfaces]
// Statistics of two whole pictures say little: what is in frame changes with every camera move. What is
// compared is the same surface in both: features lead from the one picture to the other by a homography,
// dense flow does the rest (parallax, small moves), and squares whose way there and back closes and whose
// pattern is alike are taken by their mean light. A mean over a square forgives flow errors of a pixel.
constexpr std::int64_t most_side_px = 960;
constexpr std::size_t most_pictures = 5;
constexpr int least_cells = 4;
constexpr int grid = 8;
constexpr int square_px = 8;
constexpr int pattern_margin_px = 4;
constexpr float most_round_trip_px = 1.0F;
constexpr double least_alike = 0.7;
constexpr double plain_levels = 2.0;  // a pattern weaker than this, in 8 bit levels, cannot be compared
constexpr double slope_half = 0.15;
constexpr double clip_share = 0.92;
constexpr double dark_share = 0.01;  // of the median
constexpr std::size_t most_a_cell = 8;

motion::FloatPlane plane_of(const at::Tensor& plane) {  // [h,w] float32 on the host
    const float* first = plane.data_ptr<float>();
    return {static_cast<int>(plane.size(1)), static_cast<int>(plane.size(0)),
            std::vector<float>(first, first + plane.numel())};
}

cv::Mat view(const motion::FloatPlane& plane) {  // only read from
    return {plane.height, plane.width, CV_32FC1, const_cast<float*>(plane.values.data())};
}
cv::Mat view(const motion::GrayImage& image) {
    return {image.height, image.width, CV_8UC1, const_cast<std::uint8_t*>(image.pixels.data())};
}

/// Where each pixel of the plate lies in the reference: first by `flow`, where there is one, then by `map`.
cv::Mat places(const cv::Size& size, const motion::FlowField* flow, const motion::Homography& map) {
    cv::Mat where(size, CV_32FC2);
    for (int y = 0; y < size.height; ++y) {
        for (int x = 0; x < size.width; ++x) {
            const std::size_t i = static_cast<std::size_t>(y) * static_cast<std::size_t>(size.width) +
                                  static_cast<std::size_t>(x);
            const double dx = flow == nullptr ? 0 : static_cast<double>(flow->dx(i));
            const double dy = flow == nullptr ? 0 : static_cast<double>(flow->dy(i));
            const auto at = map.at(x + dx, y + dy);
            const bool is_there = std::abs(at[0]) < 1e6 && std::abs(at[1]) < 1e6;
            where.at<cv::Vec2f>(y, x) = is_there
                                            ? cv::Vec2f(static_cast<float>(at[0]), static_cast<float>(at[1]))
                                            : cv::Vec2f(-1e6F, -1e6F);
        }
    }
    return where;
}

/// One interpolation, and a sharp one: what blurs makes light surfaces darker and dark ones lighter.
cv::Mat fetched(const cv::Mat& picture, const cv::Mat& where, const cv::Scalar& outside) {
    cv::Mat result;
    cv::remap(picture, result, where, cv::noArray(), cv::INTER_CUBIC, cv::BORDER_CONSTANT, outside);
    return result;
}

struct Levels {
    float dark = 0;  // of the luminance
    std::array<float, 3> clip{};
};

Levels levels_of(const SmallPicture& picture) {
    std::vector<float> green;
    Levels levels;
    for (const float value : picture.plane(1).values)
        if (value > 0) green.push_back(value);  // no NaN either
    if (!green.empty()) {
        const auto middle = green.begin() + static_cast<std::ptrdiff_t>(green.size() / 2);
        std::nth_element(green.begin(), middle, green.end());
        levels.dark = static_cast<float>(dark_share) * *middle;
    }
    for (std::size_t c = 0; c < 3; ++c) {
        float most = 0, least = std::numeric_limits<float>::infinity();
        for (const float value : picture.plane(c).values) {
            most = value > most ? value : most;
            least = value < least ? value : least;
        }
        // A picture of one value has nothing that could be clipped.
        levels.clip[c] = least > clip_share * most ? std::numeric_limits<float>::infinity()
                                                   : static_cast<float>(clip_share) * most;
    }
    return levels;
}

struct Mean {
    std::array<double, 3> rgb{};
    double spread = 0;  // standard deviation of the green over its mean
    bool is_sound = false;
};

Mean mean_of(const std::array<cv::Mat, 3>& planes, const cv::Rect& square, const Levels& levels) {
    Mean mean;
    double squares = 0;
    int count = 0;
    for (int y = square.y; y < square.y + square.height; ++y) {
        for (int x = square.x; x < square.x + square.width; ++x) {
            std::array<float, 3> value{};
            bool sound = true;
            for (std::size_t c = 0; c < 3; ++c) {
                value[c] = planes[c].at<float>(y, x);
                sound = sound && std::isfinite(value[c]) && value[c] < levels.clip[c];
            }
            if (!sound) return mean;  // a part of a surface is another surface
            for (std::size_t c = 0; c < 3; ++c) mean.rgb[c] += static_cast<double>(value[c]);
            squares += static_cast<double>(value[1]) * static_cast<double>(value[1]);
            ++count;
        }
    }
    for (double& value : mean.rgb) value /= count;
    mean.spread =
        std::sqrt(std::max(0.0, squares / count - mean.rgb[1] * mean.rgb[1])) / std::max(mean.rgb[1], 1e-9);
    mean.is_sound = mean.rgb[0] > 0 && mean.rgb[1] > static_cast<double>(levels.dark) && mean.rgb[2] > 0;
    return mean;
}

/// Correlation of two patterns, 1 where both are too plain to have one.
double likeness(const cv::Mat& one, const cv::Mat& other) {
    cv::Scalar mean_one, spread_one, mean_other, spread_other;
    cv::meanStdDev(one, mean_one, spread_one);
    cv::meanStdDev(other, mean_other, spread_other);
    if (spread_one[0] < plain_levels && spread_other[0] < plain_levels) return 1;
    cv::Mat score;
    cv::matchTemplate(one, other, score, cv::TM_CCOEFF_NORMED);
    return static_cast<double>(score.at<float>(0, 0));
}

}  // namespace

SmallPicture::SmallPicture(const at::Tensor& linear, const at::Tensor& keep) {
    const std::int64_t longest = std::max(linear.size(1), linear.size(2));
    const std::int64_t shortest = std::min(linear.size(1), linear.size(2));
    const std::int64_t side =
        std::max<std::int64_t>(1, std::min((longest + most_side_px - 1) / most_side_px, shortest));
    side_px_ = static_cast<int>(side);
    const auto averaged = [&](const at::Tensor& picture) {
        return (side > 1 ? at::avg_pool2d(picture, {side, side}) : picture).to(at::kCPU).contiguous();
    };
    at::Tensor small = averaged(linear);
    const at::Tensor luminance = plane_luminance(small);
    gray_ = motion::log_guide(plane_of(luminance));
    if (keep.defined())
        small = at::where(averaged(keep) > 0.99, small, at::full({}, std::nan(""), small.options()));
    for (std::size_t c = 0; c < 3; ++c) rgb_[c] = plane_of(small[static_cast<std::int64_t>(c)].contiguous());
}

at::Tensor SmallPicture::plane_luminance(const at::Tensor& linear) {
    return (0.25 * linear[0] + 0.5 * linear[1] + 0.25 * linear[2]).contiguous();
}

std::vector<Surface> surfaces_along(const SmallPicture& plate, const SmallPicture& reference,
                                    const motion::Homography& map) {
    const cv::Size size(plate.gray().width, plate.gray().height);
    motion::pin_opencv_threads();
    const cv::Mat carried = fetched(view(reference.gray()), places(size, nullptr, map), cv::Scalar(0));
    const motion::GrayImage near{
        size.width, size.height,
        std::vector<std::uint8_t>(carried.begin<std::uint8_t>(), carried.end<std::uint8_t>())};
    const motion::FlowField there = motion::dense_flow(plate.gray(), near);
    const std::vector<float> round_trip =
        motion::round_trip_px(there, motion::dense_flow(near, plate.gray()));

    const cv::Mat where = places(size, &there, map);
    std::array<cv::Mat, 3> here_planes, there_planes;
    for (std::size_t c = 0; c < 3; ++c) {
        here_planes[c] = view(plate.plane(c));
        there_planes[c] =
            fetched(view(reference.plane(c)), where, cv::Scalar(std::numeric_limits<double>::quiet_NaN()));
    }
    const cv::Mat here_pattern = view(plate.gray());
    const cv::Mat there_pattern = fetched(view(reference.gray()), where, cv::Scalar(0));

    const Levels here_levels = levels_of(plate), there_levels = levels_of(reference);
    std::array<std::vector<Surface>, grid * grid> by_cell;
    for (int y = pattern_margin_px; y + square_px + pattern_margin_px <= size.height; y += square_px) {
        for (int x = pattern_margin_px; x + square_px + pattern_margin_px <= size.width; x += square_px) {
            const cv::Rect square(x, y, square_px, square_px);
            float worst = 0;
            for (int row = y; row < y + square_px; ++row)
                for (int column = x; column < x + square_px; ++column)
                    worst = std::max(
                        worst,
                        round_trip[static_cast<std::size_t>(row) * static_cast<std::size_t>(size.width) +
                                   static_cast<std::size_t>(column)]);
            if (!(worst < most_round_trip_px)) continue;
            const Mean here = mean_of(here_planes, square, here_levels);
            if (!here.is_sound) continue;
            const Mean seen = mean_of(there_planes, square, there_levels);
            if (!seen.is_sound) continue;
            const cv::Rect around(x - pattern_margin_px, y - pattern_margin_px,
                                  square_px + 2 * pattern_margin_px, square_px + 2 * pattern_margin_px);
            if (!(likeness(here_pattern(around), there_pattern(around)) > least_alike)) continue;
            const double slope = std::max(here.spread, seen.spread) / slope_half;
            const int cell = y * grid / size.height * grid + x * grid / size.width;
            by_cell[static_cast<std::size_t>(cell)].push_back(
                {here.rgb, seen.rgb, 1 / (1 + slope * slope), cell, (y + 0.5 * square_px) / size.height});
        }
    }
    std::vector<Surface> surfaces;
    for (std::vector<Surface>& cell : by_cell) {
        std::stable_sort(cell.begin(), cell.end(),
                         [](const Surface& a, const Surface& b) { return a.weight > b.weight; });
        if (cell.size() > most_a_cell) cell.resize(most_a_cell);
        surfaces.insert(surfaces.end(), cell.begin(), cell.end());
    }
    return surfaces;
}

struct ReferenceSurfaces::Seen {
    int frame = 0;
    SmallPicture picture;
    motion::PictureFeatures features;
};

ReferenceSurfaces::ReferenceSurfaces(std::shared_ptr<const References> references, std::string name)
    : references_(std::move(references)), name_(std::move(name)) {}
ReferenceSurfaces::~ReferenceSurfaces() = default;

SharedSurfaces ReferenceSurfaces::shared_with(const SmallPicture& plate, int least_matches) const {
    std::call_once(once_, [&] {
        const std::vector<int> frames = references_->frames(name_);
        const std::size_t count = std::min(frames.size(), most_pictures);
        for (std::size_t i = 0; i < count; ++i) {
            const int frame = frames[count == 1 ? frames.size() / 2 : i * (frames.size() - 1) / (count - 1)];
            SmallPicture picture(references_->picture(name_, frame).pixels);
            motion::PictureFeatures features(picture.gray());
            seen_.push_back({frame, std::move(picture), std::move(features)});
        }
    });
    SharedSurfaces shared;
    const Seen* best = nullptr;
    motion::PictureMatch best_match;
    const motion::PictureFeatures features(plate.gray());
    for (const Seen& seen : seen_) {
        const motion::PictureMatch match = motion::match_pictures(features, seen.features);
        if (best != nullptr && match.matches <= best_match.matches) continue;
        best = &seen;
        best_match = match;
    }
    if (best == nullptr) return shared;
    shared.matches = best_match.matches;
    shared.cells = best_match.cells;
    shared.frame = best->frame;
    if (best_match.matches >= least_matches && best_match.cells >= least_cells)
        shared.surfaces = surfaces_along(plate, best->picture, best_match.map);
    return shared;
}

}  // namespace wetgate::passes

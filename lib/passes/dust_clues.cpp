#include "passes/dust_clues.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <opencv2/imgproc.hpp>
#include <utility>
#include <vector>

// Note [Dirt or motion]
// A place that differs from both neighbours while these agree is dirt, or it is a thing that moved faster
// than flow followed: a hand, spray, a pole that passes. Of 29 clues tried on 15 clips with planted dirt,
// those of enum Clue tell the two apart; further ones (size, colour, round trip of the flow, the frames
// further away) added nothing on clips left out. The best of them come from a second look: the neighbours are
// moved by a few pixels until they match what surrounds the spot. Where flow had failed they then show what
// the frame shows, or do not fit at all.

namespace wetgate::passes::dust {
namespace {

constexpr int judged_width = 800;  // about
constexpr int ring_px = 8;
constexpr int ring_search_px = 6;
constexpr std::size_t least_ring = 8;  // pixels
constexpr int motion_search_px = 24;
constexpr std::size_t most_samples = 256;
constexpr int close_px = 4;
constexpr int around_px = 32;
constexpr double stray_sigmas = 4;
constexpr double most_size = 0.4;  // of the picture's sides
constexpr float strongest_share = 0.7F;

using Points = std::vector<cv::Point>;

cv::Mat copy_of(const at::Tensor& plane, int type) {  // [H,W]
    const at::Tensor host = plane.to(at::kCPU).contiguous();
    return cv::Mat(static_cast<int>(host.size(0)), static_cast<int>(host.size(1)), type, host.data_ptr())
        .clone();
}

/// [H/step,W/step] luminance.
at::Tensor light_of(const at::Tensor& picture, int step) {
    const at::Tensor whole = luminance(picture);
    return step == 1 ? whole : at::avg_pool2d(whole.unsqueeze(0), {step, step}).squeeze(0);
}

cv::Mat dilated_by(const cv::Mat& mask, int radius_px) {
    cv::Mat wide;
    const int side = 2 * radius_px + 1;
    cv::dilate(mask, wide, cv::Mat::ones(side, side, CV_8U), {-1, -1}, 1, cv::BORDER_CONSTANT, 0);
    return wide;
}

float at(const cv::Mat& plane, cv::Point point) {  // its edge repeats
    return plane.at<float>(std::clamp(point.y, 0, plane.rows - 1), std::clamp(point.x, 0, plane.cols - 1));
}

struct Match {
    cv::Point shift;
    double unlike = 0;  // sum of squares
};

/// Where `plane`, moved by up to `range`, is least unlike `frame` on `points`. Of equals the first, no motion
/// before all.
Match best_match(const cv::Mat& frame, const cv::Mat& plane, const Points& points, int range) {
    Match best{{0, 0}, std::numeric_limits<double>::infinity()};
    const auto look = [&](cv::Point shift) {
        double sum = 0;
        for (const cv::Point point : points) {
            const double difference = frame.at<float>(point) - at(plane, point + shift);
            sum += difference * difference;
            if (sum >= best.unlike) return;
        }
        best = {shift, sum};
    };
    look({0, 0});
    for (int y = -range; y <= range; ++y) {
        for (int x = -range; x <= range; ++x) look({x, y});
    }
    return best;
}

/// Share of the pixels within `margin` of `box` that an integral counts, a spot's own set aside.
double share_around(const cv::Mat& sums, const cv::Rect& box, int margin, int own_px, int own_set) {
    const cv::Rect wide =
        cv::Rect(box.x - margin, box.y - margin, box.width + 2 * margin, box.height + 2 * margin) &
        cv::Rect(0, 0, sums.cols - 1, sums.rows - 1);
    const int set = sums.at<int>(wide.br()) - sums.at<int>(wide.y, wide.br().x) -
                    sums.at<int>(wide.br().y, wide.x) + sums.at<int>(wide.tl());
    return static_cast<double>(std::max(0, set - own_set)) / std::max(1, wide.area() - own_px);
}

}  // namespace

Planes planes_of(const Evidence& evidence, int step) {
    const at::Tensor frame = light_of(evidence.frame, step);
    const at::Tensor before = light_of(evidence.before, step);
    const at::Tensor after = light_of(evidence.after, step);
    return {copy_of(frame, CV_32F), copy_of(before, CV_32F), copy_of(after, CV_32F),
            step == 1 ? evidence.sigma : sigma_of(frame, before, after)};
}

void tell_contrast(Spot& spot, const Planes& planes, const cv::Mat& outside) {
    double differs = 0, apart = 0;
    float strongest = 0, peak = 0;
    const auto difference_at = [&](cv::Point p) {
        return std::abs(planes.frame.at<float>(p) - planes.middle(p.y, p.x));
    };
    const auto each = [&](const auto& work) {
        for (const std::int32_t pixel : spot.pixels)
            work(cv::Point(pixel % planes.frame.cols, pixel / planes.frame.cols));
    };
    each([&](cv::Point p) {
        const float difference = difference_at(p);
        differs += difference;
        apart += planes.apart(p.y, p.x);
        strongest = std::max(strongest, difference);
        peak = std::max(peak, outside.at<float>(p));
    });
    double count = 0, light = 0, squares = 0, strong = 0;
    each([&](cv::Point p) {
        if (difference_at(p) < strongest_share * strongest) return;
        const double value = planes.frame.at<float>(p);
        count += 1;
        light += value;
        squares += value * value;
        strong += difference_at(p);
    });
    const double variance = std::max(0.0, squares / count - (light / count) * (light / count));
    spot.clues[Apart] = apart / std::max(differs, 1e-9);
    spot.clues[Peak] = peak / planes.sigma;
    spot.clues[Uneven] = std::sqrt(variance) / std::max(1e-3, strong / count);
}

Surroundings::Surroundings(const Evidence& evidence, const cv::Mat& stands_out)
    : width_(stands_out.cols),
      step_(std::clamp((stands_out.cols + judged_width / 2) / judged_width, 1,
                       std::min(stands_out.cols, stands_out.rows))),
      planes_(planes_of(evidence, step_)),
      still_before_(copy_of(light_of(evidence.still_before, step_), CV_32F)),
      still_after_(copy_of(light_of(evidence.still_after, step_), CV_32F)) {
    const at::Tensor whole =
        at::from_blob(stands_out.data, {1, stands_out.rows, stands_out.cols}, at::kByte).to(at::kFloat);
    suspect_ = copy_of((at::max_pool2d(whole, {step_, step_}).squeeze(0) > 0).to(at::kByte), CV_8U);
    near_suspect_ = dilated_by(suspect_, 1);
    cv::Mat from_before, from_after;
    cv::absdiff(planes_.frame, planes_.before, from_before);
    cv::absdiff(planes_.frame, planes_.after, from_after);
    const cv::Mat strays = cv::min(from_before, from_after) > stray_sigmas * planes_.sigma;
    cv::integral(strays & (1 - suspect_), stray_sum_, CV_32S);
    cv::integral(suspect_, suspect_sum_, CV_32S);
}

void Surroundings::tell(Spot& spot) const {
    const cv::Rect all({0, 0}, planes_.frame.size());
    const cv::Rect box =
        cv::Rect({spot.region.x0 / step_, spot.region.y0 / step_},
                 cv::Point((spot.region.x1 - 1) / step_ + 1, (spot.region.y1 - 1) / step_ + 1)) &
        all;
    if (box.empty() || box.width > most_size * all.width || box.height > most_size * all.height) return;
    const cv::Rect around =
        cv::Rect(box.x - ring_px, box.y - ring_px, box.width + 2 * ring_px, box.height + 2 * ring_px) & all;
    cv::Mat own = cv::Mat::zeros(around.size(), CV_8U);
    for (const std::int32_t pixel : spot.pixels) {
        const cv::Point point(pixel % width_ / step_, pixel / width_ / step_);
        if (box.contains(point)) own.at<std::uint8_t>(point - around.tl()) = 1;
    }
    const auto points_of = [&](const cv::Mat& mask) {
        Points points;
        cv::findNonZero(mask, points);
        for (cv::Point& point : points) point += around.tl();
        return points;
    };
    const Points inside = points_of(own);
    const Points ring = points_of(dilated_by(own, ring_px) & (1 - near_suspect_(around)));
    if (inside.empty() || ring.size() < least_ring) return;
    const auto own_px = static_cast<int>(inside.size());
    spot.clues[Stray] = share_around(stray_sum_, box, around_px, own_px, 0);
    spot.clues[Crowd] = share_around(suspect_sum_, box, close_px, own_px, own_px);

    const cv::Point before = best_match(planes_.frame, planes_.before, ring, ring_search_px).shift;
    const cv::Point after = best_match(planes_.frame, planes_.after, ring, ring_search_px).shift;
    double differs = 0, disagree = 0;
    for (const cv::Point point : inside) {
        const double here = planes_.frame.at<float>(point);
        const double first = at(planes_.before, point + before);
        const double second = at(planes_.after, point + after);
        differs += std::min(std::abs(here - first), std::abs(here - second));
        disagree += std::abs(first - second);
    }
    spot.clues[Differs] = differs / own_px / planes_.sigma;
    spot.clues[Disagree] = disagree / own_px / planes_.sigma;

    const Points wide = points_of(dilated_by(own, 1));
    Points samples;
    const std::size_t stride = (wide.size() + most_samples - 1) / most_samples;
    for (std::size_t i = 0; i < wide.size(); i += stride) samples.push_back(wide[i]);
    double here = 0;
    for (const cv::Point point : samples) {
        const double middle = (at(planes_.before, point + before) + at(planes_.after, point + after)) / 2;
        const double difference = planes_.frame.at<float>(point) - middle;
        here += difference * difference;
    }
    const double found = std::min(best_match(planes_.frame, still_before_, samples, motion_search_px).unlike,
                                  best_match(planes_.frame, still_after_, samples, motion_search_px).unlike);
    spot.clues[Found] = found / std::max(here, 1e-9);
    spot.is_clear = true;
}

}  // namespace wetgate::passes::dust

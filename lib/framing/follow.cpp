#include "framing/follow.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/video/tracking.hpp>
#include <optional>

#include "core/error.h"
#include "motion/opencv_threads.h"

namespace wetgate::framing {
namespace {

constexpr int points_a_side = 10;
constexpr int least_points = 6;
constexpr double most_round_trip_px = 1.0;
constexpr double most_growth = 1.04;     // a frame, either way
constexpr double template_side_px = 28;  // longer side of what is kept of the looks
constexpr std::size_t most_templates = 6;
constexpr double alike = 0.7;        // correlation at which a place is corrected by the looks
constexpr double found_again = 0.6;  // the same, after it was lost
constexpr double unlike = 0.45;      // below: it is not there, whatever the points say
constexpr double hold_s = 0.5;
constexpr double least_visible = 0.4;  // share of the area in the picture
constexpr double least_side_px = 4;

/// In pixels of the looks, from the picture's corner to edges.
struct Place {
    double x = 0, y = 0;  // middle
    double w = 0, h = 0;
};

cv::Mat view(const motion::GrayImage& look) {
    // OpenCV's Mat has no const view; it is only read from here.
    return {look.height, look.width, CV_8UC1, const_cast<std::uint8_t*>(look.pixels.data())};
}

double median(std::vector<double>& values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

double visible_share(const Place& place, const motion::GrayImage& look) {
    const auto inside = [](double middle, double length, double side) {
        return std::clamp((std::min(middle + length / 2, side) - std::max(middle - length / 2, 0.0)) / length,
                          0.0, 1.0);
    };
    return inside(place.x, place.w, look.width) * inside(place.y, place.h, look.height);
}

/// A picture of `place` grown by `around` of its size on each side, `scale` template pixels a pixel.
cv::Mat patch(const motion::GrayImage& look, const Place& place, double around_px, double scale) {
    const double w = place.w + 2 * around_px;
    const double h = place.h + 2 * around_px;
    const cv::Size size(std::max(2, static_cast<int>(std::lround(w * scale))),
                        std::max(2, static_cast<int>(std::lround(h * scale))));
    const cv::Matx23d map(w / size.width, 0, place.x - w / 2 + 0.5 * w / size.width - 0.5, 0, h / size.height,
                          place.y - h / 2 + 0.5 * h / size.height - 0.5);
    cv::Mat result;
    cv::warpAffine(view(look), result, map, size, cv::INTER_LINEAR | cv::WARP_INVERSE_MAP,
                   cv::BORDER_REPLICATE);
    return result;
}

struct Step {
    Place place;
    double kept = 0;  // share of the points that come back
};

/// Where the points of `place` go from one look to the other.
Step step_by_points(const motion::GrayImage& a, const motion::GrayImage& b, const Place& place) {
    std::vector<cv::Point2f> from;
    for (int j = 0; j < points_a_side; ++j) {
        for (int i = 0; i < points_a_side; ++i) {
            // An ellipse: the corners of a box are rarely of its subject.
            const double u = (i + 0.5) / points_a_side * 2 - 1;
            const double v = (j + 0.5) / points_a_side * 2 - 1;
            if (u * u + v * v > 1) continue;
            const double x = place.x + 0.45 * place.w * u - 0.5;
            const double y = place.y + 0.45 * place.h * v - 0.5;
            if (x < 0 || y < 0 || x > a.width - 1 || y > a.height - 1) continue;
            from.emplace_back(static_cast<float>(x), static_cast<float>(y));
        }
    }
    Step step{place, 0};
    if (from.size() < least_points) return step;
    std::vector<cv::Point2f> to, back;
    std::vector<std::uint8_t> is_there, is_back;
    std::vector<float> unused;
    const cv::Size window(9, 9);
    const cv::TermCriteria until(cv::TermCriteria::COUNT | cv::TermCriteria::EPS, 20, 0.02);
    cv::calcOpticalFlowPyrLK(view(a), view(b), from, to, is_there, unused, window, 3, until);
    cv::calcOpticalFlowPyrLK(view(b), view(a), to, back, is_back, unused, window, 3, until);
    std::vector<double> errors;
    for (std::size_t i = 0; i < from.size(); ++i) {
        const double error = is_there[i] != 0 && is_back[i] != 0
                                 ? std::hypot(static_cast<double>(back[i].x - from[i].x),
                                              static_cast<double>(back[i].y - from[i].y))
                                 : 1e9;
        errors.push_back(error);
    }
    std::vector<double> sorted = errors;
    const double most = std::min(most_round_trip_px, std::max(0.2, median(sorted)));
    std::vector<std::size_t> kept;
    for (std::size_t i = 0; i < from.size(); ++i) {
        if (errors[i] <= most) kept.push_back(i);
    }
    if (kept.size() < least_points) return step;
    step.kept = static_cast<double>(kept.size()) / static_cast<double>(from.size());
    std::vector<double> dx, dy, growth;
    for (const std::size_t i : kept) {
        dx.push_back(static_cast<double>(to[i].x - from[i].x));
        dy.push_back(static_cast<double>(to[i].y - from[i].y));
        for (const std::size_t k : kept) {
            if (k >= i) break;
            const double before = std::hypot(static_cast<double>(from[i].x - from[k].x),
                                             static_cast<double>(from[i].y - from[k].y));
            const double after =
                std::hypot(static_cast<double>(to[i].x - to[k].x), static_cast<double>(to[i].y - to[k].y));
            if (before > 0.25 * std::min(place.w, place.h)) growth.push_back(after / before);
        }
    }
    step.place.x += median(dx);
    step.place.y += median(dy);
    if (kept.size() >= 2 * least_points && !growth.empty()) {
        const double by = std::clamp(median(growth), 1 / most_growth, most_growth);
        step.place.w = std::max(least_side_px, place.w * by);
        step.place.h = std::max(least_side_px, place.h * by);
    }
    return step;
}

/// What the area looked like where it was sure. The first is what somebody pointed at.
class Looks {
public:
    Looks(const motion::GrayImage& look, const Place& place) { add(look, place); }

    void add(const motion::GrayImage& look, const Place& place) {
        if (size_.empty()) size_ = patch(look, place, 0, scale_of(place)).size();
        cv::Mat kept;
        cv::resize(patch(look, place, 0, scale_of(place)), kept, size_, 0, 0, cv::INTER_AREA);
        if (templates_.size() == most_templates) templates_.erase(templates_.begin() + 1);
        templates_.push_back(kept);
    }

    struct Match {
        double first = -1;      // correlation with the first
        double best = -1;       // with any
        double dx = 0, dy = 0;  // of the best, from the place, in pixels of the look
    };
    /// The best place within `reach_px`.
    Match find(const motion::GrayImage& look, const Place& place, double reach_px) const {
        const double scale_x = size_.width / place.w;
        const double scale_y = size_.height / place.h;
        const double scale = scale_of(place);
        cv::Mat around = patch(look, place, reach_px, scale);
        // Of whole template pixels on both sides, the template at its own size in the middle.
        const int reach_x = std::max(1, static_cast<int>(std::lround(reach_px * scale_x)));
        const int reach_y = std::max(1, static_cast<int>(std::lround(reach_px * scale_y)));
        cv::resize(around, around, {size_.width + 2 * reach_x, size_.height + 2 * reach_y}, 0, 0,
                   cv::INTER_LINEAR);
        Match match;
        for (std::size_t i = 0; i < templates_.size(); ++i) {
            cv::Mat scores;
            cv::matchTemplate(around, templates_[i], scores, cv::TM_CCOEFF_NORMED);
            cv::patchNaNs(scores, -1);
            double score = -1;
            cv::Point at;
            cv::minMaxLoc(scores, nullptr, &score, nullptr, &at);
            if (!std::isfinite(score) || score > 1.001) continue;  // of flat pictures
            if (i == 0) match.first = score;
            if (score <= match.best) continue;
            match.best = score;
            const auto peak = [&](double before, double here, double after) {
                const double curve = before - 2 * here + after;
                return curve < -1e-9 ? std::clamp(0.5 * (before - after) / curve, -0.5, 0.5) : 0.0;
            };
            const auto score_at = [&](int x, int y) {
                return static_cast<double>(
                    scores.at<float>(std::clamp(y, 0, scores.rows - 1), std::clamp(x, 0, scores.cols - 1)));
            };
            const double sub_x = peak(score_at(at.x - 1, at.y), score, score_at(at.x + 1, at.y));
            const double sub_y = peak(score_at(at.x, at.y - 1), score, score_at(at.x, at.y + 1));
            match.dx = (at.x + sub_x - reach_x) * reach_px / reach_x;
            match.dy = (at.y + sub_y - reach_y) * reach_px / reach_y;
        }
        return match;
    }

private:
    static double scale_of(const Place& place) { return template_side_px / std::max(place.w, place.h); }

    cv::Size size_;
    std::vector<cv::Mat> templates_;
};

Area area_of(const Place& place, const motion::GrayImage& look) {
    const auto share = [](double edge, int side) { return std::clamp(edge / side, 0.0, 1.0); };
    return {share(place.x - place.w / 2, look.width), share(place.y - place.h / 2, look.height),
            share(place.x + place.w / 2, look.width), share(place.y + place.h / 2, look.height)};
}

}  // namespace

std::vector<Area> follow(std::span<const motion::GrayImage> looks, std::size_t from, std::size_t to,
                         const Area& area, double rate) {
    if (from >= looks.size() || to >= looks.size())
        throw Error(ErrorKind::Internal, "something is to be followed where there are no frames");
    std::vector<Area> followed = {area};
    const motion::GrayImage& first = looks[from];
    if (from == to || first.pixels.empty() || area.width() <= 0 || area.height() <= 0) return followed;
    motion::pin_opencv_threads();
    Place place{area.middle_x() * first.width, area.middle_y() * first.height,
                std::max(least_side_px, area.width() * first.width),
                std::max(least_side_px, area.height() * first.height)};
    Looks seen(first, place);
    const auto longest_hold = static_cast<std::size_t>(std::max(1.0, std::round(hold_s * rate)));
    std::size_t sure = 1;  // how many of `followed` are
    std::size_t last = from;
    for (std::size_t at = from; at != to;) {
        at = to > from ? at + 1 : at - 1;
        const motion::GrayImage& look = looks[at];
        bool is_found = false;
        if (!look.pixels.empty() && look.width == first.width && look.height == first.height) {
            const bool is_held = sure < followed.size();
            const double side = std::max(place.w, place.h);
            // Points lead from the frame before, unless that did not show it.
            const Step step = is_held ? Step{place, 0} : step_by_points(looks[last], look, place);
            const double reach = is_held ? std::max(6.0, side) : std::max(2.0, 0.12 * side);
            const Looks::Match match = seen.find(look, step.place, reach);
            Place next = step.place;
            if (match.best >= (is_held || step.kept == 0 ? found_again : alike)) {
                next.x += match.dx;
                next.y += match.dy;
                is_found = true;
            } else {
                is_found = step.kept > 0.25 && match.best >= unlike;
            }
            if (is_found) {
                if (visible_share(next, look) < least_visible) break;
                place = next;
                // Another side of it, seen while the points are sure.
                if (match.best < alike && step.kept > 0.4) seen.add(look, place);
            }
            last = at;
        }
        followed.push_back(area_of(place, first));
        if (is_found) {
            // Found again: straight from where it was seen last.
            const Area before = followed[sure - 1];
            const Area now = followed.back();
            const std::size_t gap = followed.size() - sure;
            for (std::size_t k = 1; k < gap; ++k) {
                const double t = static_cast<double>(k) / static_cast<double>(gap);
                followed[sure - 1 + k] = {before.left + t * (now.left - before.left),
                                          before.top + t * (now.top - before.top),
                                          before.right + t * (now.right - before.right),
                                          before.bottom + t * (now.bottom - before.bottom)};
            }
            sure = followed.size();
        } else if (followed.size() - sure > longest_hold) {
            break;
        }
    }
    // What was held till the end of the frames counts: it was not given up.
    const std::size_t asked = (to > from ? to - from : from - to) + 1;
    if (followed.size() < asked) followed.resize(sure);
    return followed;
}

}  // namespace wetgate::framing

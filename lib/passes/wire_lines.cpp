#include "passes/wire_lines.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <opencv2/imgproc.hpp>
#include <string>

#include "core/error.h"
#include "motion/opencv_threads.h"

namespace wetgate::passes::wire {
namespace {

constexpr std::int64_t most_side_px = 1280;  // of the picture that is looked at
constexpr double noise_sigmas = 4;
constexpr double least_share = 0.3;  // of the picture's shorter side that a line has to cross
constexpr double most_bend = 0.1;    // sag, in parts of the length
constexpr double gather_px = 3;
constexpr double fit_px = 1.5;
constexpr double least_spread = 0.02;  // of a wire's own light, coded
constexpr double least_sure = 0.6;
constexpr int fit_rounds = 8;
constexpr double most_gap_px = 64;  // where a wire crosses what is as dark or bright as it
constexpr double cell_px = 4;       // along a line, in which a ridge is there or not
constexpr int most_tries = 48;
constexpr double alike_normals = 0.94;  // cosine: 20 degrees
constexpr int directions = 180;
constexpr double offset_px = 2;  // a bin of the Hough transform

double distance(const Point& a, const Point& b) {
    return std::hypot(a[0] - b[0], a[1] - b[1]);
}

/// Least squares of s = b0 + b1 t + b2 t^2, each pair by its weight. nullopt where they do not say.
std::optional<std::array<double, 3>> parabola(const std::vector<std::array<double, 3>>& t_s_weight) {
    cv::Matx33d normal = cv::Matx33d::zeros();
    cv::Vec3d right(0, 0, 0);
    double scale = 1;
    for (const auto& [t, s, weight] : t_s_weight) scale = std::max(scale, std::abs(t));
    for (const auto& [t, s, weight] : t_s_weight) {
        const cv::Vec3d row(1, t / scale, t * t / scale / scale);
        normal += weight * (row * row.t());
        right += weight * s * row;
    }
    normal += 1e-9 * cv::Matx33d::eye();
    bool solved = false;
    const cv::Matx33d inverse = normal.inv(cv::DECOMP_CHOLESKY, &solved);
    if (!solved) return std::nullopt;
    const cv::Vec3d b = inverse * right;
    return std::array<double, 3>{b[0], b[1] / scale, b[2] / scale / scale};
}

}  // namespace

Ridges::Ridges(const at::Tensor& coded, const Wanted& wanted)
    : picture_(coded, most_side_px), step_(picture_.step()), light_(picture_.light()), wanted_(wanted) {
    try {
        motion::pin_opencv_threads();
        // A bar answers most to a Gaussian of width / sqrt(12).
        const double least = std::max(1.2, wanted.least_width_px / step_ / std::sqrt(12.0));
        const double most = std::max(least, wanted.most_width_px / step_ / std::sqrt(12.0));
        for (double scale = least; scale < 1.5 * most; scale *= 2) find(scale, wanted);
    } catch (const cv::Exception& problem) {
        throw Error(problem.code == cv::Error::StsNoMem ? ErrorKind::OutOfMemory : ErrorKind::Internal,
                    std::string("looking for wires: ") + problem.what());
    }
}

void Ridges::find(double sigma, const Wanted& wanted) {
    cv::Mat smooth, xx, yy, xy;
    cv::GaussianBlur(light_, smooth, {0, 0}, sigma, sigma, cv::BORDER_REPLICATE);
    const double unit = sigma * sigma;
    cv::Sobel(smooth, xx, CV_32F, 2, 0, 3, unit / 4, 0, cv::BORDER_REPLICATE);
    cv::Sobel(smooth, yy, CV_32F, 0, 2, 3, unit / 4, 0, cv::BORDER_REPLICATE);
    cv::Sobel(smooth, xy, CV_32F, 1, 1, 3, unit / 4, 0, cv::BORDER_REPLICATE);
    cv::Mat answer(light_.size(), CV_32F), normal(light_.size(), CV_32FC2);
    for (int y = 0; y < answer.rows; ++y) {
        for (int x = 0; x < answer.cols; ++x) {
            const float a = xx.at<float>(y, x);
            const float b = xy.at<float>(y, x);
            const float c = yy.at<float>(y, x);
            const float mean = (a + c) / 2;
            const float spread = std::hypot((a - c) / 2, b);
            const float large = mean >= 0 ? mean + spread : mean - spread;
            const float small = mean >= 0 ? mean - spread : mean + spread;
            // The direction in which the light bends most.
            cv::Vec2f across(b, large - a);
            if (std::abs(large - c) > std::abs(large - a)) across = {large - c, b};
            const float length = std::hypot(across[0], across[1]);
            const bool is_ridge = length > 0 && std::abs(small) < 0.5F * std::abs(large);
            answer.at<float>(y, x) = is_ridge ? large : 0;
            normal.at<cv::Vec2f>(y, x) = is_ridge ? across / length : cv::Vec2f(0, 0);
        }
    }
    // White noise answers by about sigma_ / 3 / sigma.
    const auto least =
        static_cast<float>(std::max(wanted.least_contrast / 2, noise_sigmas * picture_.noise() / 3 / sigma));
    for (int y = 1; y + 1 < answer.rows; ++y) {
        for (int x = 1; x + 1 < answer.cols; ++x) {
            const float here = answer.at<float>(y, x);
            if (std::abs(here) < least) continue;
            const bool is_bright = here < 0;
            if (!(is_bright ? wanted.bright : wanted.dark)) continue;
            const cv::Vec2f across = normal.at<cv::Vec2f>(y, x);
            const int dx = static_cast<int>(std::lround(across[0]));
            const int dy = static_cast<int>(std::lround(across[1]));
            const float before = answer.at<float>(y - dy, x - dx) * (is_bright ? -1.0F : 1.0F);
            const float after = answer.at<float>(y + dy, x + dx) * (is_bright ? -1.0F : 1.0F);
            const float own = std::abs(here);
            if (before > own || after >= own) continue;
            const float bend = before - 2 * own + after;
            const float part = bend < 0 ? std::clamp((before - after) / (2 * bend), -0.5F, 0.5F) : 0.0F;
            spots_.push_back({static_cast<float>(x) + part * static_cast<float>(dx),
                              static_cast<float>(y) + part * static_cast<float>(dy), across[0], across[1],
                              light_.at<float>(y, x), is_bright});
        }
    }
}

// What of `spots` lies within `range` of the curve and is of its light makes it anew, and longer, until it no
// longer changes.
std::optional<Line> Ridges::fitted(Curve curve, const Spots& spots, bool is_bright, double range) const {
    double sure = 0;
    for (int round = 0; round < fit_rounds; ++round) {
        const double near = round == 0 ? range : std::min(range, gather_px);
        const double reach = 0.25 * (curve.last - curve.first) + most_gap_px;
        std::vector<std::array<double, 3>> found;
        std::vector<double> light;
        for (const Spot& spot : spots) {
            if (spot.is_bright != is_bright) continue;
            const double x = spot.x - curve.origin[0];
            const double y = spot.y - curve.origin[1];
            const double t = x * curve.along[0] + y * curve.along[1];
            if (t < curve.first - reach || t > curve.last + reach) continue;
            const double s = x * curve.side[0] + y * curve.side[1];
            if (std::abs(s - curve.to_side(t)) > near) continue;
            const double slope = curve.bend[1] + 2 * curve.bend[2] * t;
            const double cosine = std::abs(spot.normal_x * (curve.side[0] - slope * curve.along[0]) +
                                           spot.normal_y * (curve.side[1] - slope * curve.along[1])) /
                                  std::hypot(1.0, slope);
            if (cosine <= alike_normals) continue;
            found.push_back({t, s, 1});
            light.push_back(spot.light);
        }
        if (found.size() < 8) return std::nullopt;
        const double usual = median(light);
        std::vector<double> unlike;
        for (const double value : light) unlike.push_back(std::abs(value - usual));
        const double spread = std::max(least_spread, 1.5 * median(unlike));
        for (int pass = 0; pass < 3; ++pass) {
            for (std::size_t i = 0; i < found.size(); ++i) {
                auto& [t, s, weight] = found[i];
                const double off = (s - curve.to_side(t)) / fit_px;
                const double other = round == 0 ? 0 : unlike[i] / spread;
                weight = 1 / (1 + off * off) / (1 + other * other);
            }
            const auto bend = parabola(found);
            if (!bend) return std::nullopt;
            curve.bend = *bend;
        }
        // The longest stretch without a gap.
        std::vector<double> places;
        for (const auto& [t, s, weight] : found) {
            if (std::abs(s - curve.to_side(t)) < gather_px) places.push_back(t);
        }
        if (places.empty()) return std::nullopt;
        std::sort(places.begin(), places.end());
        double best_first = places[0], best_last = places[0], first = places[0];
        for (std::size_t i = 1; i <= places.size(); ++i) {
            if (i < places.size() && places[i] - places[i - 1] <= most_gap_px) continue;
            if (places[i - 1] - first > best_last - best_first) {
                best_first = first;
                best_last = places[i - 1];
            }
            if (i < places.size()) first = places[i];
        }
        curve.first = best_first;
        curve.last = best_last;
        std::vector<bool> there(static_cast<std::size_t>((best_last - best_first) / cell_px) + 1, false);
        for (const double t : places) {
            if (t >= best_first && t <= best_last)
                there[static_cast<std::size_t>((t - best_first) / cell_px)] = true;
        }
        sure = static_cast<double>(std::count(there.begin(), there.end(), true)) /
               static_cast<double>(there.size());
    }
    const double length = curve.last - curve.first;
    if (sure < least_sure || std::abs(curve.bend[2]) * length * length / 4 > most_bend * length)
        return std::nullopt;
    return picture_.measured(curve, is_bright, sure, wanted_);
}

std::vector<Line> Ridges::lines(std::size_t most) const {
    Spots left = spots_;
    std::vector<Line> found;
    const double shorter = std::min(light_.cols, light_.rows);
    const double diagonal = std::hypot(light_.cols, light_.rows);
    const int offsets = static_cast<int>(2 * diagonal / offset_px) + 2;
    std::vector<std::array<double, 2>> units;
    for (int i = 0; i < directions; ++i)
        units.push_back(
            {std::cos(std::numbers::pi * i / directions), std::sin(std::numbers::pi * i / directions)});
    for (int attempt = 0; attempt < most_tries && found.size() < most; ++attempt) {
        // Hough transform, each ridge for the lines that run its way; dark and bright by themselves.
        cv::Mat votes[2] = {cv::Mat::zeros(directions, offsets, CV_32S),
                            cv::Mat::zeros(directions, offsets, CV_32S)};
        for (const Spot& spot : left) {
            const double angle = std::atan2(spot.normal_y, spot.normal_x);
            const int middle =
                static_cast<int>(std::lround(angle * directions / std::numbers::pi)) + directions;
            for (int turn = -3; turn <= 3; ++turn) {
                const int direction = (middle + turn + directions) % directions;
                const auto& unit = units[static_cast<std::size_t>(direction)];
                const double offset = spot.x * unit[0] + spot.y * unit[1] + diagonal;
                ++votes[spot.is_bright ? 1 : 0].at<int>(direction, static_cast<int>(offset / offset_px));
            }
        }
        int best = 0;
        bool is_bright = false;
        cv::Point where;
        for (const bool bright : {false, true}) {
            double most_votes = 0;
            cv::Point place;
            cv::minMaxLoc(votes[bright ? 1 : 0], nullptr, &most_votes, nullptr, &place);
            if (static_cast<int>(most_votes) <= best) continue;
            best = static_cast<int>(most_votes);
            is_bright = bright;
            where = place;
        }
        if (best < least_share * shorter / 3) break;  // a bent line falls into several bins
        const auto& unit = units[static_cast<std::size_t>(where.y)];
        const double offset = (where.x + 0.5) * offset_px - diagonal;
        Curve curve;
        curve.origin = {offset * unit[0], offset * unit[1]};
        curve.side = {unit[0], unit[1]};
        curve.along = {-unit[1], unit[0]};
        curve.first = -diagonal;
        curve.last = diagonal;
        const auto line = fitted(curve, left, is_bright, gather_px);
        if (line && distance(line->path.front(), line->path.back()) >= least_share * shorter * step_)
            found.push_back(*line);
        // What was looked at is not looked at again.
        std::erase_if(left, [&](const Spot& spot) {
            if (spot.is_bright != is_bright) return false;
            if (std::abs(spot.x * unit[0] + spot.y * unit[1] - offset) < gather_px &&
                std::abs(spot.normal_x * unit[0] + spot.normal_y * unit[1]) > alike_normals)
                return true;
            if (!line) return false;
            const Point at{(spot.x + 0.5) * step_ - 0.5, (spot.y + 0.5) * step_ - 0.5};
            for (std::size_t i = 1; i < line->path.size(); ++i) {
                if (distance_to(at, line->path[i - 1], line->path[i]) < line->width_px + gather_px * step_)
                    return true;
            }
            return false;
        });
    }
    return found;
}

std::optional<Line> Ridges::along(const Path& rough, double range_px) const {
    if (rough.size() < 2) return std::nullopt;
    const auto working = [&](const Point& point) {
        return Point{(point[0] + 0.5) / step_ - 0.5, (point[1] + 0.5) / step_ - 0.5};
    };
    const Point first = working(rough.front());
    const Point last = working(rough.back());
    const double length = distance(first, last);
    if (length < 2 * cell_px) return std::nullopt;
    Curve curve;
    curve.origin = first;
    curve.along = {(last[0] - first[0]) / length, (last[1] - first[1]) / length};
    curve.side = {-curve.along[1], curve.along[0]};
    curve.first = 0;
    curve.last = length;
    std::vector<std::array<double, 3>> bent;
    for (const Point& point : rough) {
        const Point at = working(point);
        const double x = at[0] - first[0];
        const double y = at[1] - first[1];
        bent.push_back({x * curve.along[0] + y * curve.along[1], x * curve.side[0] + y * curve.side[1], 1});
    }
    if (const auto bend = rough.size() > 2 ? parabola(bent) : std::nullopt) curve.bend = *bend;
    std::optional<Line> best;
    for (const bool is_bright : {false, true}) {
        auto line = fitted(curve, spots_, is_bright, std::max(gather_px, range_px / step_));
        if (line && (!best || line->sure * std::abs(line->contrast) > best->sure * std::abs(best->contrast)))
            best = line;
    }
    return best;
}

}  // namespace wetgate::passes::wire

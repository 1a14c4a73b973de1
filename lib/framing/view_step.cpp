#include "framing/view_step.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <vector>

#include "framing/quantile.h"
#include "motion/followed.h"

namespace wetgate::framing {
namespace {

constexpr double agree_px = 1.5;
constexpr int refinements = 12;
constexpr double median_of_rayleigh = 1.1774;  // median length of a normal error in two dimensions of sigma 1
constexpr double cauchy = 2.385;  // times sigma: 95 % as efficient as least squares on normal errors
constexpr double least_sigma_px = 0.05;
constexpr double most_sigma_px = 5;
constexpr int cells_across = 8, cells_down = 6;
constexpr double crowding = 0.75;  // 0: each point counts the same, 1: each cell does

struct Pair {
    std::array<double, 2> from, to;  // pixels from the centre, at the size that points are followed at
    double weight = 1;
    double share = 1;  // of the weight, by how many others are near
};

double error_px(const Pair& pair, const Similarity& map) {
    const auto [x, y] = pair.from;
    return std::hypot(map.a * x - map.b * y + map.dx - pair.to[0],
                      map.b * x + map.a * y + map.dy - pair.to[1]);
}

/// By weighted least squares; nullopt where all points lie at one place.
std::optional<Similarity> fitted(std::span<const Pair> pairs) {
    double all = 0, x = 0, y = 0, u = 0, v = 0;
    for (const Pair& pair : pairs) {
        all += pair.weight;
        x += pair.weight * pair.from[0];
        y += pair.weight * pair.from[1];
        u += pair.weight * pair.to[0];
        v += pair.weight * pair.to[1];
    }
    if (!(all > 0)) return std::nullopt;
    x /= all, y /= all, u /= all, v /= all;
    double spread = 0, along = 0, across = 0;
    for (const Pair& pair : pairs) {
        const double px = pair.from[0] - x, py = pair.from[1] - y, pu = pair.to[0] - u, pv = pair.to[1] - v;
        spread += pair.weight * (px * px + py * py);
        along += pair.weight * (px * pu + py * pv);
        across += pair.weight * (px * pv - py * pu);
    }
    if (!(spread > 1e-6 * all)) return std::nullopt;
    const double a = along / spread, b = across / spread;
    return Similarity{a, b, u - a * x + b * y, v - b * x - a * y};
}

/// The same with rows that slide: six numbers, a full affine map.
RowStep fitted_rows(std::span<const Pair> pairs, const Similarity& otherwise) {
    double all = 0, x = 0, y = 0, u = 0, v = 0;
    for (const Pair& pair : pairs) {
        all += pair.weight;
        x += pair.weight * pair.from[0], y += pair.weight * pair.from[1];
        u += pair.weight * pair.to[0], v += pair.weight * pair.to[1];
    }
    x /= all, y /= all, u /= all, v /= all;
    double xx = 0, xy = 0, yy = 0, xu = 0, yu = 0, xv = 0, yv = 0;
    for (const Pair& pair : pairs) {
        const double px = pair.from[0] - x, py = pair.from[1] - y, pu = pair.to[0] - u, pv = pair.to[1] - v;
        xx += pair.weight * px * px, xy += pair.weight * px * py, yy += pair.weight * py * py;
        xu += pair.weight * px * pu, yu += pair.weight * py * pu;
        xv += pair.weight * px * pv, yv += pair.weight * py * pv;
    }
    const double determinant = xx * yy - xy * xy;
    if (!(determinant > 1e-3 * xx * yy)) return {otherwise, 0, 0};  // all on a line
    const double a = (xu * yy - yu * xy) / determinant, sheared = (yu * xx - xu * xy) / determinant;
    const double b = (xv * yy - yv * xy) / determinant, grown = (yv * xx - xv * xy) / determinant;
    return {{a, b, u - a * x - sheared * y, v - b * x - grown * y}, sheared + b, grown - a};
}

/// A bookshelf must not outvote the walls of a room.
void weigh_by_density(std::vector<Pair>& pairs, double half_width, double half_height) {
    std::array<int, cells_across * cells_down> counts{};
    const auto cell = [&](const Pair& pair) {
        const auto along = [](double at, double half, int cells) {
            return std::clamp(static_cast<int>((at / half + 1) / 2 * cells), 0, cells - 1);
        };
        return static_cast<std::size_t>(along(pair.from[1], half_height, cells_down) * cells_across +
                                        along(pair.from[0], half_width, cells_across));
    };
    for (const Pair& pair : pairs) ++counts[cell(pair)];
    for (Pair& pair : pairs) {
        pair.share = std::pow(counts[cell(pair)], -crowding);
        pair.weight *= pair.share;
    }
}

}  // namespace

ViewStep view_step(const motion::GrayImage& from, const motion::GrayImage& to,
                   const motion::GrayImage* left_out_from, const motion::GrayImage* left_out_to) {
    const motion::FollowedPoints points = motion::followed_points(from, to, left_out_from, left_out_to);
    const motion::CameraStep camera = motion::camera_step(points, from.width, from.height);
    ViewStep step;
    step.problem = camera.problem;
    if (!camera.is_known()) return step;
    step.camera = camera.map;
    step.points = static_cast<int>(points.from.size());

    const double scale =
        points.scale;  // the middle of what is followed, whose first sample is no corner of it
    const double x0 = 0.5 * (scale * from.width - 1), y0 = 0.5 * (scale * from.height - 1);
    std::vector<Pair> pairs;
    for (std::size_t i = 0; i < points.from.size(); ++i) {
        const double x = points.from[i][0], y = points.from[i][1];
        const double u = points.to[i][0], v = points.to[i][1];
        const auto [cu, cv] = camera.map.at(x / scale, y / scale);
        const bool agrees = std::hypot(cu * scale - u, cv * scale - v) < agree_px;
        step.camera_agreeing += agrees ? 1 : 0;
        pairs.push_back({{x - x0, y - y0}, {u - x0, v - y0}, agrees ? 1.0 : 0.0});
    }
    weigh_by_density(pairs, x0, y0);
    std::optional<Similarity> map = fitted(pairs);
    for (int round = 0; map && round < refinements; ++round) {
        std::vector<double> errors;
        for (const Pair& pair : pairs) errors.push_back(error_px(pair, *map));
        const double sigma =
            std::clamp(median(std::move(errors)) / median_of_rayleigh, least_sigma_px, most_sigma_px);
        for (Pair& pair : pairs) {
            const double share = error_px(pair, *map) / (cauchy * sigma);
            pair.weight = pair.share / (1 + share * share);
        }
        map = fitted(pairs);
    }
    if (!map) {
        step = {};
        step.problem = motion::TrackProblem::NoAgreement;
        return step;
    }
    step.rows = fitted_rows(pairs, *map);
    step.rows.map.dx /= scale;
    step.rows.map.dy /= scale;
    double sum = 0;
    for (const Pair& pair : pairs) {
        const double error = error_px(pair, *map);
        if (!(error < agree_px)) continue;
        ++step.agreeing;
        sum += error * error;
    }
    step.residual_px = step.agreeing > 0 ? std::sqrt(sum / step.agreeing) / scale : 0;
    step.map = *map;
    step.map.dx /= scale;
    step.map.dy /= scale;
    return step;
}

}  // namespace wetgate::framing

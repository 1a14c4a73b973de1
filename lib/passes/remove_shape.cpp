#include "passes/remove_shape.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>
#include <optional>

#include "core/error.h"
#include "motion/flow.h"
#include "passes/remove_guide.h"

// Note [Carrying a shape]
// No measurement knows where the shape is on its frame: that depends on the frames before. So each measures
// the motion of the whole picture on a grid, and solve() walks from key frame to key frame: a similarity
// (move, turn, scale) is fitted to the vectors that lie inside the shape, those near its middle most, in a
// way that a minority that moves otherwise (background in the corners of a rectangle) has no say. A chain is
// made forwards and backwards from every key frame; between two of them they are blended by distance in time
// and confidence.

namespace wetgate::passes::remove {
namespace {

using nlohmann::json;

constexpr int guide_side_px = 640;
constexpr int cell_px = 4;  // of the guide
constexpr float most_round_trip_px = 1;
constexpr double unit_px = 1.0 / 16;  // of a vector in a measurement, in pixels of the guide
constexpr int most_units = 2047;
constexpr int most_cells = guide_side_px / cell_px + 1;
constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t most_points = 1000;
constexpr std::size_t most_frames = 1'000'000;
constexpr double farthest_px = 1e6;

struct Vector {
    Point from, to;
};

/// The grid of one frame's motion, in plate coordinates.
struct Motion {
    std::vector<Vector> vectors;
    std::vector<Point> lost;  // whose way back leads elsewhere
    double unit = 1;          // plate pixels a guide's pixel
};

void append(std::string& text, std::optional<float> length) {
    const int units =
        length ? std::clamp(static_cast<int>(std::lround(*length / unit_px)), -most_units, most_units) + 2048
               : 0;
    text += digits[static_cast<std::size_t>(units / 64)];
    text += digits[static_cast<std::size_t>(units % 64)];
}

Motion motion_of(const ArtefactReader& facts) {
    Motion motion;
    if (!facts.has("motion")) return motion;
    const ArtefactReader grid = facts.member("motion");
    const int columns = grid.member("columns").integer(1, most_cells);
    const int rows = grid.member("rows").integer(1, most_cells);
    const double x0 = grid.member("x").number(-farthest_px, farthest_px);
    const double y0 = grid.member("y").number(-farthest_px, farthest_px);
    motion.unit = grid.member("guide_px").number(1e-3, 1e3);
    const std::string text = grid.member("vectors").text();
    if (text.size() != 4 * static_cast<std::size_t>(columns) * static_cast<std::size_t>(rows))
        grid.refuse("has vectors of another grid");
    const auto units = [&](std::size_t at) {
        const auto high = digits.find(text[at]), low = digits.find(text[at + 1]);
        if (high == std::string_view::npos || low == std::string_view::npos) grid.refuse("is damaged");
        return static_cast<int>(64 * high + low);
    };
    for (int row = 0; row < rows; ++row) {
        for (int column = 0; column < columns; ++column) {
            const auto at = 4 * static_cast<std::size_t>(row * columns + column);
            const int dx = units(at), dy = units(at + 2);
            const Point from = {x0 + (column + 0.5) * cell_px * motion.unit,
                                y0 + (row + 0.5) * cell_px * motion.unit};
            if (dx == 0 || dy == 0) {
                motion.lost.push_back(from);
                continue;
            }
            motion.vectors.push_back({from,
                                      {from[0] + (dx - 2048) * unit_px * motion.unit,
                                       from[1] + (dy - 2048) * unit_px * motion.unit}});
        }
    }
    return motion;
}

Point middle_of(const std::vector<Point>& points) {
    Point sum = {0, 0};
    for (const Point& point : points) sum = {sum[0] + point[0], sum[1] + point[1]};
    const auto count = static_cast<double>(points.size());
    return {sum[0] / count, sum[1] / count};
}

/// Signed distance of `at` to the outline, in pixels; positive inside.
double depth_in(const std::vector<cv::Point2f>& outline, const Point& at) {
    return cv::pointPolygonTest(outline, {static_cast<float>(at[0]), static_cast<float>(at[1])}, true);
}

/// x' = a x - b y + tx, y' = b x + a y + ty, about a middle.
struct Similarity {
    Point middle = {0, 0};
    double a = 1, b = 0, tx = 0, ty = 0;

    Point at(const Point& point) const {
        const double x = point[0] - middle[0], y = point[1] - middle[1];
        return {middle[0] + a * x - b * y + tx, middle[1] + b * x + a * y + ty};
    }
};

double median(std::vector<double> values) {
    const auto half = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), half, values.end());
    return *half;
}

/// `shape` one frame on (or back), and its confidence times how well the vectors inside agree.
Shape stepped(const Shape& shape, const Motion& motion, bool is_forward) {
    constexpr double least_cells = 4;   // fewer tell nothing
    constexpr double loose_cells = 24;  // as many vectors as it takes to believe half of a turn or a zoom
    constexpr double agreed_px = 1;     // of the guide
    constexpr double surely = 0.55, hardly = 0.15;  // share of the vectors that agree
    constexpr double worst_factor = 0.6;
    std::vector<cv::Point2f> outline;
    double x0 = farthest_px, x1 = -farthest_px, y0 = farthest_px, y1 = -farthest_px;
    for (const Point& point : shape.points) {
        outline.emplace_back(static_cast<float>(point[0]), static_cast<float>(point[1]));
        x0 = std::min(x0, point[0]), x1 = std::max(x1, point[0]);
        y0 = std::min(y0, point[1]), y1 = std::max(y1, point[1]);
    }
    Similarity fit{.middle = middle_of(shape.points)};
    const double size = std::max(1.0, 0.5 * std::hypot(x1 - x0, y1 - y0));
    const auto central = [&](const Point& point) {
        const double away = std::hypot(point[0] - fit.middle[0], point[1] - fit.middle[1]) / size;
        return std::exp(-2 * away * away);
    };
    struct Pair {
        Vector vector;
        double weight;
    };
    std::vector<Pair> inside;
    std::vector<double> dx, dy;
    for (const Vector& vector : motion.vectors) {
        const Vector way = is_forward ? vector : Vector{vector.to, vector.from};
        const auto& [x, y] = way.from;
        if (x < x0 || x > x1 || y < y0 || y > y1 || depth_in(outline, way.from) < 0) continue;
        inside.push_back({way, central(way.from)});
        dx.push_back(way.to[0] - x);
        dy.push_back(way.to[1] - y);
    }
    double agreeing = 0, all = 0;
    for (const Point& lost : motion.lost) {
        const auto& [x, y] = lost;
        if (x < x0 || x > x1 || y < y0 || y > y1 || depth_in(outline, lost) < 0) continue;
        all += central(lost);
    }
    Shape next = shape;
    next.confidence *= worst_factor;
    if (static_cast<double>(inside.size()) < least_cells) return next;
    fit.tx = median(dx);
    fit.ty = median(dy);
    for (double scale_px = 6; scale_px > 0.7; scale_px *= 0.7) {
        const double scale = scale_px * motion.unit;
        double w = 0, wx = 0, wy = 0, wu = 0, wv = 0;
        std::vector<double> weights;
        for (const auto& [way, own] : inside) {
            const Point to = fit.at(way.from);
            const double error = std::hypot(to[0] - way.to[0], to[1] - way.to[1]) / scale;
            const double weight = own / ((1 + error * error) * (1 + error * error));
            weights.push_back(weight);
            w += weight;
            wx += weight * way.from[0], wy += weight * way.from[1];
            wu += weight * way.to[0], wv += weight * way.to[1];
        }
        double squares = 0, dot = 0, cross = 0;
        for (std::size_t i = 0; i < inside.size(); ++i) {
            const double x = inside[i].vector.from[0] - wx / w, y = inside[i].vector.from[1] - wy / w;
            const double u = inside[i].vector.to[0] - wu / w, v = inside[i].vector.to[1] - wv / w;
            squares += weights[i] * (x * x + y * y);
            dot += weights[i] * (x * u + y * v);
            cross += weights[i] * (x * v - y * u);
        }
        const double loose = loose_cells * std::pow(cell_px * motion.unit, 2);
        fit.a = 1 + (dot - squares) / (squares + loose);
        fit.b = cross / (squares + loose);
        const double x = wx / w - fit.middle[0], y = wy / w - fit.middle[1];
        fit.tx = wu / w - fit.middle[0] - (fit.a * x - fit.b * y);
        fit.ty = wv / w - fit.middle[1] - (fit.b * x + fit.a * y);
    }
    for (const auto& [way, own] : inside) {
        const Point to = fit.at(way.from);
        const double distance = std::hypot(to[0] - way.to[0], to[1] - way.to[1]);
        all += own;
        if (distance < agreed_px * motion.unit) agreeing += own;
    }
    for (Point& point : next.points) point = fit.at(point);
    const double sureness = std::clamp((agreeing / all - hardly) / (surely - hardly), 0.0, 1.0);
    next.confidence = shape.confidence * (worst_factor + (1 - worst_factor) * sureness);
    return next;
}

}  // namespace

Shapes key_shapes(const json& keys, const std::string& pointer) {
    Shapes shapes;
    for (const json& key : keys) {
        Shape shape;
        for (const json& point : key.at("points"))
            shape.points.push_back({point.at(0).get<double>(), point.at(1).get<double>()});
        if (shape.points.size() == 2) {
            const auto [x0, y0] = shape.points[0];
            const auto [x1, y1] = shape.points[1];
            shape.points = {{x0, y0}, {x1, y0}, {x1, y1}, {x0, y1}};
        }
        const int frame = key.at("frame").get<int>();
        if (!shapes.empty() && shapes.begin()->second.points.size() != shape.points.size()) {
            throw Error(ErrorKind::Usage,
                        fmt::format("{}/keys: frame {} has another number of points than frame {}", pointer,
                                    frame, shapes.begin()->first));
        }
        if (!shapes.emplace(frame, shape).second)
            throw Error(ErrorKind::Usage, fmt::format("{}/keys: frame {} is there twice", pointer, frame));
    }
    return shapes;
}

void add_motion(json& facts, const FrameWindow& window) {
    if (window[0].pixels.numel() == 0 || !window.is_real(-1)) return;
    const Guide before = guide_of(window[-1].pixels, guide_side_px);
    const Guide after = guide_of(window[0].pixels, guide_side_px);
    const motion::FlowField flow =
        motion::dense_flow(before.picture, after.picture, motion::FlowQuality::Fine);
    const auto round_trip = motion::round_trip_px(
        flow, motion::dense_flow(after.picture, before.picture, motion::FlowQuality::Fine));
    const int columns = std::max(1, flow.width / cell_px);
    const int rows = std::max(1, flow.height / cell_px);
    std::string text;
    for (int row = 0; row < rows; ++row) {
        for (int column = 0; column < columns; ++column) {
            const int x = std::min(flow.width - 1, column * cell_px + cell_px / 2);
            const int y = std::min(flow.height - 1, row * cell_px + cell_px / 2);
            const auto at = static_cast<std::size_t>(y) * static_cast<std::size_t>(flow.width) +
                            static_cast<std::size_t>(x);
            const bool is_sure = round_trip[at] < most_round_trip_px;
            append(text, is_sure ? std::optional(flow.dx(at)) : std::nullopt);
            append(text, is_sure ? std::optional(flow.dy(at)) : std::nullopt);
        }
    }
    facts["motion"] = {{"columns", columns},         {"rows", rows},
                       {"x", window[0].window.x0},   {"y", window[0].window.y0},
                       {"guide_px", before.unit_px}, {"vectors", text}};
}

Shapes tracked(const Shapes& keys, std::span<const json> all_frames, int first_frame, const Scenes& scenes) {
    const int end = first_frame + static_cast<int>(all_frames.size());
    struct Side {
        Shape shape;
        int distance = 0;
    };
    std::map<int, std::vector<Side>> found;
    const auto motion_at = [&](int frame) {
        const json& facts = all_frames[static_cast<std::size_t>(frame - first_frame)];
        if (facts.is_null()) return Motion{};
        return motion_of(ArtefactReader("remove", facts, fmt::format("the measurement of frame {}", frame)));
    };
    const auto walk = [&](int key, int step) {
        Shape shape = keys.at(key);
        for (int frame = key + step; frame >= first_frame && frame < end; frame += step) {
            if (keys.count(frame) != 0 || !scenes.joined(key, frame)) return;
            shape = stepped(shape, motion_at(step > 0 ? frame : frame + 1), step > 0);
            found[frame].push_back({shape, std::abs(frame - key)});
        }
    };
    Shapes shapes;
    for (const auto& [frame, shape] : keys) {
        if (frame < first_frame || frame >= end) {
            throw Error(ErrorKind::Usage,
                        fmt::format("remove: the key frame {} is not one of the frames {} to {}", frame,
                                    first_frame, end - 1));
        }
        shapes[frame] = shape;
        walk(frame, 1);
        walk(frame, -1);
    }
    for (const auto& [frame, sides] : found) {
        Shape& blend = shapes[frame] = sides.front().shape;
        if (sides.size() < 2) continue;
        const Side &one = sides[0], &other = sides[1];
        const double share = static_cast<double>(other.distance) / (one.distance + other.distance);
        const double first = share * (one.shape.confidence + 1e-6);
        const double second = (1 - share) * (other.shape.confidence + 1e-6);
        for (std::size_t i = 0; i < blend.points.size(); ++i) {
            for (std::size_t c = 0; c < 2; ++c) {
                blend.points[i][c] =
                    (first * one.shape.points[i][c] + second * other.shape.points[i][c]) / (first + second);
            }
        }
        blend.confidence = std::max(one.shape.confidence, other.shape.confidence);
    }
    return shapes;
}

json to_json(const Shapes& shapes) {
    const auto hundredths = [](double value) { return std::round(value * 100) / 100 + 0.0; };
    json list = json::array();
    for (const auto& [frame, shape] : shapes) {
        json points = json::array();
        for (const auto& [x, y] : shape.points) points.push_back({hundredths(x), hundredths(y)});
        list.push_back({{"frame", frame}, {"points", points}, {"confidence", hundredths(shape.confidence)}});
    }
    return list;
}

Shapes shapes_of(const ArtefactReader& list) {
    Shapes shapes;
    for (std::size_t i = 0; i < list.size(most_frames); ++i) {
        const ArtefactReader entry = list.item(i);
        Shape shape;
        const ArtefactReader points = entry.member("points");
        for (std::size_t k = 0; k < points.size(most_points); ++k) {
            const ArtefactReader point = points.item(k);
            if (point.size(2) != 2) point.refuse("must be x and y");
            shape.points.push_back({point.item(0).number(-farthest_px, farthest_px),
                                    point.item(1).number(-farthest_px, farthest_px)});
        }
        if (shape.points.size() < 3) points.refuse("must be three points at least");
        shape.confidence = entry.member("confidence").number(0, 1);
        shapes[entry.member("frame").integer()] = shape;
    }
    return shapes;
}

at::Tensor matte_of(const Shape& shape, const Box& window) {
    constexpr int parts = 4;  // of a pixel's side: 16 samples a pixel
    constexpr int shift_bits = 6;
    constexpr int beyond_px = 4;
    at::Tensor matte = at::zeros({1, window.height(), window.width()}, at::kFloat);
    // Only the box around the outline is drawn; what leaves the picture is cut a little outside it.
    const auto within = [](double at, int first, int end) {
        return std::clamp(at, static_cast<double>(first - beyond_px), static_cast<double>(end + beyond_px));
    };
    Box box{window.x1, window.y1, window.x0, window.y0};
    for (const auto& [x, y] : shape.points) {
        box.x0 = std::min(box.x0, static_cast<int>(std::floor(within(x, window.x0, window.x1))));
        box.x1 = std::max(box.x1, static_cast<int>(std::ceil(within(x, window.x0, window.x1))) + 1);
        box.y0 = std::min(box.y0, static_cast<int>(std::floor(within(y, window.y0, window.y1))));
        box.y1 = std::max(box.y1, static_cast<int>(std::ceil(within(y, window.y0, window.y1))) + 1);
    }
    std::vector<cv::Point> outline;
    for (const auto& [x, y] : shape.points) {
        const auto place = [&](double at, int origin) {
            return static_cast<int>(std::lround(((at - origin) * parts - 0.5) * (1 << shift_bits)));
        };
        outline.emplace_back(place(within(x, window.x0, window.x1), box.x0),
                             place(within(y, window.y0, window.y1), box.y0));
    }
    cv::Mat large = cv::Mat::zeros(box.height() * parts, box.width() * parts, CV_8UC1);
    cv::fillPoly(large, std::vector<std::vector<cv::Point>>{outline}, cv::Scalar(255), cv::LINE_8,
                 shift_bits);
    cv::Mat small;
    cv::resize(large, small, {box.width(), box.height()}, 0, 0, cv::INTER_AREA);
    const at::Tensor drawn =
        at::from_blob(small.data, {1, box.height(), box.width()}, at::kByte).to(at::kFloat) / 255;
    const int left = std::max(box.x0, window.x0), right = std::min(box.x1, window.x1);
    const int top = std::max(box.y0, window.y0), bottom = std::min(box.y1, window.y1);
    if (left >= right || top >= bottom) return matte;
    matte.narrow(1, top - window.y0, bottom - top)
        .narrow(2, left - window.x0, right - left)
        .copy_(drawn.narrow(1, top - box.y0, bottom - top).narrow(2, left - box.x0, right - left));
    return matte;
}

}  // namespace wetgate::passes::remove

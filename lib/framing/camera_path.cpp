#include "framing/camera_path.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "core/error.h"
#include "framing/jolts.h"
#include "framing/quantile.h"
#include "framing/scene_path.h"

namespace wetgate::framing {
namespace {

constexpr double greatest_zoom = 4;
constexpr double least_zoom = 1.0001;       // below it there is no crop to work with
constexpr double least_jolt_share = 0.002;  // of the diagonal
constexpr double held_zoom_share = 0.9;     // of the crop, where a jolt needs more than there is
constexpr double untouched_px = 0.05;
constexpr int row_attempts = 4;
constexpr double rounding_px = 1e-6;
constexpr double most_row_share = 0.3;  // of the crop, for what rows slide at the edge
constexpr double fading = 0.8;  // a frame: how fast a camera that is not seen is thought to come to rest
constexpr PathWeights smoothness = {{0.01, 0, 0}, {0, 10, 1}, 0};
constexpr PathWeights stillness = {{10, 0, 0}, {0, 10, 1}, 0};
constexpr PathWeights over_a_jolt = {{0, 0, 0}, {0, 1, 10}, 0};
// Where edges are filled, each pixel beside the plate is one that must be made up: sway slower than about 70
// frames, which nobody takes for shake, stays.
constexpr double price_of_filling = 5e-4;

/// One scene's part of the shot.
struct Part {
    std::span<const ViewStep> steps;
    std::span<FrameView> views;
    std::vector<Similarity> maps;  // of the steps, all known now
    double readout;                // frames
};

/// Steps that are not known: what the nearest known ones before and after say, slower the farther they are.
std::vector<Similarity> filled(std::span<const ViewStep> steps, bool with_rows) {
    const std::size_t count = steps.size();
    const auto map_of = [&](std::size_t i) { return with_rows ? steps[i].rows.map : steps[i].map; };
    constexpr std::size_t none = static_cast<std::size_t>(-1);
    std::vector<std::size_t> before(count, none), after(count, none);
    for (std::size_t i = 1; i < count; ++i) before[i] = steps[i].is_known() ? i : before[i - 1];
    for (std::size_t i = count; i-- > 1;)
        after[i] = steps[i].is_known() ? i : i + 1 < count ? after[i + 1] : none;
    std::vector<Similarity> maps(count);
    for (std::size_t i = 1; i < count; ++i) {
        if (steps[i].is_known()) {
            maps[i] = map_of(i);
            continue;
        }
        double sum = 0;
        Similarity mean{0, 0, 0, 0};
        for (const std::size_t at : {before[i], after[i]}) {
            if (at == none) continue;
            const double away = static_cast<double>(at > i ? at - i : i - at);
            const double weight = 1 / away, pace = std::pow(fading, away);
            const Similarity known = map_of(at);
            sum += weight;
            mean.a += weight * (1 + pace * (known.a - 1));
            mean.b += weight * pace * known.b;
            mean.dx += weight * pace * known.dx;
            mean.dy += weight * pace * known.dy;
        }
        if (sum > 0) maps[i] = {mean.a / sum, mean.b / sum, mean.dx / sum, mean.dy / sum};
    }
    return maps;
}

ViewLimits limits_of(int width, int height, double zoom, const PathOptions& options, double margin_px = 0) {
    const double half_width = middle(width), half_height = middle(height);
    // Where edges are filled, the plate is as much larger as the crop would have made the view smaller.
    const double outer = options.fills_edges ? 2 - 1 / options.most_zoom : 1;
    return {half_width / zoom, half_height / zoom, outer * half_width - margin_px,
            outer * half_height - margin_px, zoom / options.most_zoom};
}

void write(Part& part, const std::vector<Similarity>& maps, double zoom, const ScenePathProblem& problem,
           ViewReason reason) {
    for (std::size_t i = 0; i < maps.size(); ++i) {
        FrameView& view = part.views[i];
        view = {maps[i].dx, maps[i].dy, maps[i].rotation_deg(), maps[i].scale() * zoom, 0, 0, reason};
        if (i > 0 && !part.steps[i].is_known()) {
            view.reason = ViewReason::NoTrack;
        } else if (reason == ViewReason::Smoothed && problem.is_held_back(maps[i])) {
            view.reason = ViewReason::AtTheEdge;
        }
    }
}

/// Gives the views the rows' slide that their own motion against the plate makes, but not those that are
/// untouched.
void add_rows(Part& part, double height) {
    if (part.readout == 0 || part.views.size() < 2) return;
    const std::size_t last = part.views.size() - 1;
    for (std::size_t i = 0; i <= last; ++i) {
        FrameView& view = part.views[i];
        if (view.reason == ViewReason::Untouched) continue;
        const FrameView &before = part.views[i > 0 ? i - 1 : 0], &after = part.views[std::min(i + 1, last)];
        const double frames = i > 0 && i < last ? 2 : 1;
        view.row_x = part.readout / height * (after.dx_px - before.dx_px) / frames;
        view.row_y = part.readout / height * (after.dy_px - before.dy_px) / frames;
    }
}

/// How far views with their rows reach out of the outer rectangle at most; 0 where they do not.
double overshoot_px(const Part& part, double zoom, const ViewLimits& limits) {
    double most = 0;
    for (const FrameView& view : part.views) {
        const Similarity map = view_map(view, zoom);
        for (const double x : {-limits.half_width, limits.half_width}) {
            for (const double y : {-limits.half_height, limits.half_height}) {
                const double down = map.b * x + map.a * y + map.dy;
                most = std::max(
                    {most, std::abs(map.a * x - map.b * y + map.dx + view.row_x * down) - limits.outer_width,
                     std::abs(down * (1 + view.row_y)) - limits.outer_height});
            }
        }
    }
    return most;
}

void drop_rows(Part& part) {
    for (FrameView& view : part.views) view.row_x = view.row_y = 0;
}

double median_zoom(const std::vector<Similarity>& maps) {
    std::vector<double> zooms;
    for (const Similarity& map : maps) zooms.push_back(1 / map.scale());
    return median(std::move(zooms));
}

ScenePath solve_smooth_within(Part& part, int width, int height, const PathOptions& options,
                              double margin_px) {
    const ScenePathProblem problem(part.maps, limits_of(width, height, 1, options, margin_px));
    if (options.mode == PathMode::Lock) {
        if (const auto views = problem.locked()) {
            const double zoom = median_zoom(*views);
            write(part, *views, zoom, problem, ViewReason::Locked);
            return {.zoom = zoom, .is_locked = true};
        }
    }
    PathWeights weights = options.mode == PathMode::Lock ? stillness : smoothness;
    if (options.fills_edges) weights.away = price_of_filling;
    const auto views = problem.smooth(weights);
    const double radius_px = std::hypot(middle(width), middle(height));
    const auto moves_px = [&](const Similarity& view) {
        return std::hypot(view.dx, view.dy) + radius_px * std::abs(std::atan2(view.b, view.a));
    };
    if (std::all_of(views.begin(), views.end(),
                    [&](const auto& view) { return moves_px(view) < untouched_px; })) {
        std::fill(part.views.begin(), part.views.end(), FrameView{});
        return {};  // a tripod's shot is not resampled for what nobody sees
    }
    const double zoom = median_zoom(views);
    write(part, views, zoom, problem, ViewReason::Smoothed);
    return {.zoom = zoom, .is_locked = false};
}

/// Rows move the view's edges a little: what that needs is kept free within the plate.
ScenePath solve_smooth(Part& part, int width, int height, const PathOptions& options) {
    const ViewLimits whole = limits_of(width, height, 1, options);
    double margin_px = 0;
    for (int attempt = 0; attempt < row_attempts; ++attempt) {
        const ScenePath scene = solve_smooth_within(part, width, height, options, margin_px);
        add_rows(part, height);
        const double over_px = overshoot_px(part, scene.zoom, whole);
        if (over_px < rounding_px) return scene;
        margin_px += 1.1 * over_px;
        if (margin_px > most_row_share * (1 - 1 / options.most_zoom) * middle(height)) break;
    }
    part.maps = filled(part.steps, false);
    const ScenePath scene = solve_smooth_within(part, width, height, options, 0);
    drop_rows(part);
    return scene;
}

// Note [One zoom for all]
// A jolt needs its crop for some frames only, and a zoom that eased in before it and out behind it would
// leave the rest of the scene alone. But it would be seen: 3 % eased in over 12 frames move the corners of a
// 1080p picture by 4 px a frame, which is what a jolt does. So a scene has one zoom; who wants the other
// frames untouched fills the edges.

/// The zoom by which a view of the plate's size stays within `limits`; infinite where none does.
double zoom_for(const Similarity& view, const ViewLimits& limits) {
    double zoom = 1;
    for (const double side : {-1.0, 1.0}) {
        const double x = limits.half_width, y = side * limits.half_height;
        const double across = std::abs(view.a * x - view.b * y), down = std::abs(view.b * x + view.a * y);
        const double room_x = limits.outer_width - std::abs(view.dx),
                     room_y = limits.outer_height - std::abs(view.dy);
        if (!(room_x > 0 && room_y > 0)) return INFINITY;
        zoom = std::max({zoom, across / room_x, down / room_y});
    }
    return zoom;
}

ScenePath solve_bump(Part& part, int width, int height, const PathOptions& options) {
    const double radius_px = std::hypot(middle(width), middle(height));
    const double least_px =
        options.least_jolt_px > 0 ? options.least_jolt_px : least_jolt_share * 2 * radius_px;
    const auto jolts = find_jolts(part.maps, radius_px, options.longest_jolt, least_px);
    std::vector<Similarity> views(part.maps.size());
    const ViewLimits whole = limits_of(width, height, 1, options);
    const ScenePathProblem free(part.maps, whole);
    double zoom = 1, least_scale = 1;
    for (const Jolt& jolt : jolts) {
        free.repair(views, jolt.first, jolt.last, over_a_jolt, false);
        for (std::size_t i = jolt.first; i < jolt.last; ++i) {
            zoom = std::max(zoom, zoom_for(views[i], whole));
            least_scale = std::min(least_scale, views[i].scale());
        }
    }
    const double most_zoom = options.fills_edges ? 1 : options.most_zoom;
    std::optional<ScenePathProblem> held;
    if (zoom > most_zoom * least_scale) {
        zoom = options.fills_edges ? 1 : 1 + held_zoom_share * (options.most_zoom - 1);
        held.emplace(part.maps, limits_of(width, height, zoom, options));
        std::fill(views.begin(), views.end(), Similarity{});
        for (const Jolt& jolt : jolts) held->repair(views, jolt.first, jolt.last, over_a_jolt, true);
    }
    for (std::size_t i = 0; i < views.size(); ++i)
        part.views[i] = {views[i].dx, views[i].dy, views[i].rotation_deg(), views[i].scale(),
                         0,           0,           ViewReason::Untouched};
    for (const Jolt& jolt : jolts) {
        for (std::size_t i = jolt.first; i < jolt.last; ++i)
            part.views[i].reason =
                held && held->is_held_back(views[i]) ? ViewReason::AtTheEdge : ViewReason::Jolt;
    }
    return {.zoom = zoom};
}

void check(std::size_t frames, std::span<const std::size_t> cuts, int width, int height,
           const PathOptions& options) {
    const bool ascends = std::adjacent_find(cuts.begin(), cuts.end(), std::greater_equal<>()) == cuts.end();
    if (width < 2 || height < 2 || !ascends ||
        (!cuts.empty() && (cuts.front() == 0 || cuts.back() >= frames)) ||
        !(options.most_zoom >= 1 && options.most_zoom <= greatest_zoom) || options.longest_jolt < 1)
        throw Error(ErrorKind::Internal, "a camera path of a size, cuts or options that make no sense");
}

}  // namespace

std::string_view name_of(ViewReason reason) {
    switch (reason) {
        case ViewReason::Smoothed:
            return "smoothed";
        case ViewReason::AtTheEdge:
            return "at the edge";
        case ViewReason::Jolt:
            return "jolt";
        case ViewReason::Locked:
            return "locked";
        case ViewReason::NoTrack:
            return "no track";
        case ViewReason::Untouched:
            break;
    }
    return "untouched";
}

Similarity view_map(const FrameView& view, double zoom) {
    return Similarity::of(view.dx_px, view.dy_px, view.rotation_deg, view.scale / zoom);
}

motion::Homography plate_map(const FrameView& view, double zoom, int width, int height) {
    const Similarity map = view_map(view, zoom);
    return about_centre({{map.a, -map.b, map.dx, map.b, map.a, map.dy, 0, 0, 1}}, width, height)
        .then(about_centre({{1, view.row_x, 0, 0, 1 + view.row_y, 0, 0, 0, 1}}, width, height));
}

CameraPath solved_path(std::span<const ViewStep> steps, std::span<const std::size_t> cuts, int width,
                       int height, const PathOptions& options) {
    check(steps.size(), cuts, width, height, options);
    CameraPath path;
    if (options.sees_rows) path.readout = readout_of(steps, cuts, height);
    const bool has_rows = path.readout.frames != 0;
    path.views.resize(steps.size());
    for (std::size_t k = 0; k <= cuts.size() && !steps.empty(); ++k) {
        const std::size_t first = k == 0 ? 0 : cuts[k - 1], last = k < cuts.size() ? cuts[k] : steps.size();
        Part part{steps.subspan(first, last - first),
                  std::span(path.views).subspan(first, last - first),
                  {},
                  path.readout.frames};
        part.maps = filled(part.steps, has_rows);
        ScenePath scene;
        if (options.most_zoom >= least_zoom) {
            scene = options.mode == PathMode::Bump ? solve_bump(part, width, height, options)
                                                   : solve_smooth(part, width, height, options);
        }
        scene.first = first;
        path.scenes.push_back(scene);
    }
    return path;
}

}  // namespace wetgate::framing

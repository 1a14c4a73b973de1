#include "pipeline/shown_path.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace wetgate::pipeline {
namespace {

constexpr double safe_share = 0.9;
constexpr int steps_a_side = 16;  // a lens bends what is straight

double rounded(double value) {
    return std::round(value * 1000) / 1000 + 0.0;  // no -0
}

}  // namespace

std::vector<ShownCanvas> canvases_of(const ShotContext& shot) {
    std::vector<ShownCanvas> canvases;
    for (const spec::OutputSpec& output : shot.shot().outputs) {
        if (!output.matte_of.empty()) continue;
        const std::vector<std::size_t>& moves = shot.moves_of(output);
        auto same = std::find_if(canvases.begin(), canvases.end(),
                                 [&](const ShownCanvas& canvas) { return canvas.moves == moves; });
        if (same == canvases.end())
            same = canvases.insert(canvases.end(), {{}, moves, shot.canvas_of(output)});
        same->outputs.push_back(output.name);
    }
    return canvases;
}

ShownFrame shown_on(const ShotContext& shot, const std::vector<ShotMove>& moves, const ShownCanvas& canvas,
                    int frame) {
    const Box display = times(shot.info().display_window, shot.scale());
    const ComposedMove move = composed_move(moves, canvas.moves, display, frame);
    ShownFrame shown;
    for (const ComposedMove::Step& step : move.steps) {
        for (const nlohmann::json& one : step.move.facts.value("left_out", nlohmann::json::array()))
            shown.left_out.push_back(one.value("subject", "") + ": " + one.value("reason", ""));
    }
    const double left = move.shown.x0 - 0.5, top = move.shown.y0 - 0.5;
    // Shares of the canvas to the plate.
    const auto place = [&](double across, double down) {
        const framing::Point at =
            move.to_picture.green().at(left + across * canvas.size.width, top + down * canvas.size.height);
        return framing::Point{(at.x + 0.5 - display.x0) / shot.scale(),
                              (at.y + 0.5 - display.y0) / shot.scale()};
    };
    const auto around = [&](double share) {
        const double first = (1 - share) / 2;
        std::vector<framing::Point> places;
        constexpr std::array<std::array<int, 2>, 4> corners{{{0, 0}, {1, 0}, {1, 1}, {0, 1}}};
        for (std::size_t side = 0; side < corners.size(); ++side) {
            const auto& from = corners[side];
            const auto& to = corners[(side + 1) % corners.size()];
            for (int i = 0; i < steps_a_side; ++i) {
                const double part = static_cast<double>(i) / steps_a_side;
                places.push_back(place(first + share * (from[0] + part * (to[0] - from[0])),
                                       first + share * (from[1] + part * (to[1] - from[1]))));
            }
        }
        places.push_back(places.front());
        return places;
    };
    shown.edge = around(1);
    shown.safe = around(safe_share);
    shown.level = {place(0.45, 0.5), place(0.55, 0.5)};
    shown.middle = place(0.5, 0.5);
    const double across = shown.level[1].x - shown.level[0].x, down = shown.level[1].y - shown.level[0].y;
    const double length = std::hypot(across, down);
    if (length > 0) shown.zoom = 0.1 * canvas.size.width / length;
    shown.rotation_deg = std::atan2(down, across) * 180 / std::numbers::pi;
    return shown;
}

nlohmann::json path_metrics(const ShotContext& shot, const std::vector<ShotMove>& moves) {
    nlohmann::json metrics = nlohmann::json::array();
    for (const ShownCanvas& canvas : canvases_of(shot)) {
        if (canvas.moves.empty()) continue;
        struct Plot {
            const char* name;
            const char* title;
            const char* unit;
            nlohmann::json values = nlohmann::json::array();
        };
        std::array<Plot, 4> plots{{{"path_x", "Middle of the view, from the left", "px of the plate"},
                                   {"path_y", "Middle of the view, from the top", "px of the plate"},
                                   {"path_scale", "Scale of the view", "times the plate"},
                                   {"path_rotation", "Rotation of the view", "degrees"}}};
        for (const int frame : frames_of(shot.delivered_range())) {
            const ShownFrame shown = shown_on(shot, moves, canvas, frame);
            const std::array<double, 4> values{shown.middle.x, shown.middle.y, shown.zoom,
                                               shown.rotation_deg};
            for (std::size_t i = 0; i < plots.size(); ++i) {
                plots[i].values.push_back(std::isfinite(values[i]) ? nlohmann::json(rounded(values[i]))
                                                                   : nlohmann::json());
            }
        }
        for (Plot& plot : plots) {
            metrics.push_back({{"name", std::string(plot.name) + " " + canvas.outputs.front()},
                               {"title", fmt::format("{}: {}", plot.title, fmt::join(canvas.outputs, ", "))},
                               {"unit", plot.unit},
                               {"output", std::move(plot.values)}});
        }
    }
    return metrics;
}

}  // namespace wetgate::pipeline

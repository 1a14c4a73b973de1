#pragma once
#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "framing/warp.h"
#include "pipeline/composed_move.h"
#include "pipeline/shot_context.h"

namespace wetgate::pipeline {

/// A canvas that outputs of a shot show. Places below are in pixels of the plate's display window, from its
/// upper left corner to edges.
struct ShownCanvas {
    std::vector<std::string> outputs;  ///< names, one at least
    std::vector<std::size_t> moves;    ///< passes; none: the plate itself
    framing::Canvas size;
};
/// Each once, in the order of the outputs; matte outputs show none.
std::vector<ShownCanvas> canvases_of(const ShotContext& shot);

/// What of the plate a canvas shows on one frame.
struct ShownFrame {
    std::vector<framing::Point> edge;     ///< once round, the first place again at its end
    std::vector<framing::Point> safe;     ///< the same of its safe title area (SMPTE ST 2046-1: 90 %)
    std::array<framing::Point, 2> level;  ///< a line through its middle that is level on the canvas
    framing::Point middle;
    double zoom = 1;                    ///< pixels of the canvas a pixel of the plate, at the middle
    double rotation_deg = 0;            ///< of the canvas in the plate, clockwise on the screen
    std::vector<std::string> left_out;  ///< subjects that it does not hold, and why
};
/// `moves`: of the shot, solved. Error{Internal} where one of the canvas is not among them.
ShownFrame shown_on(const ShotContext& shot, const std::vector<ShotMove>& moves, const ShownCanvas& canvas,
                    int frame);

/// Plots of where each moved canvas lies over the delivered frames, as qc::metrics() has them.
nlohmann::json path_metrics(const ShotContext& shot, const std::vector<ShotMove>& moves);

}  // namespace wetgate::pipeline

#pragma once
#include <ATen/core/Tensor.h>

#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "core/geometry.h"
#include "passes/artefact_reader.h"
#include "passes/remove_camera.h"
#include "passes/scenes.h"
#include "passes/wire_profile.h"

namespace wetgate::passes::wire {

/// A wire on one frame, in the coordinates of the plate.
struct Place {
    Path path;
    double width_px = 4;
    double confidence = 1;  ///< [0,1]; 0: nothing was found there, the path is what was given
};
/// The wires of a shot, by name, each by frame.
using Wires = std::map<std::string, std::map<int, Place>>;

/// Of the parameter "keys": rough paths on some frames. Error{Usage} where a wire's have unlike numbers of
/// points.
Wires key_wires(const nlohmann::json& keys, const std::string& pointer, double width_px);
/// The rough path at any frame: between key frames in proportion, beyond them as on the nearest.
Place rough_at(const std::map<int, Place>& keys, int frame);

/// What lines() found on a frame, as facts, their places moved by (x0, y0), and back.
nlohmann::json to_json(const std::vector<Line>& lines, int x0, int y0);

/// What a line is like that was followed from frame to frame; medians.
struct TrackFacts {
    std::size_t seen = 0, frames = 0;  ///< of the frames from the first to the last
    double length_px = 0;
    double slender = 0;                                     ///< length in widths
    double uneven = 0, ragged = 0, soft = 0, contrast = 0;  ///< as of a Line; contrast without its sign
    double carried_px = 0;  ///< how far the camera carries it across itself, in all
    double off_px = 0;      ///< and how far from there it is found
    double moved_px = 0;    ///< and how far from where it was before
};

/// What lines are followed, and which are kept.
struct Rules {
    std::string name;          ///< of those that are kept, before their number
    double most_step_px = 24;  ///< from frame to frame, across the line
    std::size_t least_frames = 3;
    bool completes = true;  ///< where a part of a line is seen, the whole is meant
    std::function<bool(const TrackFacts&)> keeps;
};

/// Follows the lines of all frames' "lines" and keeps those that the rules ask for.
Wires followed(std::span<const nlohmann::json> all_frames, int first_frame, const Scenes& scenes,
               const remove::CameraTrack& camera, const Rules& rules);

/// An artefact's "wires" and back.
nlohmann::json to_json(const Wires& wires);
Wires wires_of(const ArtefactReader& list);

/// [1,H,W] float32 on the host: what of `window` the wires cover on a frame, their soft edges too.
at::Tensor matte_of(const Wires& wires, int frame, const Box& window);

}  // namespace wetgate::passes::wire

#pragma once
#include <ATen/core/Tensor.h>

#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "core/geometry.h"
#include "passes/artefact_reader.h"
#include "passes/remove_camera.h"
#include "passes/scenes.h"
#include "passes/wire_lines.h"

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

/// Follows the lines of all frames' "lines" and keeps those that are wires: that last, and do not go with the
/// scene. See Note [Wire or scene]. `takes_all`: also those that do.
Wires followed(std::span<const nlohmann::json> all_frames, int first_frame, const Scenes& scenes,
               const remove::CameraTrack& camera, bool takes_all);

/// An artefact's "wires" and back.
nlohmann::json to_json(const Wires& wires);
Wires wires_of(const ArtefactReader& list);

/// [1,H,W] float32 on the host: what of `window` the wires cover on a frame, their soft edges too.
at::Tensor matte_of(const Wires& wires, int frame, const Box& window);

}  // namespace wetgate::passes::wire

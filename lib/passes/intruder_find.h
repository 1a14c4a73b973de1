#pragma once
#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "core/geometry.h"
#include "passes/artefact_reader.h"
#include "passes/remove_camera.h"
#include "passes/scenes.h"

namespace wetgate::passes::intruder {

/// Adds "small" to a frame's facts: the picture on a grid of at most 192 cells, as text. `coded`: [3,H,W]
/// float32, about 0..1, of `data`.
void add_small(nlohmann::json& facts, const at::Tensor& coded, const Box& data);

/// Which intruders are looked for.
struct Wanted {
    double least_difference = 0.05;  ///< from the background, coded
    double least_area = 0.001;       ///< share of the picture, at its largest
    int least_frames = 3;
    bool left = true, top = true, right = true, bottom = true;  ///< edges that it may enter from
};

using Point = std::array<double, 2>;  ///< x, y in the coordinates of the plate
using Outline = std::vector<Point>;

/// Something that comes in from an edge.
struct Intruder {
    std::string edge;                              ///< "left", "top", "right" or "bottom"
    std::map<int, std::vector<Outline>> outlines;  ///< by frame
};
/// By name.
using Intruders = std::map<std::string, Intruder>;

/// See Note [Background of a shot]. `all_frames`: with add_small()'s facts.
Intruders found(std::span<const nlohmann::json> all_frames, int first_frame, const Scenes& scenes,
                const remove::CameraTrack& camera, const Wanted& wanted);

/// An artefact's "intruders" and back.
nlohmann::json to_json(const Intruders& intruders);
Intruders intruders_of(const ArtefactReader& list);

/// [1,H,W] float32 on the host: what of `window` they cover on a frame.
at::Tensor matte_of(const Intruders& intruders, int frame, const Box& window);

}  // namespace wetgate::passes::intruder

#pragma once
#include <ATen/core/Tensor.h>

#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "core/geometry.h"
#include "passes/artefact_reader.h"
#include "passes/pass.h"
#include "passes/scenes.h"

// A shape that a person drew on a few frames, carried through the shot by what moves inside it.

namespace wetgate::passes::remove {

using Point = std::array<double, 2>;  ///< x, y in the coordinates of the plate's data window

/// A closed outline on one frame.
struct Shape {
    std::vector<Point> points;
    double confidence = 1;  ///< [0,1]: 1 on a key frame
};
using Shapes = std::map<int, Shape>;  ///< by frame

/// Of the parameter "keys": two points are the corners of a rectangle. Error{Usage} for outlines of unlike
/// numbers of points, which cannot be blended.
Shapes key_shapes(const nlohmann::json& keys, const std::string& pointer);

/// Adds "motion" to a frame's facts: the flow from the frame before to this one, on a coarse grid, as text.
void add_motion(nlohmann::json& facts, const FrameWindow& window);

/// The shape on every frame of `all_frames` that a chain of steps from a key frame reaches within its scene.
Shapes tracked(const Shapes& keys, std::span<const nlohmann::json> all_frames, int first_frame,
               const Scenes& scenes);

/// An artefact's "shape" and back.
nlohmann::json to_json(const Shapes& shapes);
Shapes shapes_of(const ArtefactReader& list);

/// [1,H,W] float32: the share of each pixel of `window` that the shape, an eighth of a pixel
/// wider all around, covers. On the host.
at::Tensor matte_of(const Shape& shape, const Box& window);

}  // namespace wetgate::passes::remove

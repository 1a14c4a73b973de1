#pragma once
#include <nlohmann/json.hpp>
#include <span>
#include <vector>

// The path of a crop over a shot: what a person reads and edits, and the one function that says where the
// crop is on a frame. Lengths are in pixels of the plate's display window, measured from its top left corner
// to edges: the whole picture is {0, 0, width, height} (edge e lies half a pixel before sample e).

namespace wetgate::framing {

struct Crop {
    double x = 0;  ///< left edge
    double y = 0;  ///< top edge
    double w = 0;
    double h = 0;
    bool operator==(const Crop&) const = default;
};

/// Where the crop is at a frame. Between two keys it goes straight from one to the other.
struct CropKey {
    int frame = 0;
    Crop crop;
    /// Frames, half before the key and half after, over which the crop changes from the speed before it to
    /// that after it; 0: at once.
    int ease = 0;
    bool operator==(const CropKey&) const = default;
};

/// What lies between two cuts. Before its first key and after its last one the crop stands still.
struct CropScene {
    int first = 0;
    int last = 0;               ///< inclusive
    std::vector<CropKey> keys;  ///< one at least, frames rising
    bool operator==(const CropScene&) const = default;
};

struct CropPath {
    int width = 0;  ///< of the plate's display window
    int height = 0;
    std::vector<CropScene> scenes;  ///< frames rising, none in two scenes
    bool operator==(const CropPath&) const = default;
};

/// The crop on one frame: straight between keys, each corner rounded by a parabola-shaped window of the key's
/// `ease`. A first or last key that lies at its scene's border is not rounded: the crop may already move
/// there. Only the two keys around the frame and those within half their ease of it have a say, so that
/// editing a key leaves all frames beyond its neighbours' easings as they are, bit for bit.
Crop crop_at(const CropScene& scene, int frame);

/// The same, kept inside the picture (an easing close to a scene's border may lead out of it). A frame that
/// is in no scene takes the nearest scene's border. Error{Input} for a path without scenes.
Crop crop_at(const CropPath& path, int frame);

/// {"width", "height", "scenes": [{"first", "last", "keys": [{"frame", "x", "y", "w", "h", "ease"}]}]}
nlohmann::json to_json(const CropPath& path);
/// Error{Input} that names the place, for anything else than what to_json() writes: unknown names, numbers
/// out of range, frames that do not rise, crops that leave the picture by more than 0.01 px.
CropPath crop_path_from_json(const nlohmann::json& json);

/// How a path moves along one axis. A move is a run of frames that all go one way.
struct PathMotion {
    double most_velocity = 0;      ///< pixels a frame
    double most_acceleration = 0;  ///< pixels a frame, a frame
    double mean_jerk = 0;          ///< mean size of the third difference
    double smallest_move = 0;      ///< pixels from its start to its end; 0 where nothing moves
    int moves = 0;
};
/// Of the positions on consecutive frames. Steps below a thousandth of a pixel are rest.
PathMotion motion_of(std::span<const double> positions);

}  // namespace wetgate::framing

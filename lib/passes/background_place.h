#pragma once
#include <nlohmann/json.hpp>
#include <optional>
#include <span>

#include "motion/match.h"
#include "passes/pass.h"
#include "passes/remove_camera.h"
#include "passes/remove_guide.h"
#include "passes/remove_shape.h"
#include "passes/scenes.h"

// Where the reference plate lies in each frame: as the places of the middles of its four corner pixels, upper
// left first, clockwise.

namespace wetgate::passes::background {

/// The corners of a picture of that data window, in its own coordinates.
std::vector<remove::Point> corners_of(const Box& window);

/// From places in the plate to places in the picture over `picture`, whose corners lie at `corners` in the
/// plate. nullopt for corners that no view of a rectangle can have.
std::optional<motion::Homography> to_picture(const std::vector<remove::Point>& corners, const Box& picture);

/// A reference, made ready to be found again.
struct KnownPicture {
    explicit KnownPicture(const compute::DeviceFrame& reference);

    Box window;
    motion::Homography to_guide;  // from its own coordinates to those of the features
    motion::PictureFeatures features;

private:
    KnownPicture(const Box& data_window, const remove::Guide& guide);
};

/// Adds "match" to a frame's facts: how many features of what `matte` covers are found again, and where the
/// reference's corners lie by them.
void add_match(nlohmann::json& facts, const compute::DeviceFrame& frame, const at::Tensor& matte,
               const KnownPicture& reference);

/// A place on some frames, by the facts of all: every second of a scene one that all matches around agree on.
remove::Shapes keys_by_matches(std::span<const nlohmann::json> all_frames, int first_frame, int least_matches,
                               const remove::CameraTrack& camera, const Scenes& scenes);

/// From `keys` to every frame of [first_frame, first_frame + count) that the camera's track leads to within
/// its scene; between two keys a blend, so that neither jumps.
remove::Shapes carried(const remove::Shapes& keys, int first_frame, int count,
                       const remove::CameraTrack& camera, const Scenes& scenes);

/// So that a picture of `picture`'s shape just fills `window`.
std::vector<remove::Point> filling(const Box& window, const Box& picture);

}  // namespace wetgate::passes::background

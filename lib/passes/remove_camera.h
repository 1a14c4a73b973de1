#pragma once
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <vector>

#include "motion/track.h"
#include "passes/artefact_reader.h"
#include "passes/pass.h"

namespace wetgate::passes::remove {

/// [1,H,W] of the window's frame k: above 0 what is not looked at.
using LeftOut = std::function<at::Tensor(int)>;

/// Adds "camera" to a frame's facts: the step from the frame before, in coordinates of the plate, what
/// `left_out` (empty: nothing) covers left out.
void add_camera(nlohmann::json& facts, const FrameWindow& window, const LeftOut& left_out);

/// The camera's way through a shot.
class CameraTrack {
public:
    CameraTrack() = default;
    /// Of an artefact's "camera".
    explicit CameraTrack(const ArtefactReader& list);

    /// From one frame to another, in pixels of a data window whose corner is (x0, y0). nullopt where a frame
    /// between them was not measured; a step that was, but is not known, counts as a camera that stands
    /// still.
    std::optional<motion::Homography> way(int from, int to, int x0, int y0) const;

private:
    int first_ = 0;
    std::vector<motion::CameraStep> steps_;  // [i]: to frame first_ + i
};

/// The artefact's "camera", from the facts of all frames.
nlohmann::json solved_camera(std::span<const nlohmann::json> all_frames, int first_frame);

/// `cuts` (numbers of frames that begin a scene) without those over which the camera was followed: before
/// a plain ground that pans, little else is found again.
nlohmann::json confirmed_cuts(const nlohmann::json& cuts, std::span<const nlohmann::json> all_frames,
                              int first_frame);

}  // namespace wetgate::passes::remove

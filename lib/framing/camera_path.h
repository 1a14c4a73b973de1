#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "framing/rolling_shutter.h"
#include "framing/similarity.h"
#include "framing/view_step.h"

namespace wetgate::framing {

enum class PathMode : std::uint8_t {
    Smooth,  ///< the path that an operator with a steady hand would have taken, as far as the crop allows
    Bump,    ///< jolts of a few frames are taken out; all other frames keep their place exactly
    Lock     ///< one fixed view, as from a tripod; Smooth where the crop does not allow it
};

struct PathOptions {
    PathMode mode = PathMode::Smooth;
    double most_zoom = 1.1;    ///< 1 to 4: a view is at least 1 / most_zoom as wide as the plate
    bool fills_edges = false;  ///< the view may reach out of the plate by as much as the crop could be
    int longest_jolt = 12;     ///< frames; what lasts longer is a move
    bool sees_rows = true;     ///< takes out what a rolling shutter does, where there is evidence of one
    double least_jolt_px = 0;  ///< a frame, at the picture's corners; 0: 0.2 % of the diagonal
};

/// Why a frame's view is what it is.
enum class ViewReason : std::uint8_t {
    Untouched,  ///< the plate's own view, but for the scene's zoom
    Smoothed,
    AtTheEdge,  ///< smoothed, and an edge of the plate (or the greatest zoom) holds it back
    Jolt,       ///< a jolt was here
    Locked,
    NoTrack  ///< the step to this frame is not known: taken from its neighbours
};
/// "untouched", "smoothed", "at the edge", "jolt", "locked", "no track".
std::string_view name_of(ViewReason reason);

/// What one frame of the made shot shows of the plate.
struct FrameView {
    double dx_px = 0, dy_px = 0;  ///< where the view's centre lies in the plate, from the plate's centre
    double rotation_deg = 0;      ///< of the view in the plate, clockwise on the screen
    double scale = 1;             ///< the view's size, the scene's zoom set aside
    double row_x = 0, row_y = 0;  ///< how far the plate's rows slide, px a px below the centre
    ViewReason reason = ViewReason::Untouched;
};

/// The frames between two cuts.
struct ScenePath {
    std::size_t first = 0;  ///< index of its first frame
    double zoom = 1;        ///< of the scene: a view is scale / zoom as large as the plate
    bool is_locked = false;
};

struct CameraPath {
    Readout readout;                ///< of the camera, where rows were looked at
    std::vector<ScenePath> scenes;  ///< in order; empty for a shot without frames
    std::vector<FrameView> views;   ///< one a frame
};

/// From the made picture to the plate, both of one size, in pixels from their centres; rows set aside.
Similarity view_map(const FrameView& view, double zoom);
/// The same with rows, in pixels of pictures of `width` x `height`.
motion::Homography plate_map(const FrameView& view, double zoom, int width, int height);

/// The path of a shot of pictures of `width` x `height`. steps[i] leads from frame i - 1 to frame i (steps[0]
/// is not looked at), `cuts` (ascending) are the indices of frames that begin a scene. What a frame of the
/// made shot shows of the plate lies inside the plate, from the centre of its first sample to that of its
/// last, at every frame, unless `fills_edges`. Error{Internal} where a size, a cut or the zoom makes no
/// sense.
CameraPath solved_path(std::span<const ViewStep> steps, std::span<const std::size_t> cuts, int width,
                       int height, const PathOptions& options = {});

}  // namespace wetgate::framing

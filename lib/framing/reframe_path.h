#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "framing/crop_path.h"
#include "framing/evidence.h"
#include "framing/path_search.h"
#include "framing/scene_subjects.h"
#include "framing/target_tracks.h"
#include "framing/warp.h"

namespace wetgate::framing {

struct ReframeOptions {
    double aspect = 1;        ///< width / height of the crop as it is shown
    double pixel_aspect = 1;  ///< width / height of a pixel of the plate
    double closer = 1;        ///< 1: the largest crop of that aspect; 1.25: a push-in by a quarter
    double rate = 24;         ///< frames a second
    MotionLimits limits;
    double headroom = 0.5;     ///< kept above a face, in heights of it
    double lead_room_s = 0.5;  ///< the crop is put this far ahead of a subject that moves
    Policy policy = Policy::Weight;
};

/// A subject that the crop does not hold whole.
struct LeftOut {
    std::string subject;  ///< "target", "face", "moving", "standout"
    int first = 0;        ///< frames, inclusive
    int last = 0;
    std::string reason;
    bool operator==(const LeftOut&) const = default;
};

/// The subject that was kept where not all fit, and what made it the one.
struct Kept {
    std::string subject;  ///< "face", "moving", "standout"
    int first = 0;        ///< frames on which it is there, inclusive
    int last = 0;
    std::string reason;  ///< "the subject of most weight", "the largest", "the one whose mouth moves most"
    bool operator==(const Kept&) const = default;
};

struct ReframeSolution {
    CropPath path;
    std::vector<Kept> kept;  ///< one a scene at most: none where all fit
    std::vector<LeftOut> left_out;
};

/// The largest crop of an aspect in a picture, divided by `closer`, in pixels: w and h.
Crop crop_size(int width, int height, const ReframeOptions& options);
/// What a crop of that size is shown as, at the plate's own scale: whole pixels, an even number of them, as
/// movies want.
Canvas canvas_of(const Crop& crop);

/// A crop path over a shot whose first frame is `first_frame`; `frames[i]` is frame first_frame + i, null
/// where nothing is known of it. `cuts` are the indices that start another scene. In a scene with targets,
/// which are followed in `looks` (one a frame, or none at all), they alone count, and the evidence only where
/// they leave a choice.
///
/// Of subjects that do not fit together, the one that `policy` names is kept in each scene, by default that
/// with most weight over it (size, confidence, frames seen; a face before what stands out, that before what
/// moves); another one is rather left out whole than split, and `left_out` says so. Deterministic; pixels are
/// rounded to a thousandth. Error{Usage} for options out of range, targets that are not in order or lie on
/// none of the frames, or no frames.
ReframeSolution solve_reframe(int width, int height, int first_frame,
                              std::span<const std::optional<FrameEvidence>> frames, std::span<const int> cuts,
                              std::span<const Target> targets, const ReframeOptions& options,
                              std::span<const motion::GrayImage> looks = {});

}  // namespace wetgate::framing

#pragma once
#include "framing/similarity.h"
#include "motion/flow.h"
#include "motion/track.h"

namespace wetgate::framing {

/// A step in which, besides, the rows slide against each other, as a rolling shutter makes them: (x, y), from
/// the centre, lies row_x y further right and row_y y further down.
struct RowStep {
    Similarity map;
    double row_x = 0, row_y = 0;
    bool operator==(const RowStep&) const = default;
};

/// How the picture moves from one frame to the next, as the camera's path is made of it.
struct ViewStep {
    motion::TrackProblem problem = motion::TrackProblem::None;  ///< of any other, the maps are the identity
    Similarity map;  ///< where each pixel of the first frame lies in the second, as nearly as can be
    RowStep rows;    ///< the same with rows that slide
    motion::Homography camera;  ///< the same in perspective, in pixels of the picture
    int points = 0;             ///< found again
    int agreeing = 0;           ///< within 1.5 px of `map` at the size that they are followed at
    int camera_agreeing = 0;    ///< within 1.5 px of `camera`
    double residual_px = 0;     ///< root mean square over those that agree with `map`

    bool is_known() const { return problem == motion::TrackProblem::None; }
    bool operator==(const ViewStep&) const = default;
};

/// The step between two frames of one size. motion::camera_step() says where to begin; then all points have
/// their say, by Cauchy's weights and less where they crowd: a room in depth has no one plane, and a fit that
/// changed from plane to plane would shake. Arguments and errors are those of motion::camera_step().
ViewStep view_step(const motion::GrayImage& from, const motion::GrayImage& to,
                   const motion::GrayImage* left_out_from = nullptr,
                   const motion::GrayImage* left_out_to = nullptr);

}  // namespace wetgate::framing

#pragma once
#include <array>
#include <vector>

#include "motion/flow.h"
#include "motion/track.h"

namespace wetgate::motion {

constexpr int least_followed = 16;  ///< points; fewer say nothing of a camera

/// Places of one picture that are found again in another.
struct FollowedPoints {
    TrackProblem problem = TrackProblem::None;  ///< Flat or FewMatches: there are less than least_followed
    double scale = 1;  ///< pixels of `from` and `to` a pixel of the pictures: they are followed at that size
    std::vector<std::array<float, 2>> from, to;  ///< x, y
};

/// Corners (Shi and Tomasi, 1994), spread over the picture, and where pyramidal Lucas-Kanade there and back
/// finds them. Arguments and errors as camera_step() has them.
FollowedPoints followed_points(const GrayImage& from, const GrayImage& to,
                               const GrayImage* left_out_from = nullptr,
                               const GrayImage* left_out_to = nullptr);

/// The step that camera_step() finds from them, for pictures of `width` x `height`.
CameraStep camera_step(const FollowedPoints& points, int width, int height);

}  // namespace wetgate::motion

#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "motion/flow.h"

namespace wetgate::motion {

/// A projective map of pixel coordinates, row by row: (x, y) lies at ((m0 x + m1 y + m2) / w,
/// (m3 x + m4 y + m5) / w), w = m6 x + m7 y + m8.
struct Homography {
    std::array<double, 9> m = {1, 0, 0, 0, 1, 0, 0, 0, 1};

    /// NaN where (x, y) lies on the horizon or behind it.
    std::array<double, 2> at(double x, double y) const;
    /// First this one, then `next`. m8 is 1 again, where it can be.
    Homography then(const Homography& next) const;
    /// nullopt where it has none.
    std::optional<Homography> inverse() const;
    bool operator==(const Homography&) const = default;
};

/// Why a camera step is not known.
enum class TrackProblem : std::uint8_t {
    None,
    Flat,         ///< too little texture to follow
    FewMatches,   ///< what there is of texture is not found again
    NoAgreement,  ///< what is found again does not move as one picture does
};
/// "flat", "few matches", "no agreement"; "" for None.
const char* name_of(TrackProblem problem);

/// How the camera's picture moves from one frame to another.
struct CameraStep {
    TrackProblem problem = TrackProblem::None;  ///< of any other, `map` is no guess but the identity
    Homography map;                             ///< where each pixel of the first frame lies in the second
    int inliers = 0;                            ///< points that move by `map`
    double inlier_share = 0;                    ///< of all points found again
    double residual_px = 0;                     ///< root mean square over the inliers

    bool is_known() const { return problem == TrackProblem::None; }
};

/// The step between two frames of one size: corners (Shi and Tomasi, 1994) followed by pyramidal
/// Lucas-Kanade there and back, one homography by RANSAC with a fixed seed, refined over its inliers.
/// Pixels that are not 0 in `left_out_from` and `left_out_to` (null, or of the frames' size) are not looked
/// at. The majority of the texture is taken for the background. Error{Internal} for pictures of unlike sizes.
CameraStep camera_step(const GrayImage& from, const GrayImage& to, const GrayImage* left_out_from = nullptr,
                       const GrayImage* left_out_to = nullptr);

/// From frame `from` to frame `to`, forwards or backwards; steps[i] leads from frame i - 1 to frame i.
/// nullopt where a step between them is not known or has no way back.
std::optional<Homography> chained(std::span<const CameraStep> steps, std::size_t from, std::size_t to);

}  // namespace wetgate::motion

#pragma once
#include <array>

#include "framing/resample.h"
#include "motion/track.h"

namespace wetgate::framing {

/// Sides of a picture at which something is to be filled.
struct Sides {
    bool left = false, right = false, top = false, bottom = false;
    bool any() const { return left || right || top || bottom; }
};

/// How a neighbour goes on where a picture ends.
struct FillMatch {
    std::array<float, 3> gain{1, 1, 1};  ///< linear, by which the neighbour is brought to the picture's level
    double dx = 0, dy = 0;               ///< px, by which its place lies beside where the map says
};

/// What is seen in both pictures within 32 px of those sides of `own`: medians of the channels' ratios, and a
/// shift of at most 3 px found by least squares with Cauchy's weights (Lucas and Kanade, 1981). Where too
/// little is seen in both there is no gain and no shift.
FillMatch matched(const MovablePicture& own, const MovablePicture& neighbour, const motion::Homography& to_it,
                  const Sides& sides);

}  // namespace wetgate::framing

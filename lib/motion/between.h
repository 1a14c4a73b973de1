#pragma once
#include <vector>

#include "motion/flow.h"

namespace wetgate::motion {

/// Motion as a picture between two others sees it.
struct FlowBetween {
    /// Of the picture between: what is at (x, y) there moves by (dx, dy) from the first picture to the
    /// second.
    FlowField flow;
    /// How far what is there was told of by the first picture rather than the second, 0..1 a pixel: what one
    /// of them hides, the other shows. 0.5 where neither tells.
    std::vector<float> from_first;
};

/// The flow at time `t` (0: the first picture, 1: the second), from that of the first to the second and back:
/// each vector is carried to where it is at that time, by how well the way back confirms it; where none comes
/// to lie, what surrounds the place decides.
FlowBetween flow_between(const FlowField& forward, const FlowField& backward, double t);

}  // namespace wetgate::motion

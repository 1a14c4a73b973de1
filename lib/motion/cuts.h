#pragma once
#include <span>
#include <vector>

#include "motion/flow.h"

namespace wetgate::motion {

/// What one frame shares with an earlier one.
struct FrameLink {
    int back = 1;            ///< how many frames earlier
    double agreement = 0.0;  ///< share of the picture [0,1] that flow finds again, a common gain set aside
    double histogram_distance = 0.0;  ///< of histogram_distance()
};

/// Half the L1 distance, in [0,1], between the log-luminance histograms of two guides (log_guide: so a change
/// of exposure does not count).
double histogram_distance(const GrayImage& one, const GrayImage& other);

/// Indices i (0 < i < links.size()) where frame i starts another scene than frame i-1: nothing before i is
/// found again in anything from i on, over all links that span the border, and the histograms differ, or
/// hardly a pixel is found. A single odd frame (a flash, a damaged or black frame) is no cut, since links
/// reach over it. Where no link spans a border (a run of unreadable frames) there is a cut too: nothing is
/// known across it. `links[i]` are frame i's links to earlier frames, empty for an unreadable frame.
std::vector<int> find_cuts(std::span<const std::vector<FrameLink>> links);

}  // namespace wetgate::motion

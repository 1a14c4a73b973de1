#pragma once
#include <cstddef>
#include <span>

#include "framing/view_step.h"

namespace wetgate::framing {

/// How long a camera takes to read a picture.
struct Readout {
    double frames =
        0;  ///< from the first row to the last, in frame intervals; 0: none, or no evidence; < 0: upwards
    double sigma = 0;  ///< standard error of what was found, evidence or not
};

/// A row that is read later shows a moving picture further on: between two frames rows slide against each
/// other by the readout times the change of speed. Found by regression of the slide (RowStep) on that change
/// over a whole shot, with Cauchy's weights. Evidence is six standard errors, a readout of 0.05 to 1.2
/// frames, and rows of the 95th percentile of frames that slide by 0.25 px at the picture's edge. steps[i]
/// leads from frame i - 1 to frame i; `cuts` are the indices of frames that begin a scene.
Readout readout_of(std::span<const ViewStep> steps, std::span<const std::size_t> cuts, int height);

}  // namespace wetgate::framing

#pragma once
#include <span>
#include <vector>

#include "passes/deflicker_field.h"

namespace wetgate::passes::lens_dirt {

/// What stays in one place of the picture takes from its light.
struct Loss {
    std::vector<double>
        log_gain;          ///< natural log, a node; 0 for most of the picture, negative where it is dark
    double explained = 0;  ///< share of the squares of all comparisons that it accounts for
    double motion = 0;     ///< median way between compared places, in widths and heights
};

/// From comparisons along motion: the loss at a node less that where its surface was before. Robust least
/// squares, smooth where nothing is known; places that did not move tell nothing.
Loss solve_loss(const deflicker::GridShape& shape, std::span<const deflicker::FieldFact> facts);

}  // namespace wetgate::passes::lens_dirt

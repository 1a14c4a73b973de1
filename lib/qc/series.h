#pragma once
#include <cmath>
#include <optional>
#include <vector>

#include "qc/check.h"

namespace wetgate::qc {

// Numbers over a shot that several checks and the plots share. One entry a frame; nullopt: unknown.
using Series = std::vector<std::optional<double>>;

/// Luminance of a grid's cell in stops, floor 2^-10.
inline double cell_stops(float luminance) {
    return std::log2(std::max(1.0F / 1024, luminance));
}

/// Cells below it lie in the noise of the blacks and say nothing of the light.
constexpr double darkest_stops = -9.5;

/// Mean difference of two grids in the coded range (luminance^(1/2.4)); nullopt where their sizes differ.
std::optional<double> grid_difference(const Grid& a, const Grid& b);

/// How far each frame is from the one before it, as grid_difference(). The first has none.
Series motion(const ShotFacts& shot, Side side);

/// The frame's light against the middle of its neighbours': median over the cells of log2 of luminance less
/// the mean of the frame before and the one after, in stops. Motion moves few cells, or moves them both ways;
/// flicker moves all alike.
Series unsteadiness(const ShotFacts& shot, Side side);

/// The median of those that are known; nullopt where there are none.
std::optional<double> median_of(std::vector<double> values);

}  // namespace wetgate::qc

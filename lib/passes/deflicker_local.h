#pragma once
#include <array>
#include <optional>
#include <span>
#include <vector>

#include "passes/deflicker_field.h"

// Flicker that is not the same all over the picture: the solving half of `mode` local and rolling.

namespace wetgate::passes::deflicker {

/// Where fields of gain lie, and bands.
inline constexpr GridShape local_grid{12, 8};
inline constexpr GridShape row_grid{1, 64};

/// Fields of a run of frames in which each comparison's exposures are known and taken out of its ratios.
struct LocalFlicker {
    std::vector<std::vector<double>> stops;  ///< [frame][node] of local_grid: log2 gain that takes it out
    double sigma = 0;  ///< median over the nodes of their flicker beside the whole picture's, natural log
    double measurement_sigma = 0;  ///< how much comparisons contradict each other
};
LocalFlicker solve_local(std::span<const std::vector<FieldFact>> facts, std::optional<double> smooth_frames);

/// Bands of a lamp on the mains, seen through a rolling shutter: the logarithm of the light is a wave that
/// goes down the picture and on from frame to frame.
struct Bands {
    double per_height = 0;                         ///< waves in a picture's height
    double cycles_a_frame = 0;                     ///< how far it moves on, in (-0.5, 0.5]
    std::vector<std::array<double, 2>> harmonics;  ///< of cosine and sine, natural log
    double explained = 0;                          ///< share of the rows' changes that it accounts for
    double sigma = 0;                              ///< of the wave, natural log

    /// Natural log of the light at `y` (0..1 of the height) in the frame `t` of the run.
    double at(double y, double t) const;
};
/// `facts` on row_grid. Waves that stand still are not seen.
Bands solve_bands(std::span<const std::vector<FieldFact>> facts);

}  // namespace wetgate::passes::deflicker

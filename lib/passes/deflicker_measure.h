#pragma once
#include <array>
#include <vector>

#include "motion/flow.h"

// How much brighter one frame is than another: the measuring half of the pass `deflicker`, on the host,
// without LibTorch.

namespace wetgate::passes::deflicker {

/// A small picture of a frame, made for comparing.
struct Guide {
    std::array<motion::FloatPlane, 3>
        log_rgb;  ///< natural logarithm of linear R,G,B; NaN where too dark, clipped or unknown
    std::array<motion::FloatPlane, 3>
        trust;  ///< (0,1]: low where the channel has a steep slope, which flow errors turn into ratios
    motion::GrayImage gray;  ///< for flow and histograms
};

/// How frame t compares with frame t - back.
struct PairFact {
    int back = 1;
    std::array<double, 3> log_ratio{};  ///< natural logarithm of (frame t / frame t - back), R,G,B
    std::array<double, 3> spread{};     ///< median distance of the pixels' log ratios from it
    double share = 0.0;                 ///< share of the picture [0,1] that agrees on it within 10 %
    double histogram_distance = 0.0;    ///< see motion::histogram_distance
};

/// The guide of a small linear picture. `rgb` are three planes of one size; NaN, infinite and negative values
/// are allowed.
Guide make_guide(std::array<motion::FloatPlane, 3> rgb);

/// Compares two guides of one size along dense flow. Symmetric: the other way round gives the negative
/// ratios.
PairFact compare(const Guide& frame, const Guide& earlier, int back);

}  // namespace wetgate::passes::deflicker

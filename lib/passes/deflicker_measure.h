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
    motion::FloatPlane log_light;  ///< the same of all channels together, down to much darker pixels
    motion::FloatPlane light_trust;
    motion::FloatPlane log_mean_light;  ///< of the surroundings' mean
    motion::GrayImage gray;             ///< for histograms
    motion::GrayImage relief;  ///< for flow: what stands out from its surroundings, whatever lights them
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

/// Dense flow between a frame and an earlier one, both ways.
struct PairFlow {
    motion::FlowField to_earlier, to_frame;
};
PairFlow pair_flow(const Guide& frame, const Guide& earlier);

/// Compares two guides of one size along their flow. Symmetric: the other way round gives the negative
/// ratios.
PairFact compare(const Guide& frame, const Guide& earlier, const PairFlow& flow, int back);

}  // namespace wetgate::passes::deflicker

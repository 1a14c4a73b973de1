#pragma once
#include <array>
#include <optional>
#include <span>
#include <vector>

#include "passes/deflicker_measure.h"
#include "passes/deflicker_trend.h"

// From the comparisons of all pairs of frames to a gain for each frame: the global half of the pass
// `deflicker`.

namespace wetgate::passes::deflicker {

/// How to solve. Frames are indices into the shot, 0 is its first.
struct SolveOptions {
    std::optional<double> smooth_frames;  ///< Gaussian target instead of the estimated one
    std::vector<int> anchors;             ///< frames that keep their exposure
    bool per_channel = true;
    double max_stops = 1.0;
    double threshold = 0.003;  ///< flicker below this (natural log) is left alone
    bool detect_cuts = true;
    std::vector<int> cuts;  ///< first frames of scenes, known beforehand
};

/// Consecutive frames whose exposures are known relative to each other.
struct Segment {
    int first = 0;
    int last = 0;
    double exposure_sigma = 0.0;     ///< flicker, natural log
    double color_sigma = 0.0;        ///< flicker of the channels against each other, natural log
    double measurement_sigma = 0.0;  ///< how much pairs of frames contradict each other, natural log
    Trend trend = Trend::Constant;   ///< of the exposure
    bool corrected = false;
};

struct Curve {
    std::vector<std::array<double, 3>> stops;  ///< log2 gain R,G,B; exactly 0 for what is left alone
    /// Light of each frame, natural log R,G,B, up to a constant for each segment.
    std::vector<std::array<double, 3>> exposures;
    std::vector<double> confidence;  ///< [0,1]: share of the picture that the frame's exposure rests on
    std::vector<int> cuts;
    std::vector<Segment> segments;
};

/// `frames[i]` are frame i's comparisons with earlier frames; nothing for an unreadable frame. Facts are
/// checked by now.
Curve solve_curve(std::span<const std::optional<std::vector<PairFact>>> frames, const SolveOptions& options);

}  // namespace wetgate::passes::deflicker

#pragma once
#include <optional>
#include <span>
#include <string_view>
#include <vector>

// Tells flicker from intended change in the exposure of consecutive frames: the statistical half of the pass
// `deflicker`.

namespace wetgate::passes::deflicker {

/// What the intended exposure does, from stiff to lithe.
enum class Trend : unsigned char { Constant, Line, Walk, Curve, Smoothed };
std::string_view trend_name(Trend trend);

/// values[i] = intended exposure + flicker[i].
struct Split {
    std::vector<double> flicker;
    double sigma = 0.0;  ///< standard deviation of the white part: what flickers, as opposed to what wanders
    Trend trend = Trend::Constant;
};

/// How lithe a trend may be: Slow is for values that are measured badly here and there, which wander.
enum class Drift : unsigned char { Any, Slow };

/// Splits by maximum likelihood (Note [Flicker or drift]), or, given `smooth_frames`, by a Gaussian of that
/// standard deviation. Values are finite; fewer than four are all trend. Deterministic, linear in their
/// number.
Split split_flicker(std::span<const double> values, std::optional<double> smooth_frames,
                    Drift drift = Drift::Any);

}  // namespace wetgate::passes::deflicker

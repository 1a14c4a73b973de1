#include <algorithm>
#include <cmath>

#include "passes/dust_spots.h"

namespace wetgate::passes::dust {
namespace {

/// How a clue's logarithm speaks: standardised, cut at three deviations, by itself and by its square.
struct Weight {
    double mean, deviation, linear, square;
};

// By scripts/learn-dust from 15 clips with photographed dirt: regularised logistic regression, each spot by
// the square root of its area. On clips left out, see Note [Dirt or motion].
constexpr std::array<Weight, clue_count> weights{{
    {-2.513, 1.792, -1.71, -1.105},
    {3.374, 0.8966, 0.4397, -0.2088},
    {-3.063, 2.591, -1.013, -0.4918},
    {-3.565, 1.866, -0.7099, -0.204},
    {-3.264, 2.404, 0.8133, 0.1213},
    {2.409, 0.9002, 0.4963, 0.1041},
    {0.18, 2.369, -0.6982, 0.1526},
    {-0.6701, 1.386, 2.157, -1.274},
}};
constexpr double bias = 1.779;
constexpr double toe = 1e-3;  // shares may be 0
constexpr double most_deviations = 3;

}  // namespace

double dirt_score(const Spot& spot) {
    if (!spot.is_clear) return 0;
    double sum = bias;
    for (std::size_t i = 0; i < clue_count; ++i) {
        const Weight& weight = weights[i];
        const double standard =
            std::clamp((std::log(std::max(0.0, spot.clues[i]) + toe) - weight.mean) / weight.deviation,
                       -most_deviations, most_deviations);
        sum += weight.linear * standard + weight.square * standard * standard;
    }
    return 1 / (1 + std::exp(-sum));
}

}  // namespace wetgate::passes::dust

#pragma once
#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <vector>

#include "passes/dust_evidence.h"
#include "passes/regions.h"

namespace wetgate::passes::dust {

/// What tells dirt from motion that flow did not follow, of one spot. See Note [Dirt or motion].
enum Clue : std::size_t {
    Apart,     ///< how far the neighbours differ there, in parts of how far the frame differs from both
    Peak,      ///< how far it lies outside them at its strongest, in sigmas
    Uneven,    ///< deviation of its strongest part's light, in parts of how far it differs
    Stray,     ///< share of the surroundings that matches one neighbour at most
    Crowd,     ///< share of its close surroundings that stands out too
    Differs,   ///< how far it lies from both neighbours once these match its surroundings, in sigmas
    Disagree,  ///< and how far those are from each other there
    Found,     ///< how well its own picture is found near by in a neighbour: 0 wholly, 1 no better than here
    clue_count
};

/// A connected set of pixels where the frame stands out against both neighbours.
struct Spot {
    Region region;
    std::vector<std::int32_t> pixels;  ///< y * width + x
    bool is_bright = false;
    bool is_clear = false;  ///< there is enough around it to judge it by; else `clues` say nothing
    std::array<double, clue_count> clues{};
    int within = -1;  ///< index of the spot of a lower threshold that it is a part of
};

/// All that stands out, at three thresholds: what is a spot at one may fall into several at the next.
/// Ordered by threshold, so that each stands behind the one it is within. After the spike detection index
/// (Kokaram, "Motion Picture Restoration", Springer, 1998), the threshold rising where the neighbours do not
/// agree with one another.
std::vector<Spot> spots(const Evidence& evidence);

/// [1,H,W] bool: what stands out at the lowest threshold, a pixel wider.
at::Tensor suspects(const Evidence& evidence);

/// How probable it is that a spot is dirt, 0..1.
double dirt_score(const Spot& spot);

}  // namespace wetgate::passes::dust

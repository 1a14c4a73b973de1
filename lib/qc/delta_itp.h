#pragma once
#include <cstdint>
#include <vector>

#include "core/host_frame.h"

namespace wetgate::qc {

/// dE-ITP of pixel by pixel: 720 * sqrt(dI^2 + (0.5 dCt)^2 + dCp^2) in ICtCp (Rec. ITU-R BT.2124 and
/// BT.2100); about 1 is just noticeable. `a` and `b` have one window and hold linear light in BT.2020
/// primaries, 1.0 = 203 cd/m2 (BT.2408's diffuse white); below 0 and above 10000 cd/m2 light is clipped, as
/// PQ cannot code it. Row by row, [H*W]; NaN where a value of either picture is not finite.
std::vector<float> delta_itp_map(const FloatImage& a, const FloatImage& b);

/// dE-ITP over a picture, or over a part of it.
struct DeltaItp {
    double mean = 0;
    double percentile_95 = 0;
    double max = 0;
    std::int64_t pixels = 0;  ///< finite ones; 0: all figures are 0
};

/// Figures of a map, over its finite pixels.
DeltaItp summary_of(std::vector<float> map);

/// mean and 95th percentile of dE-ITP, in one call.
DeltaItp delta_itp(const FloatImage& a, const FloatImage& b);

}  // namespace wetgate::qc

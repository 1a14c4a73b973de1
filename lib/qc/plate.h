#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "core/host_frame.h"

namespace wetgate::qc {

/// Values that no display or grade can take.
struct NonFinite {
    std::int64_t nan = 0;
    std::int64_t inf = 0;
    std::string first;  ///< "R at (31, 20)", empty when there are none
};

/// Counts NaN and Inf in every float and half plane of the worked part (exact, on the stored bits).
NonFinite count_non_finite(const HostFrame& frame);

/// Proof that a fix stayed inside its bounds.
struct PlateChange {
    std::int64_t changed_inside = 0;   ///< worked pixels whose stored bits changed where `touch` > 0
    std::int64_t changed_outside = 0;  ///< ... where `touch` = 0: must be 0
    std::int64_t changed_other = 0;    ///< samples of other channels, parts and levels: must be 0
};

/// Compares the stored bits of two versions of a frame with the same geometry. `touch` is [H*W] over
/// before.window(). A subsampled chroma sample counts as outside when no touched pixel lies within its own
/// and the adjoining blocks.
PlateChange plate_change(const HostFrame& before, const HostFrame& after, const std::vector<float>& touch);

}  // namespace wetgate::qc

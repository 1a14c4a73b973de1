#pragma once
#include <cstdint>
#include <vector>

#include "core/host_frame.h"
#include "qc/plane_view.h"

namespace wetgate::qc {

/// Luma in 10 bits of narrow range, 64 to 940, rows top first.
struct Luma10 {
    int width = 0, height = 0;
    std::vector<std::uint16_t> samples;
    std::uint16_t* row(int y) {
        return samples.data() + static_cast<std::size_t>(y) * static_cast<std::size_t>(width);
    }
    const std::uint16_t* row(int y) const {
        return samples.data() + static_cast<std::size_t>(y) * static_cast<std::size_t>(width);
    }
};

/// The luma codes of video as they are (8 bits: times four, and means of 2x2 against its dither); of other
/// pictures `coded` luma (eye_luma(), where light is square-rooted) as 64 + 876 * luma^(2 / 2.4) or 64 + 876
/// * luma.
Luma10 luma10_of(const HostFrame& frame, const FloatPlane& eye_luma, bool is_light);

/// Contrast Aware Multiscale Banding Index (Tandon et al., 2021; the constants of libvmaf 3.2) at the
/// picture's own size, BT.1886 at 300 cd/m2. 0: no bands, about 5: slightly annoying, 24: unwatchable. 0 for
/// pictures that have no side of 216 pixels. Bands that are more than four 10-bit codes apart are not seen by
/// it.
double cambi(const Luma10& luma);

}  // namespace wetgate::qc

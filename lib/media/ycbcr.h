#pragma once
#include <cstdint>

#include "core/host_frame.h"

namespace wetgate::media {

/// Kr and Kb of an H.273 matrix code (1, 4, 5, 6, 7, 9; 2 = unspecified is an Error{Input}: the caller decides, see default_matrix()).
struct LumaWeights {
    double kr, kb;
};
LumaWeights luma_weights(int matrix);

/// The matrix that untagged material of this height has by convention: BT.709 (1) from 720 lines, BT.601 (6) below.
int default_matrix(int height);

/// Code values of black, white and chroma extent at `bits` (H.273 section 8.3, equations 20-25).
struct CodeRange {
    double luma_offset, luma_scale;      ///< code = offset + scale * Y'
    double chroma_offset, chroma_scale;  ///< code = offset + scale * Cb, Cb in [-0.5, 0.5]
    int max_code;
};
CodeRange code_range(int bits, bool full_range);

}  // namespace wetgate::media

#pragma once
#include <cstdint>

#include "core/host_frame.h"

namespace wetgate::media {

/// Kr and Kb of an H.273 matrix code (1, 4, 5, 6, 7, 9; 2 = unspecified is an Error{Input}: the caller
/// decides, see default_matrix()).
struct LumaWeights {
    double kr, kb;
};
LumaWeights luma_weights(int matrix);

/// The matrix that untagged material of this height has by convention: BT.709 (1) from 720 lines, BT.601 (6)
/// below.
int default_matrix(int height);

/// Code values of black, white and chroma extent at `bits` (H.273 section 8.3, equations 20-25).
struct CodeRange {
    double luma_offset, luma_scale;      ///< code = offset + scale * Y'
    double chroma_offset, chroma_scale;  ///< code = offset + scale * Cb, Cb in [-0.5, 0.5]
    int max_code;
};
CodeRange code_range(int bits, bool full_range);

/// Codes [first, last] that a picture may use: all of them at full range; at limited range the first and last
/// code are kept for synchronisation.
struct LegalCodes {
    int first, last;
};
LegalCodes legal_codes(int bits, bool full_range);

/// The nearest code of `value` inside `legal`; NaN becomes the first one.
inline int nearest_code(float value, LegalCodes legal) {
    const auto low = static_cast<float>(legal.first);
    const auto high = static_cast<float>(legal.last);
    const float above = value > low ? value : low;  // false for NaN
    return static_cast<int>((above < high ? above : high) + 0.5F);
}

/// Rows of Y'CbCr code values to R'G'B' (0 black, 1 reference white, unclamped) and back, by H.273 equations
/// 38-41. Exact: decode, then encode, then rounding returns the codes, for every code of up to 16 bits.
class YCbCrCoder {
public:
    /// Error{Input} for a matrix that luma_weights() refuses, or bits outside [8, 16].
    YCbCrCoder(int matrix, int bits, bool full_range);

    /// Chroma as float codes at luma resolution.
    template <class Sample>
    void decode_row(const Sample* luma, const float* cb, const float* cr, float* red, float* green,
                    float* blue, int width) const;
    /// Codes as floats, neither rounded nor clipped.
    void encode_row(const float* red, const float* green, const float* blue, float* luma, float* cb,
                    float* cr, int width) const;

    /// What changes of R'G'B' (three rows, one after the other) change in the codes; exactly 0 for no change.
    void change_row(const float* moves, float* luma, float* cb, float* cr, int width) const;
    float neutral_chroma() const { return chroma_offset_; }

private:
    float luma_offset_, luma_scale_, chroma_offset_;
    float cr_to_red_, cb_to_green_, cr_to_green_, cb_to_blue_;
    float red_weight_, green_weight_, blue_weight_, blue_to_cb_, red_to_cr_;
};

extern template void YCbCrCoder::decode_row(const std::uint8_t*, const float*, const float*, float*, float*,
                                            float*, int) const;
extern template void YCbCrCoder::decode_row(const std::uint16_t*, const float*, const float*, float*, float*,
                                            float*, int) const;

}  // namespace wetgate::media

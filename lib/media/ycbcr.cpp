#include "media/ycbcr.h"

#include <string>

#include "core/error.h"

namespace wetgate::media {

LumaWeights luma_weights(int matrix) {
    switch (matrix) {  // ITU-T H.273, table 4
        case 1:
            return {0.2126, 0.0722};
        case 4:
            return {0.30, 0.11};
        case 5:
        case 6:
            return {0.299, 0.114};
        case 7:
            return {0.212, 0.087};
        case 9:
            return {0.2627, 0.0593};
        default:
            break;
    }
    throw Error(ErrorKind::Input,
                "colour matrix code " + std::to_string(matrix) +
                    " (ITU-T H.273) is not decoded here; BT.709, FCC, BT.601, SMPTE 240M and BT.2020 "
                    "non-constant luminance are: tag or convert the source");
}

int default_matrix(int height) {
    return height >= 720 ? 1 : 6;
}

CodeRange code_range(int bits, bool full_range) {
    const double unit = static_cast<double>(std::int64_t{1} << (bits - 8));
    const int max_code = (1 << bits) - 1;
    const double middle = static_cast<double>(std::int64_t{1} << (bits - 1));
    if (full_range)
        return {0, static_cast<double>(max_code), middle, static_cast<double>(max_code), max_code};
    return {16 * unit, 219 * unit, middle, 224 * unit, max_code};
}

LegalCodes legal_codes(int bits, bool full_range) {
    const int max_code = (1 << bits) - 1;
    return full_range ? LegalCodes{0, max_code} : LegalCodes{1, max_code - 1};
}

YCbCrCoder::YCbCrCoder(int matrix, int bits, bool full_range) {
    if (bits < 8 || bits > 16) {
        throw Error(ErrorKind::Input,
                    "video of " + std::to_string(bits) + " bits is not decoded; 8 to 16 are");
    }
    const LumaWeights weights = luma_weights(matrix);
    const CodeRange range = code_range(bits, full_range);
    const double kg = 1 - weights.kr - weights.kb;
    const auto single = [](double value) { return static_cast<float>(value); };
    luma_offset_ = single(range.luma_offset);
    luma_scale_ = single(range.luma_scale);
    chroma_offset_ = single(range.chroma_offset);
    cr_to_red_ = single(2 * (1 - weights.kr) / range.chroma_scale);
    cb_to_blue_ = single(2 * (1 - weights.kb) / range.chroma_scale);
    cb_to_green_ = single(-2 * (1 - weights.kb) * weights.kb / kg / range.chroma_scale);
    cr_to_green_ = single(-2 * (1 - weights.kr) * weights.kr / kg / range.chroma_scale);
    red_weight_ = single(weights.kr);
    green_weight_ = single(kg);
    blue_weight_ = single(weights.kb);
    blue_to_cb_ = single(range.chroma_scale / (2 * (1 - weights.kb)));
    red_to_cr_ = single(range.chroma_scale / (2 * (1 - weights.kr)));
}

template <class Sample>
void YCbCrCoder::decode_row(const Sample* luma, const float* cb, const float* cr, float* red, float* green,
                            float* blue, int width) const {
    const Sample* __restrict y_in = luma;
    const float* __restrict cb_in = cb;
    const float* __restrict cr_in = cr;
    float* __restrict r_out = red;
    float* __restrict g_out = green;
    float* __restrict b_out = blue;
    const YCbCrCoder c = *this;  // a local copy: the compiler need not fear that the stores change it
    for (int x = 0; x < width; ++x) {
        // A division, not a product with the reciprocal: reference white is to be exactly 1.
        const float y = (static_cast<float>(y_in[x]) - c.luma_offset_) / c.luma_scale_;
        const float u = cb_in[x] - c.chroma_offset_;
        const float v = cr_in[x] - c.chroma_offset_;
        r_out[x] = y + c.cr_to_red_ * v;
        g_out[x] = y + (c.cb_to_green_ * u + c.cr_to_green_ * v);
        b_out[x] = y + c.cb_to_blue_ * u;
    }
}

template void YCbCrCoder::decode_row(const std::uint8_t*, const float*, const float*, float*, float*, float*,
                                     int) const;
template void YCbCrCoder::decode_row(const std::uint16_t*, const float*, const float*, float*, float*, float*,
                                     int) const;

void YCbCrCoder::encode_row(const float* red, const float* green, const float* blue, float* luma, float* cb,
                            float* cr, int width) const {
    const float* __restrict r_in = red;
    const float* __restrict g_in = green;
    const float* __restrict b_in = blue;
    float* __restrict y_out = luma;
    float* __restrict cb_out = cb;
    float* __restrict cr_out = cr;
    const YCbCrCoder c = *this;
    for (int x = 0; x < width; ++x) {
        const float y = c.red_weight_ * r_in[x] + c.green_weight_ * g_in[x] + c.blue_weight_ * b_in[x];
        y_out[x] = c.luma_offset_ + c.luma_scale_ * y;
        cb_out[x] = c.chroma_offset_ + c.blue_to_cb_ * (b_in[x] - y);
        cr_out[x] = c.chroma_offset_ + c.red_to_cr_ * (r_in[x] - y);
    }
}

void YCbCrCoder::change_row(const float* moves, float* luma, float* cb, float* cr, int width) const {
    const float* __restrict r_in = moves;
    const float* __restrict g_in = moves + width;
    const float* __restrict b_in = moves + 2 * static_cast<std::ptrdiff_t>(width);
    float* __restrict y_out = luma;
    float* __restrict cb_out = cb;
    float* __restrict cr_out = cr;
    const YCbCrCoder c = *this;
    for (int x = 0; x < width; ++x) {
        const float y = c.red_weight_ * r_in[x] + c.green_weight_ * g_in[x] + c.blue_weight_ * b_in[x];
        y_out[x] = y * c.luma_scale_;
        cb_out[x] = (b_in[x] - y) * c.blue_to_cb_;
        cr_out[x] = (r_in[x] - y) * c.red_to_cr_;
    }
}

}  // namespace wetgate::media

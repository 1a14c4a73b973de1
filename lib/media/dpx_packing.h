#pragma once
#include <cstddef>
#include <cstdint>

namespace wetgate::media {

/// How the samples of a DPX or Cineon row lie in bytes (ST 268-1, section 7 and annex C).
struct DpxPacking {
    enum class Layout : std::uint8_t {
        Bytes,   ///< 8 bit
        Words,   ///< 16 bit, or 12 in 16 bits
        Filled,  ///< three 10 bit samples in 32 bits
        Packed,  ///< 10 or 12 bit samples without gaps, from the low bit of each 32-bit word upwards
        Float    ///< 32-bit float
    };
    Layout layout = Layout::Bytes;
    int bits = 8;
    bool left_justified = true;  ///< Words, Filled: method A, the spare bits are the lowest
    bool low_first = false;      ///< Filled: the first sample is in the lowest bits (luminance pictures)
    bool big_endian = true;

    std::size_t row_bytes(std::size_t samples) const;
    /// `row` holds row_bytes(samples); U16 (U8 too) values go to `out`.
    void unpack(const std::byte* row, std::uint16_t* out, std::size_t samples) const;
    void pack(const std::uint16_t* in, std::byte* row, std::size_t samples) const;
    void unpack(const std::byte* row, float* out, std::size_t samples) const;
    void pack(const float* in, std::byte* row, std::size_t samples) const;

private:
    int shift_in_word(std::size_t sample) const;
};

}  // namespace wetgate::media

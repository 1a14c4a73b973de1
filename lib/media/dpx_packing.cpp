#include "media/dpx_packing.h"

#include <cstring>

#include "media/byte_order.h"

namespace wetgate::media {

std::size_t DpxPacking::row_bytes(std::size_t samples) const {
    switch (layout) {
        case Layout::Bytes:
            return samples;
        case Layout::Words:
            return samples * 2;
        case Layout::Filled:
            return (samples + 2) / 3 * 4;
        case Layout::Packed:
            return (samples * static_cast<std::size_t>(bits) + 31) / 32 * 4;
        case Layout::Float:
            return samples * 4;
    }
    return 0;
}

int DpxPacking::shift_in_word(std::size_t sample) const {
    const int place = static_cast<int>(sample % 3);
    return (left_justified ? 2 : 0) + 10 * (low_first ? place : 2 - place);
}

void DpxPacking::unpack(const std::byte* row, std::uint16_t* out, std::size_t samples) const {
    const std::uint32_t mask = (1U << bits) - 1U;
    switch (layout) {
        case Layout::Bytes:
            for (std::size_t i = 0; i < samples; ++i) out[i] = std::to_integer<std::uint16_t>(row[i]);
            break;
        case Layout::Words: {
            const int shift = left_justified ? 16 - bits : 0;
            for (std::size_t i = 0; i < samples; ++i) {
                out[i] = static_cast<std::uint16_t>(
                    (static_cast<std::uint32_t>(load_u16(row + 2 * i, big_endian)) >> shift) & mask);
            }
            break;
        }
        case Layout::Filled:
            for (std::size_t i = 0; i < samples; ++i) {
                const std::uint32_t word = load_u32(row + i / 3 * 4, big_endian);
                out[i] = static_cast<std::uint16_t>((word >> shift_in_word(i)) & mask);
            }
            break;
        case Layout::Packed: {
            std::uint64_t held = 0;
            int held_bits = 0;
            for (std::size_t i = 0; i < samples; ++i) {
                if (held_bits < bits) {
                    held |= static_cast<std::uint64_t>(load_u32(row, big_endian)) << held_bits;
                    held_bits += 32;
                    row += 4;
                }
                out[i] = static_cast<std::uint16_t>(held & mask);
                held >>= bits;
                held_bits -= bits;
            }
            break;
        }
        case Layout::Float:
            break;
    }
}

void DpxPacking::pack(const std::uint16_t* in, std::byte* row, std::size_t samples) const {
    const std::uint32_t mask = (1U << bits) - 1U;
    switch (layout) {
        case Layout::Bytes:
            for (std::size_t i = 0; i < samples; ++i) row[i] = static_cast<std::byte>(in[i] & 0xFFU);
            break;
        case Layout::Words: {
            const int shift = left_justified ? 16 - bits : 0;
            for (std::size_t i = 0; i < samples; ++i) {
                store_u16(row + 2 * i, static_cast<std::uint16_t>((in[i] & mask) << shift), big_endian);
            }
            break;
        }
        case Layout::Filled:
            for (std::size_t first = 0; first < samples; first += 3) {
                std::uint32_t word = 0;
                for (std::size_t i = first; i < samples && i < first + 3; ++i)
                    word |= (in[i] & mask) << shift_in_word(i);
                store_u32(row + first / 3 * 4, word, big_endian);
            }
            break;
        case Layout::Packed: {
            std::uint64_t held = 0;
            int held_bits = 0;
            for (std::size_t i = 0; i < samples; ++i) {
                held |= static_cast<std::uint64_t>(in[i] & mask) << held_bits;
                held_bits += bits;
                if (held_bits < 32) continue;
                store_u32(row, static_cast<std::uint32_t>(held & 0xFFFFFFFFU), big_endian);
                held >>= 32;
                held_bits -= 32;
                row += 4;
            }
            if (held_bits > 0) store_u32(row, static_cast<std::uint32_t>(held & 0xFFFFFFFFU), big_endian);
            break;
        }
        case Layout::Float:
            break;
    }
}

void DpxPacking::unpack(const std::byte* row, float* out, std::size_t samples) const {
    for (std::size_t i = 0; i < samples; ++i) out[i] = load_f32(row + 4 * i, big_endian);
}

void DpxPacking::pack(const float* in, std::byte* row, std::size_t samples) const {
    for (std::size_t i = 0; i < samples; ++i) store_f32(row + 4 * i, in[i], big_endian);
}

}  // namespace wetgate::media

#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace wetgate::media {

/// Unaligned integers of either byte order. The caller has checked the bounds.
inline std::uint16_t load_u16(const std::byte* at, bool big) {
    const auto a = std::to_integer<unsigned>(at[0]);
    const auto b = std::to_integer<unsigned>(at[1]);
    return static_cast<std::uint16_t>(big ? (a << 8) | b : (b << 8) | a);
}
inline std::uint32_t load_u32(const std::byte* at, bool big) {
    const std::uint32_t first = load_u16(at, big);
    const std::uint32_t second = load_u16(at + 2, big);
    return big ? (first << 16) | second : (second << 16) | first;
}
inline std::uint64_t load_u64(const std::byte* at, bool big) {
    const std::uint64_t first = load_u32(at, big);
    const std::uint64_t second = load_u32(at + 4, big);
    return big ? (first << 32) | second : (second << 32) | first;
}
inline float load_f32(const std::byte* at, bool big) {
    return std::bit_cast<float>(load_u32(at, big));
}

inline void store_u16(std::byte* at, std::uint16_t value, bool big) {
    at[big ? 0 : 1] = static_cast<std::byte>(value >> 8);
    at[big ? 1 : 0] = static_cast<std::byte>(value & 0xFF);
}
inline void store_u32(std::byte* at, std::uint32_t value, bool big) {
    store_u16(at + (big ? 0 : 2), static_cast<std::uint16_t>(value >> 16), big);
    store_u16(at + (big ? 2 : 0), static_cast<std::uint16_t>(value & 0xFFFF), big);
}
inline void store_f32(std::byte* at, float value, bool big) {
    store_u32(at, std::bit_cast<std::uint32_t>(value), big);
}

}  // namespace wetgate::media

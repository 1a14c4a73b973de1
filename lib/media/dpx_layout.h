#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "media/dpx_packing.h"
#include "media/still_format.h"

namespace wetgate::media {

// Byte offsets in a DPX header (ST 268-1, tables 1 to 5).
namespace dpx_at {
inline constexpr std::size_t image_offset = 4, version = 8, file_size = 16, ditto = 20, generic_size = 24,
                             industry_size = 28, user_size = 32, encryption = 660, orientation = 768,
                             elements = 770, width = 772, height = 776, first_element = 780,
                             pixel_aspect = 1628, film_rate = 1724, timecode = 1920, video_rate = 1940,
                             standard_end = 2048;
// Within an image element.
inline constexpr std::size_t sign = 0, low_data = 4, low_quantity = 8, high_data = 12, high_quantity = 16,
                             descriptor = 20, transfer = 21, colorimetric = 22, depth = 23, packing = 24,
                             encoding = 26, data_offset = 28, line_padding = 32, image_padding = 36;
}  // namespace dpx_at

inline constexpr std::uint32_t dpx_undefined = 0xFFFFFFFFU;
inline constexpr std::uint32_t dpx_magic = 0x53445058U;  // "SDPX"
inline constexpr std::uint32_t cineon_magic = 0x802A5FD7U;

/// Where the samples are and how they lie.
struct DpxLayout {
    DpxPacking packing;
    std::vector<std::string> channels;  ///< in the order of the file
    std::int64_t width = 0, height = 0;
    std::size_t offset = 0;      ///< of the first row
    std::size_t row_stride = 0;  ///< bytes from row to row

    std::size_t samples_per_row() const { return static_cast<std::size_t>(width) * channels.size(); }
    std::size_t data_bytes() const { return row_stride * static_cast<std::size_t>(height); }
};

/// Where the picture of a whole DPX or Cineon file lies, all of it checked against the file's length and
/// `limits`.
DpxLayout dpx_layout(ByteSpan file, const Limits& limits);
DpxLayout cineon_layout(ByteSpan file, const Limits& limits);

}  // namespace wetgate::media

#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/host_frame.h"
#include "media/source.h"
#include "media/wire.h"

// Private to the still reader and writer: what a picture file is and whether it is whole, found without any
// library.

namespace wetgate::media {

using ByteSpan = std::span<const std::byte>;

enum class StillFormat : std::uint8_t { Dpx, Cineon, Tiff, Png, Jpeg };
const char* format_name(StillFormat format);

/// The format that the first bytes say; nullopt for none of these.
std::optional<StillFormat> still_format(ByteSpan file);

/// Base of the format headers that stills carry.
struct StillHeader : FormatHeader {
    StillFormat format = StillFormat::Dpx;
    std::optional<Rate> rate;  ///< where the file declares one
    /// What a header of this format has besides, for another process (see frame_wire.h).
    virtual void pack(WireWriter& out) const = 0;
};

/// What a container says before its pixels are decoded.
struct StillShape {
    std::int64_t width = 0, height = 0;
    int primaries = 2, transfer = 2;  ///< H.273, where the file says so (PNG cICP and sRGB chunks)
};

/// Walk the container from end to end: every chunk, segment, strip or tile lies inside the file, the end is
/// there, sizes are within `limits`. Error{Input} with the reason (and no file name). These make a truncated
/// file an error even where the library that decodes it only warns.
StillShape check_png(ByteSpan file, const Limits& limits);
StillShape check_jpeg(ByteSpan file, const Limits& limits);
StillShape check_tiff(ByteSpan file, const Limits& limits);

/// Error{Input} when a picture of this size may not be decoded from a file of `file_bytes` (see Limits).
void check_size(std::int64_t width, std::int64_t height, std::int64_t bytes_per_pixel,
                std::int64_t file_bytes, const Limits& limits);

/// An Error{Input} that the caller completes with file and frame.
[[noreturn]] void refuse_still(const std::string& why);

}  // namespace wetgate::media

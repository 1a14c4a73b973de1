#pragma once
#include <OpenImageIO/imageio.h>

#include <string>
#include <vector>

#include "media/still_format.h"

namespace wetgate::media {

/// Everything that OpenImageIO knows of a TIFF, PNG or JPEG.
struct OiioHeader final : StillHeader {
    OIIO::ImageSpec spec;
};

/// Decodes a file that check_*() found whole. `name` is for OpenImageIO's messages.
HostFrame read_with_oiio(ByteSpan file, StillFormat format, const StillShape& shape, const std::string& name,
                         const Limits& limits);

/// A TIFF, PNG or JPEG of the worked part's planes, which have the type that is written.
std::vector<std::byte> encode_with_oiio(const HostFrame& frame, StillFormat format,
                                        const std::string& compression);

}  // namespace wetgate::media

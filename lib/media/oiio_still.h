#pragma once
#include <memory>
#include <string>
#include <vector>

#include "media/still_format.h"

namespace wetgate::media {

/// Decodes a file that check_*() found whole. `name` is for OpenImageIO's messages.
HostFrame read_with_oiio(ByteSpan file, StillFormat format, const StillShape& shape, const std::string& name,
                         const Limits& limits);

/// The header that such a picture's packed; WireFault for attributes that OpenImageIO does not know to be.
std::shared_ptr<StillHeader> unpack_oiio_header(WireReader& in);

/// A TIFF, PNG or JPEG of the worked part's planes, which have the type that is written.
std::vector<std::byte> encode_with_oiio(const HostFrame& frame, StillFormat format,
                                        const std::string& compression);

}  // namespace wetgate::media

#pragma once
#include "media/still_format.h"

namespace wetgate::cmd {

/// The one symbol that the decoder looks up in libwetgate_stills.so: media::read_with_oiio() into `frame`.
using ReadStill = void (*)(HostFrame& frame, media::ByteSpan file, media::StillFormat format,
                           const media::StillShape& shape, const std::string& name,
                           const media::Limits& limits);
inline constexpr const char* read_still_symbol = "wetgate_read_still";

}  // namespace wetgate::cmd

#include "cmd/stills_library.h"
#include "media/oiio_still.h"

extern "C" __attribute__((visibility("default"))) void wetgate_read_still(
    wetgate::HostFrame& frame, wetgate::media::ByteSpan file, wetgate::media::StillFormat format,
    const wetgate::media::StillShape& shape, const std::string& name, const wetgate::media::Limits& limits) {
    frame = wetgate::media::read_with_oiio(file, format, shape, name, limits);
}

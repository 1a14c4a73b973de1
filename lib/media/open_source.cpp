#include "media/oiio_still.h"
#include "media/source.h"
#include "media/still.h"
#include "media/still_library.h"

namespace wetgate::media {

std::unique_ptr<FrameSource> open_source(const SourceRequest& request, const Log& log) {
    return open_source_with(request, log, read_with_oiio);
}

HostFrame read_still(const std::filesystem::path& file, int frame, const Limits& limits) {
    return read_still_with(file, frame, limits, read_with_oiio);
}

}  // namespace wetgate::media

#pragma once
#include <vector>

#include "media/exr.h"
#include "media/exr_frame.h"

namespace wetgate::media::exr {

/// What is to be written: the header as it goes into the file, the layouts for the coder, the planes.
struct WritePlan {
    RawExrHeader raw;
    std::vector<Layout> layouts;
    std::vector<ImagePart> parts;
    std::vector<float> dwa_levels;  ///< one a part
};

/// Decides what encode_exr writes. An attribute changes only where the frame or the options say something
/// else than the source's header does. Errors as encode_exr.
WritePlan plan_write(const HostFrame& frame, const ExrWriteOptions& options);

}  // namespace wetgate::media::exr

#pragma once
#include <OpenImageIO/imageio.h>

#include "media/still_format.h"

namespace wetgate::media {

/// What OpenImageIO knows of a TIFF, PNG or JPEG besides its picture.
struct OiioHeader final : StillHeader {
    OIIO::ParamValueList attributes;
    void pack(WireWriter& out) const override;
};

}  // namespace wetgate::media

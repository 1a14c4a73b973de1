#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/host_frame.h"
#include "media/source.h"

namespace wetgate::media {

/// Reads one still whole: DPX, Cineon, TIFF, PNG, JPEG. Errors as FrameSource::read.
HostFrame read_still(const std::filesystem::path& file, int frame, const Limits& limits);

struct StillWriteOptions {
    std::string type = "dpx";  ///< dpx tiff png jpeg
    int bits = 0;              ///< 8 10 12 16, 32 (float tiff); 0: the source's, else the type's usual depth
    Rate rate;
    std::string compression;  ///< tiff: none lzw zip; empty: the source's or zip
};

/// The bytes of a still file. No clock, no host: same frame, same bytes.
std::vector<std::byte> encode_still(const HostFrame& frame, const StillWriteOptions& options);

}  // namespace wetgate::media

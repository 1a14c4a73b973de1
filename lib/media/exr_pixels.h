#pragma once
#include <ImfFrameBuffer.h>

#include <filesystem>

#include "core/host_frame.h"
#include "media/exr.h"

namespace wetgate::media::exr {

/// OpenEXR's view of a part's planes: it reads into them or writes from them.
Imf::FrameBuffer frame_buffer_over(const ImagePart& part);

struct ReadResult {
    HostFrame frame;
    bool table_was_rebuilt = false;  ///< see ChunkTables::rebuilt
};
/// read_exr(), and what a log should hear about the file.
ReadResult read_exr_noting(const std::filesystem::path& file, int frame, const SourceRequest& request);

}  // namespace wetgate::media::exr

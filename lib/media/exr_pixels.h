#pragma once
#include <ImfFrameBuffer.h>

#include <span>

#include "core/host_frame.h"
#include "media/exr.h"
#include "media/exr_scan.h"

namespace wetgate::media::exr {

/// OpenEXR's view of a part's planes: it reads into them or writes from them.
Imf::FrameBuffer frame_buffer_over(const ImagePart& part);

/// Refuses chunks whose coded data is inconsistent in ways that OpenEXR 3.1 decodes to a wrong picture
/// without a word.
void check_payloads(std::span<const std::byte> file, const ScannedHeader& header, const ChunkTables& tables);

struct ReadResult {
    HostFrame frame;
    bool table_was_rebuilt = false;  ///< see ChunkTables::rebuilt
};
/// read_exr(), and what a log should hear about the file.
ReadResult read_exr_noting(const std::filesystem::path& file, int frame, const SourceRequest& request);

}  // namespace wetgate::media::exr

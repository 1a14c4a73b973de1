#pragma once
#include <span>
#include <vector>

#include "core/host_frame.h"
#include "media/exr_scan.h"

namespace wetgate::media::exr {

/// Refuses (Error{Input}) a picture whose RLE or ZIP chunks do not hold what `parts` was decoded to.
///
/// Note [Short chunks]
/// OpenEXR 3.1 does not look whether an RLE or ZIP chunk unpacked to as many bytes as its pixels have: the
/// rest of the rows is whatever memory held before, without a word. RLE runs are counted here. A ZIP chunk
/// ends with the Adler-32 of its bytes (RFC 1950): making it anew from the decoded samples is several times
/// cheaper than inflating twice and also proves that every sample arrived. The other compressions check their
/// sizes themselves.
void verify_decoded(std::span<const std::byte> file, const ScannedHeader& header, const ChunkTables& tables,
                    const std::vector<ImagePart>& parts);

}  // namespace wetgate::media::exr

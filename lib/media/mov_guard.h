#pragma once
#include <cstdint>

#include "media/movie_file.h"

namespace wetgate::media {

/// Walks the boxes of a QuickTime / MP4 file before libavformat sees it and throws Error{Input} for sample
/// tables that ask for far more samples than the file could hold: a few bytes can declare 2^32 samples of one
/// constant size, for which a demuxer fills gigabytes of index. Also for a compressed header ('cmov'), into
/// which the walk cannot see. Other files pass.
void refuse_lying_sample_tables(MovieFile& file);

}  // namespace wetgate::media

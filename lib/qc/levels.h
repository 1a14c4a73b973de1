#pragma once
#include "core/host_frame.h"
#include "qc/facts.h"

namespace wetgate::qc {

/// Of the stored samples: `coded` is the worked picture of `frame` in its own coding.
LevelFacts level_facts(const HostFrame& frame, const FloatImage& coded);

/// XXH3-128 over the stored samples of the worked picture's planes.
std::string stored_hash(const HostFrame& frame);

}  // namespace wetgate::qc

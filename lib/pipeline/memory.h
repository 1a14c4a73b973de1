#pragma once
#include <cstdint>

#include "passes/pass.h"
#include "pipeline/shot_context.h"

namespace wetgate::pipeline {

/// Bytes of host memory that a stage over this shot takes at its peak: frames decoded ahead, windows, queues,
/// encoders.
std::int64_t host_bytes_needed(const ShotContext& shot, passes::PassReach reach, std::size_t passes);
/// Bytes of a CUDA device's memory for the same, about: windows, temporaries, a network's tile and the
/// context.
std::int64_t device_bytes_needed(const ShotContext& shot, passes::PassReach reach, std::size_t passes);

/// Error{OutOfMemory} where that is more than this process's share of the machine (see core/share.h), with
/// both figures and what to lower, before anything is started.
void check_memory(const ShotContext& shot, passes::PassReach reach, std::size_t passes);

}  // namespace wetgate::pipeline

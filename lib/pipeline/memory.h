#pragma once
#include <cstdint>

#include "passes/pass.h"
#include "pipeline/shot_context.h"

namespace wetgate::pipeline {

/// Bytes of host memory that a stage over this shot takes at its peak: frames decoded ahead, windows, queues,
/// encoders.
std::int64_t host_bytes_needed(const ShotContext& shot, passes::PassReach reach, std::size_t passes);

/// Bytes that this process may still take: MemAvailable, or what its cgroup leaves if that is less.
std::int64_t host_bytes_available();

/// Error{OutOfMemory} with both figures and what to lower, before anything is started.
void check_memory(const ShotContext& shot, passes::PassReach reach, std::size_t passes);

}  // namespace wetgate::pipeline

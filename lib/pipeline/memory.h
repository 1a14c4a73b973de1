#pragma once
#include <cstdint>

#include "passes/pass.h"
#include "pipeline/shot_context.h"

namespace wetgate::pipeline {

/// Bytes of host memory that a stage over this shot takes at its peak, with `at_once` frames in the passes:
/// frames decoded ahead, windows, queues, encoders.
std::int64_t host_bytes_needed(const ShotContext& shot, passes::PassReach reach, std::size_t passes,
                               int at_once);
/// Bytes of a CUDA device's memory for the same, about: windows, temporaries, a network's tile and the
/// context.
std::int64_t device_bytes_needed(const ShotContext& shot, passes::PassReach reach, std::size_t passes,
                                 int at_once);

/// Frames that the threads of this process can work on at the same time, each with compute.threads of them:
/// 1 to 16. Changes no bit.
int most_frames_at_once(const ShotContext& shot, std::size_t passes);
/// As many of them as memory has room for, on the host and on the device; at least 1.
int frames_at_once(const ShotContext& shot, passes::PassReach reach, std::size_t passes);

/// Error{OutOfMemory} where one frame at once takes more than this process's share of the machine (see
/// core/share.h), with both figures and what to lower, before anything is started.
void check_memory(const ShotContext& shot, passes::PassReach reach, std::size_t passes);

}  // namespace wetgate::pipeline

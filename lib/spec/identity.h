#pragma once
#include <cstddef>
#include <nlohmann/json.hpp>

#include "spec/job_spec.h"

namespace wetgate::spec {

/// Everything of the job's text that decides the pixels of a shot behind its first `passes_before` passes:
/// for keys of measurements and records. Stable: nlohmann sorts keys, paths are as written in the job
/// (machines may map them), frames are sets. Left out: names and paths of outputs, the work folder, timecode,
/// passes that are disabled, notes, the device and its threads (they are in the compute fingerprint), and
/// what the files themselves hold (hash those beside it).
nlohmann::json shot_identity(const JobSpec& job, const ShotSpec& shot, std::size_t passes_before);

/// shot_identity() behind all passes and what decides the bytes of one output, without its name and path.
nlohmann::json output_identity(const JobSpec& job, const ShotSpec& shot, const OutputSpec& output);

}  // namespace wetgate::spec

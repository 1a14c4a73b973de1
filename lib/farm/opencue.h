#pragma once
#include <string>
#include <vector>

#include "farm/scheduler.h"

namespace wetgate::farm {

/// spec.xml: an OpenCue job specification (cjsl-1.15), a layer a step. Error{Usage} for what OpenCue cannot
/// take: negative frames, root as user, names that its Cuebot refuses, texts longer than its database's.
std::vector<FarmFile> opencue_files(const FarmJob& job);
/// Hands spec.xml to Cuebot through scripts/opencue/wetgate-opencue of $PATH. Returns the job's name there.
std::string submit_opencue(const FarmJob& job);

}  // namespace wetgate::farm

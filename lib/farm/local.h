#pragma once
#include <string>
#include <vector>

#include "farm/scheduler.h"

namespace wetgate::farm {

/// The steps for scripts/local-farm: steps.txt, a line a step in their order: its rank, its name and the file
/// of its commands, which has one command of a POSIX shell a line. Steps of one rank wait for all of the
/// ranks before and not for each other.
std::vector<FarmFile> local_files(const FarmJob& job);
/// Error{Usage}: a machine without a scheduler takes no jobs; says how to run the files.
std::string submit_local(const FarmJob& job);

}  // namespace wetgate::farm

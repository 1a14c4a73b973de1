#pragma once
#include <string>
#include <vector>

#include "farm/scheduler.h"

namespace wetgate::farm {

/// The steps for scripts/local-farm: steps.txt, a line a step in their order with its name and the file of
/// its commands; each such file has one command of a POSIX shell a line. A step waits for all before it.
std::vector<FarmFile> local_files(const FarmJob& job);
/// Error{Usage}: a machine without a scheduler takes no jobs; says how to run the files.
std::string submit_local(const FarmJob& job);

}  // namespace wetgate::farm

#pragma once
#include <string>
#include <vector>

#include "farm/scheduler.h"

namespace wetgate::farm {

/// One Deadline job a step: NN_STEP.job.txt and NN_STEP.plugin.txt, for our own plugin (scripts/deadline) or
/// for CommandLine, and submit.sh, which hands them over in their order. Ids are known only then: until then
/// JobDependencies names the steps. A shot with negative frames has its chunks as Deadline's frames, from 0
/// on, as it documents no negative ones. Error{Usage} for settings that Deadline has not, and for names that
/// its files cannot carry.
std::vector<FarmFile> deadline_files(const FarmJob& job);

/// Submits step after step with `deadlinecommand` (of $DEADLINE_PATH, else of $PATH), each with the ids of
/// the steps that it waits for, which are put into its job file. Returns a line a step with its id.
/// Error{Temporary} where Deadline takes one not; it names those that it took.
std::string submit_deadline(const FarmJob& job);

}  // namespace wetgate::farm

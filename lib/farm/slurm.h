#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "farm/scheduler.h"

namespace wetgate::farm {

/// `text` as one word of a #SBATCH line: in double quotes, with a backslash before each quote and backslash
/// (sbatch takes a backslash off everywhere, and reads a # outside quotes as the start of a comment).
/// Error{Usage} for control characters: such a line has no way to write a new line.
std::string sbatch_quoted(std::string_view text);

/// A script a step (00_NAME.sbatch), which sbatch takes by itself too, and submit.sh, which hands them all to
/// Slurm with their dependencies. A task that ends with 75, or is stopped at its time limit, is put back into
/// the queue, --retries times; other failures cancel the steps behind it. A priority below 50 steps back
/// (--nice); above it is as 50, for Slurm lets only operators go ahead. Error{Usage} for GPU memory, which
/// Slurm cannot be asked for, and for a folder whose name has a backslash, where Slurm writes no log.
std::vector<FarmFile> slurm_files(const FarmJob& job);
/// Runs submit.sh. Returns the steps with the numbers of their jobs.
std::string submit_slurm(const FarmJob& job);

}  // namespace wetgate::farm

#pragma once
#include <filesystem>
#include <span>

#include "spec/job_spec.h"

namespace wetgate::pipeline {

/// Refuses a job that would write over what it reads, or write one file twice, however the names lead there:
/// through links in the names of folders, symbolic links and hard links of files. (What is plain from the
/// job's text, load_job() has refused.) Error{Usage} with output, file, shot and frame.
void refuse_overwriting(const spec::JobSpec& job);

/// Refuses a job that writes outside of `roots`, links followed: outputs and their checksums, work folder,
/// report. No roots: everything may be written. Error{Usage}, also for a root that is not there.
void refuse_outside(const spec::JobSpec& job, std::span<const std::filesystem::path> roots);

}  // namespace wetgate::pipeline

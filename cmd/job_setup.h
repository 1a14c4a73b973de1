#pragma once
#include "cmd/options.h"
#include "color/color.h"
#include "compute/runtime.h"
#include "pipeline/run_job.h"
#include "spec/job_spec.h"

namespace wetgate::cmd {

/// The job file with the command line's path maps applied.
spec::JobSpec load(const Options& options);
color::Config colors_of(const spec::JobSpec& job);
compute::RuntimeSettings runtime_settings(const spec::JobSpec& job, const Options& options);
/// Shots, frames, chunk, stage and switches as the command line has them. Error{Usage} for what makes no
/// sense together.
pipeline::JobRequest request_of(const Options& options);
/// options.io_threads, or one for each core.
int io_threads_of(const Options& options);

}  // namespace wetgate::cmd

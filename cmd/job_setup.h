#pragma once
#include "cmd/options.h"
#include "color/color.h"
#include "compute/runtime.h"
#include "pipeline/run_job.h"
#include "spec/job_spec.h"

namespace wetgate::cmd {

/// A job and what it runs with, as the command line has them.
class JobSetup {
public:
    /// Reads the job file, with the path maps applied.
    explicit JobSetup(const Options& options);
    JobSetup(const JobSetup&) = delete;
    JobSetup& operator=(const JobSetup&) = delete;

    const spec::JobSpec job;
    pipeline::JobTools tools(const Log& log) const { return {colors_, runtime_, models_, log}; }

private:
    color::Config colors_;
    compute::Runtime runtime_;
    nets::JobModels models_;
};

/// Shots, frames, chunk, stage and switches as the command line has them. Error{Usage} for what makes no
/// sense together.
pipeline::JobRequest request_of(const Options& options);
/// options.io_threads, or one for each core that this process may use (see core/share.h), at most 64.
int io_threads_of(const Options& options);

}  // namespace wetgate::cmd

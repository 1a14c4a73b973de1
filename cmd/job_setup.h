#pragma once
#include "cmd/options.h"
#include "color/color.h"
#include "compute/runtime.h"
#include "isolate/decoder_pool.h"
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
    pipeline::JobTools tools(const Log& log) const { return {colors_, runtime_, models_, log, decoders_}; }

private:
    color::Config colors_;
    compute::Runtime runtime_;
    nets::JobModels models_;
    std::shared_ptr<isolate::DecoderPool> decoders_;
};

/// Shots, frames, chunk, stage and switches as the command line has them. Error{Usage} for what makes no
/// sense together.
pipeline::JobRequest request_of(const Options& options);
/// Where alone may be written, on this machine: the path maps apply to it as to the job.
std::vector<std::filesystem::path> output_roots_of(const Options& options);
/// What media is opened with: decoders beside the binary, or nullptr for this process (--isolate off).
std::shared_ptr<isolate::DecoderPool> decoders_of(const Options& options);
/// options.io_threads, or one for each core that this process may use (see core/share.h), at most 64.
int io_threads_of(const Options& options);

}  // namespace wetgate::cmd

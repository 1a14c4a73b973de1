#pragma once
#include "cmd/options.h"
#include "compute/runtime.h"
#include "pipeline/run_job.h"
#include "spec/job_spec.h"

namespace wetgate::cmd {

/// Writes report.json, report.csv, report.html and junit.xml of a merged job, prints the
/// verdict with its reasons and the report's path, and returns the exit code: 20 when frames failed or were
/// substituted, 15 when a gate is closed, else 0.
int write_report(const spec::JobSpec& job, const Options& options, const pipeline::JobOutcome& outcome);

}  // namespace wetgate::cmd

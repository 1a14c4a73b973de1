#pragma once
#include <filesystem>

#include "cmd/options.h"
#include "pipeline/run_job.h"
#include "spec/job_spec.h"

namespace wetgate::cmd {

struct ReportPlace {
    std::filesystem::path folder;
    spec::GateMode gate = spec::GateMode::Fail;
};

/// Writes report.json, report.csv, report.html and junit.xml, prints the verdict with its reasons and where
/// they are, and returns the exit code: 20 when frames failed or were substituted, 15 when a gate is closed,
/// else 0.
int write_report(const ReportPlace& place, const Options& options, const pipeline::JobOutcome& outcome);

}  // namespace wetgate::cmd

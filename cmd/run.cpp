#include <cstdio>

#include "cmd/job_setup.h"
#include "cmd/progress.h"
#include "cmd/report_files.h"
#include "cmd/verbs.h"
#include "core/error.h"

namespace wetgate::cmd {

int run(const Options& options, const Services& services) {
    const JobSetup setup(options);
    const spec::JobSpec& job = setup.job;
    const pipeline::JobRequest request = request_of(options);
    ProgressPrinter progress(options.progress);
    const pipeline::JobOutcome outcome =
        pipeline::run_job(job, request, {setup.tools(services.log), progress.sink(), services.stop});
    progress.finish();
    std::printf("frames: %d made, %d already there, %d missing, %d substituted\n", outcome.made,
                outcome.reused, outcome.failed, outcome.substituted);
    if (outcome.result) return write_report({job.qc.report, job.qc.gate}, options, outcome);
    if (outcome.failed + outcome.substituted > 0 && !options.leave_to_merge) {
        throw Error(ErrorKind::SomeFramesFailed,
                    std::to_string(outcome.failed) + " frames were not made and " +
                        std::to_string(outcome.substituted) + " have a substitute; the others are done");
    }
    return 0;
}

}  // namespace wetgate::cmd

#include "cmd/job_setup.h"
#include "cmd/progress.h"
#include "cmd/report_files.h"
#include "cmd/verbs.h"

namespace wetgate::cmd {

int merge(const Options& options, const Services& services) {
    const JobSetup setup(options);
    const spec::JobSpec& job = setup.job;
    ProgressPrinter progress(options.progress);
    const pipeline::JobOutcome outcome = pipeline::merge_job(
        job, request_of(options), {setup.tools(services.log), progress.sink(), services.stop});
    progress.finish();
    return write_report({job.qc.report, job.qc.gate}, options, outcome);
}

}  // namespace wetgate::cmd

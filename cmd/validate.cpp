#include <cstdio>

#include "cmd/job_setup.h"
#include "cmd/verbs.h"
#include "core/error.h"
#include "core/escape.h"
#include "pipeline/plan.h"

namespace wetgate::cmd {

int validate(const Options& options, const Services& services) {
    const JobSetup setup(options);
    const spec::JobSpec& job = setup.job;
    const std::vector<std::string> problems =
        pipeline::find_problems(job, setup.tools(services.log), output_roots_of(options));
    for (const std::string& problem : problems) std::printf("%s\n", printable_lines(problem).c_str());
    if (!problems.empty()) {
        throw Error(ErrorKind::Usage,
                    "the job has " + std::to_string(problems.size()) + " problems; nothing was run");
    }
    std::printf("ok: %s, %zu shots\n", job.name.c_str(), job.shots.size());
    return 0;
}

}  // namespace wetgate::cmd

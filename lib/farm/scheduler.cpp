#include "farm/scheduler.h"

#include <algorithm>
#include <array>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/make_folder.h"
#include "farm/deadline.h"
#include "farm/local.h"
#include "farm/opencue.h"
#include "farm/openjd.h"
#include "farm/slurm.h"

namespace wetgate::farm {
namespace {

namespace fs = std::filesystem;

constexpr std::array all_schedulers{
    Scheduler{"local", local_files, submit_local},
    Scheduler{"deadline", deadline_files, submit_deadline},
    Scheduler{"opencue", opencue_files, submit_opencue},
    Scheduler{"openjd", openjd_files, submit_openjd},
    Scheduler{"slurm", slurm_files, submit_slurm},
};

}  // namespace

std::span<const Scheduler> schedulers() {
    return all_schedulers;
}

const Scheduler& find_scheduler(std::string_view name) {
    const auto found = std::find_if(all_schedulers.begin(), all_schedulers.end(),
                                    [&](const Scheduler& scheduler) { return scheduler.name == name; });
    if (found != all_schedulers.end()) return *found;
    std::string names;
    for (const Scheduler& scheduler : all_schedulers)
        names += (names.empty() ? "" : ", ") + std::string(scheduler.name);
    throw Error(ErrorKind::Usage, "there is no farm '" + std::string(name) + "'; there are " + names);
}

void write_files(const FarmJob& job, std::span<const FarmFile> files) {
    make_folder(job.folder);
    for (const FarmFile& file : files) {
        const fs::path path = job.folder / file.name;
        write_atomic(path, file.text);
        if (!file.executable) continue;
        std::error_code problem;
        // For whom it is readable: as the umask says.
        const auto readable = static_cast<unsigned>(fs::status(path, problem).permissions()) & 0444U;
        if (!problem)
            fs::permissions(path, static_cast<fs::perms>(readable >> 2U), fs::perm_options::add, problem);
        if (problem) {
            throw Error(ErrorKind::Output, "cannot be made executable: " + problem.message(),
                        {.file = path.string(), .shot = {}, .frame = {}});
        }
    }
}

}  // namespace wetgate::farm

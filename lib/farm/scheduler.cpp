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
    Scheduler{"openjd", openjd_files, submit_openjd, openjd_most_values},
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

void check_settings_for(const Scheduler& scheduler, const FarmSettings& settings) {
    struct Rule {
        const char* option;
        bool is_given;
        std::string_view farms;  // names, each with a blank behind it
    };
    const FarmSettings defaults;
    const std::array rules{
        Rule{"--pool", !settings.pool.empty(), "deadline "},
        Rule{"--secondary-pool", !settings.secondary_pool.empty(), "deadline "},
        Rule{"--group", !settings.group.empty(), "deadline "},
        Rule{"--department", !settings.department.empty(), "deadline "},
        Rule{"--plugin", settings.plugin != defaults.plugin, "deadline "},
        Rule{"--concurrent-tasks", settings.concurrent_tasks != defaults.concurrent_tasks, "deadline "},
        Rule{"--partition", !settings.partition.empty(), "slurm "},
        Rule{"--account", !settings.account.empty(), "slurm "},
        Rule{"--facility", !settings.facility.empty(), "opencue "},
        Rule{"--user", !settings.user.empty(), "opencue "},
        Rule{"--tags", !settings.tags.empty(), "opencue openjd slurm "},
        Rule{"--limits", !settings.limits.empty(), "deadline opencue openjd slurm "},
        Rule{"--chunking", settings.task_chunking, "openjd "},
    };
    for (const Rule& rule : rules) {
        const bool has = rule.farms.find(std::string(scheduler.name) + ' ') != std::string_view::npos;
        if (rule.is_given && !has) {
            throw Error(ErrorKind::Usage, std::string(rule.option) + " is nothing that " +
                                              std::string(scheduler.name) + " has; it is for " +
                                              std::string(rule.farms));
        }
    }
    const bool hands_out_gpus = scheduler.name == "slurm" || scheduler.name == "opencue";
    if (hands_out_gpus && settings.device.find(':') != std::string::npos) {
        throw Error(ErrorKind::Usage, "--device " + settings.device + ": " + std::string(scheduler.name) +
                                          " chooses the GPU of a task, which sees no other; say cuda");
    }
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

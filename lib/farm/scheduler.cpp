#include "farm/scheduler.h"

#include <algorithm>
#include <array>

#include "core/atomic_file.h"
#include "core/error.h"
#include "farm/local.h"
#include "farm/opencue.h"
#include "farm/openjd.h"

namespace wetgate::farm {
namespace {

namespace fs = std::filesystem;

constexpr std::array all_schedulers{
    Scheduler{"local", local_files, submit_local},
    Scheduler{"opencue", opencue_files, submit_opencue},
    Scheduler{"openjd", openjd_files, submit_openjd},
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
    std::error_code problem;
    fs::create_directories(job.folder, problem);
    if (problem) {
        throw Error(ErrorKind::Output, "cannot make the folder: " + problem.message(),
                    {.file = job.folder.string(), .shot = {}, .frame = {}});
    }
    for (const FarmFile& file : files) {
        const fs::path path = job.folder / file.name;
        write_atomic(path, file.text);
        if (!file.executable) continue;
        fs::permissions(path, fs::perms::owner_exec | fs::perms::group_exec | fs::perms::others_exec,
                        fs::perm_options::add, problem);
        if (problem) {
            throw Error(ErrorKind::Output, "cannot be made executable: " + problem.message(),
                        {.file = path.string(), .shot = {}, .frame = {}});
        }
    }
}

}  // namespace wetgate::farm

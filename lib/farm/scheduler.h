#pragma once
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "farm/farm_job.h"

namespace wetgate::farm {

/// A file for a scheduler.
struct FarmFile {
    std::string name;  ///< in FarmJob::folder
    std::string text;
    bool executable = false;
};

/// A farm that wetgate submits to: one row in scheduler.cpp, one .cpp of its name.
struct Scheduler {
    std::string_view name;  ///< of --to
    /// Every file that a submission needs, the same for the same job. Error{Usage} for what the scheduler
    /// cannot take.
    std::vector<FarmFile> (*files)(const FarmJob& job);
    /// Hands the files, which are in FarmJob::folder by now, to the scheduler. Returns what a person is to
    /// know: ids of the jobs. Error{Usage} where its command is not there or it refuses,
    /// Error{Temporary} where it was not reached.
    std::string (*submit)(const FarmJob& job);
    int most_tasks = 0;  ///< that a step may have; 0: any number
};

std::span<const Scheduler> schedulers();
/// Error{Usage} with the names that there are.
const Scheduler& find_scheduler(std::string_view name);

/// Error{Usage} for a setting that was given and that this farm has not: it would be dropped without a word.
void check_settings_for(const Scheduler& scheduler, const FarmSettings& settings);

/// Writes the files into FarmJob::folder, each whole or not at all. Error{Output}.
void write_files(const FarmJob& job, std::span<const FarmFile> files);

}  // namespace wetgate::farm

#pragma once
#include <string>
#include <vector>

#include "farm/scheduler.h"

namespace wetgate::farm {

/// Values of a task parameter's range; openjd-model counts those of an expression, too.
inline constexpr int openjd_most_values = 1024;

/// template.json: an OpenJD job template (jobtemplate-2023-09), a step a step. With it the values of its
/// parameters: parameter_values.json makes the folder a job bundle of AWS Deadline Cloud, parameters.json is
/// for the openjd command. Paths are parameters with a data flow, so that a farm can carry the files to its
/// machines; runs of frames are zipped Start and End, or TASK_CHUNKING where the settings ask for it.
/// Error{Usage} for what a template cannot hold.
std::vector<FarmFile> openjd_files(const FarmJob& job);
/// `deadline bundle submit` of the folder. Returns what it says.
std::string submit_openjd(const FarmJob& job);

}  // namespace wetgate::farm

#pragma once
#include <filesystem>
#include <span>
#include <vector>

#include "pipeline/plan.h"
#include "spec/job_spec.h"

namespace wetgate::farm {

/// What a job reads, for farms that carry files to their machines: absolute, sorted, each once.
struct JobInputs {
    std::vector<std::filesystem::path> folders;  ///< of sequences, and of the OCIO config
    std::vector<std::filesystem::path> files;    ///< movies, sound, single pictures, files of passes
};

/// Of the planned shots. Models are not among them: they lie where the command line says.
JobInputs inputs_of(const spec::JobSpec& job, std::span<const pipeline::ShotPlan> plans);

/// At most `most` folders that hold all of `folders`: those inside another one are left out, and where there
/// are still too many, the two that share the longest path become the folder that holds both. Error{Usage}
/// where that would be the root of the file system.
std::vector<std::filesystem::path> folded(std::vector<std::filesystem::path> folders, std::size_t most);

/// Whether `path` is `folder` or lies in it, by their names alone.
bool is_within(const std::filesystem::path& path, const std::filesystem::path& folder);

}  // namespace wetgate::farm

#pragma once
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "spec/job_spec.h"

namespace wetgate::pipeline {

/// A delivered file.
struct ListedFile {
    std::filesystem::path path;
    std::uint64_t bytes = 0;
    std::string xxh128;  ///< XXH3-128; empty: to be read
};

/// Writes the list that `output.checksums` asks for beside the files, and says which: {kind, file (relative
/// to the job), hash}. An ASC MHL is a manifest of its own ("packing list"), not a generation of a folder's
/// history; it carries the job's date and no host. Errors as write_atomic, Error{Input} for a file that is
/// gone.
nlohmann::json write_checksums(const spec::JobSpec& job, const spec::OutputSpec& output,
                               std::vector<ListedFile> files);

/// XXH3-128 of a file of any size, as content_hash has it. Errors as ReadFile.
std::string file_hash(const std::filesystem::path& file);

}  // namespace wetgate::pipeline

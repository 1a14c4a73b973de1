#pragma once
#include <cstddef>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "spec/job_node.h"
#include "spec/job_spec.h"
#include "spec/pass_schemas.h"
#include "spec/schema.h"

namespace wetgate::spec {

/// More problems than this help nobody.
constexpr std::size_t most_problems = 1000;

/// What the readers of a job's parts share while one job is read.
struct JobReading {
    const LoadOptions& options;
    std::filesystem::path folder;     ///< of the job file
    std::string show, version, date;  ///< of the job
    PassSchemas schemas;
    std::map<std::string, Schema> pass_validators;  ///< compiled once a pass
    std::size_t frames_left =
        16'000'000;               ///< that `frames` anywhere may still name: a small text can name a million
    bool frames_refused = false;  ///< that it was too many has been said
    std::vector<Problem> problems;
    std::vector<Problem> second_opinion;  ///< valijson's

    /// Notes a problem, unless that very place has one already: the first says what to do, more would be
    /// noise.
    void problem(const std::string& pointer, std::string message, std::string suggestion = {});
    /// `text` below the job's folder, mapped; reports Windows paths that no rule maps.
    std::filesystem::path path_here(const std::string& text, const std::string& pointer);
    /// The frames that `key` of `node` names, out of frames_left; nullopt where it is absent or was reported.
    std::optional<FrameSet> frames_here(const JobNode& node, const std::string& key);
    SpecPath pattern_here(const JobNode& node, const std::string& key);
    /// The same of a text that stands at `pointer`.
    SpecPath pattern_of(std::string text, const std::string& pointer);
    std::string mapped_text(const std::string& text) const;
};

/// What `read` gives; nullopt when it throws, which is then a problem at `pointer`.
template <class Read>
auto reported(JobReading& reading, const std::string& pointer, Read&& read)
    -> std::optional<decltype(read())> {
    try {
        return read();
    } catch (const Error& error) {
        reading.problem(pointer, error.message());
        return std::nullopt;
    }
}

/// Letters, digits, '.', '_' and '-', no more than 128: reports anything else. Empty when there is no text.
std::string read_name(JobReading& reading, const JobNode& node, const std::string& key);

/// A shot as far as it can be read. Names that it uses are checked against those it has.
ShotSpec read_shot(JobReading& reading, const JobNode& node);

/// An output of `shot`, whose passes are known.
OutputSpec read_output(JobReading& reading, const JobNode& node, const ShotSpec& shot);

}  // namespace wetgate::spec

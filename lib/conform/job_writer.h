#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "conform/cut_list.h"
#include "conform/match.h"
#include "conform/media_pool.h"

namespace wetgate::conform {

/// What a job is written from, besides list and matches.
struct JobRequest {
    std::filesystem::path template_file;   ///< a valid job with one shot
    std::filesystem::path job_file;        ///< that will be written
    std::string version = "v001";          ///< {version}
    int first_frame = 1001;                ///< number of the first frame of a movie's cut
    std::optional<std::string> cdl_space;  ///< grade each event that has a CDL first, in this space
    std::string cdl_folder;                ///< of the .cc files, beside the job: "cut.cdl"
};

/// A shot that was made of an event.
struct MadeShot {
    std::size_t event = 0;  ///< index into the list
    std::string name;
    std::string source;  ///< path in the job
    FrameRange cut;      ///< numbers in the job
};

struct MadeJob {
    std::string text;  ///< the job file: the same inputs give the same bytes
    std::vector<MadeShot> shots;
};

/// A template: the job and what is set by it. Error{Input}, Error{Usage} (JobProblems) as spec::load_job();
/// with other than one shot Error{Usage}.
nlohmann::json read_template(const std::filesystem::path& file);
/// The template's source.rate.
std::optional<Rate> template_rate(const nlohmann::json& job);

/// Puts one shot an event into the template. See Note [What the template gives]. Error{Usage} for an unknown
/// {token}, and for what makes the job invalid (outputs that fall on each other, mostly).
MadeJob make_job(const nlohmann::json& job_template, const CutList& list, const std::vector<MediaItem>& media,
                 const std::vector<std::optional<Match>>& matches, const JobRequest& request);

}  // namespace wetgate::conform

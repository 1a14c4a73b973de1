#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "color/color.h"
#include "compute/runtime.h"
#include "core/frame_range.h"
#include "core/log.h"
#include "pipeline/progress.h"
#include "pipeline/shot_context.h"
#include "qc/thumbnail.h"
#include "spec/job_spec.h"

namespace wetgate::pipeline {

enum class Stage { Measure, Solve, Apply, All };

/// Which part of a job a command works on, and how.
struct JobRequest {
    std::optional<std::string> shot;
    std::optional<FrameSet> frames;              ///< of every chosen shot; cut to its delivered range
    std::optional<int> chunk_index, chunk_size;  ///< chunks of each shot's frames, numbered through all shots
    Stage stage = Stage::All;
    IoSettings io;
    bool overwrite = false;
    bool continue_on_error = false;
    bool mix_fingerprints = false;
    bool verify = false;
    bool preview = false;                             ///< the merge makes previews
    std::vector<std::filesystem::path> output_roots;  ///< where alone may be written; empty: anywhere

    /// True when the request is for the whole of every shot it names: only then does a run merge at its end.
    bool whole() const { return !frames && !chunk_index && stage == Stage::All; }
};

struct JobServices {
    JobTools tools;
    ProgressSink progress;
    std::stop_token stop;
};

struct JobOutcome {
    int made = 0;
    int reused = 0;
    int failed = 0;
    int substituted = 0;
    std::optional<nlohmann::json> result;  ///< the report's `result`, after a merge
    std::vector<qc::Thumbnail> thumbnails;
};

/// The shots and frames that a request means, in the job's order. Error{Usage} for an unknown shot or an
/// empty choice.
struct ShotFrames {
    const spec::ShotSpec* shot = nullptr;
    FrameSet frames;
};

/// Runs the stages that the request asks for; a whole request ends with the merge.
JobOutcome run_job(const spec::JobSpec& job, const JobRequest& request, const JobServices& services);

/// Merges all shots (or the one named) and returns the report's `result`.
JobOutcome merge_job(const spec::JobSpec& job, const JobRequest& request, const JobServices& services);

}  // namespace wetgate::pipeline

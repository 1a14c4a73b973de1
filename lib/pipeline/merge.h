#pragma once
#include <nlohmann/json.hpp>

#include "pipeline/progress.h"
#include "pipeline/shot_context.h"
#include "pipeline/stages.h"
#include "qc/check.h"
#include "qc/thumbnail.h"

namespace wetgate::pipeline {

struct MergeOptions {
    bool mix_fingerprints = false;
    bool verify = false;           ///< hash every output file again
    bool require_complete = true;  ///< Error{Input} when a frame has no record that counts; else a finding
    qc::CheckSettings checks;
    std::size_t most_thumbnails = 36;
    bool preview = false;  ///< write_preview()
    ProgressSink progress;
};

struct MergedShot {
    nlohmann::json result;                  ///< the shot's part of the report's `result`
    std::vector<qc::Thumbnail> thumbnails;  ///< for the report's page
};

/// Joins what the shards left: checks completeness, writes the movies from their packets, and runs the checks
/// of the whole shot. Pure function of the shot's records: any split of the shot gives the same bytes.
/// Refuses what collect_records() refuses.
MergedShot merge_shot(const ShotContext& shot, const StageOptions& stage_options,
                      const MergeOptions& options);

}  // namespace wetgate::pipeline

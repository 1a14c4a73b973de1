#pragma once
#include <map>
#include <nlohmann/json.hpp>

#include "core/frame_range.h"
#include "pipeline/shot_context.h"
#include "pipeline/stages.h"

namespace wetgate::pipeline {

struct RecordRules {
    bool mix_fingerprints = false;
    bool verify = false;           ///< hash every output file again
    bool require_complete = true;  ///< frames without a record that counts are an error
};

/// What the shards left of a shot.
struct MergeRecords {
    std::map<int, nlohmann::json> by_frame;  ///< each sound, of this job, with its files in place
    FrameSet missing;                        ///< the others; empty where completeness is required
    nlohmann::json fingerprint;              ///< of the first frame's machine
    ShotStages stages;                       ///< solved, with the artefacts that the records were made with
};

/// Reads the records of the delivered frames and refuses what must not be joined, each with the list of the
/// frames and what to do: Error{Input} for frames without a record, for frames that another version of the
/// job, its plates or its artefacts made, for files that are gone or not what their record says, and for two
/// frames that name one file; Error{Usage} for frames of two kinds of machine (fingerprints). The machine
/// that merges need not be of the kind that made the frames.
MergeRecords collect_records(const ShotContext& shot, const StageOptions& stage_options,
                             const RecordRules& rules);

}  // namespace wetgate::pipeline

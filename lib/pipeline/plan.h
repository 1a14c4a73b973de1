#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/log.h"
#include "passes/pass.h"
#include "pipeline/shot_context.h"
#include "spec/job_spec.h"

namespace wetgate::pipeline {

/// Frames around a delivered one that the shot's passes read (before anything is solved).
passes::PassReach planned_reach(const ShotContext& shot);
/// The widest window of source frames that any stage of the shot holds: what memory is reckoned with.
passes::PassReach widest_reach(const ShotContext& shot);
/// Indices of the passes that measure and solve (enabled, without an artefact of the job's own).
std::vector<std::size_t> analyses_of(const spec::ShotSpec& shot);

/// One command of a farm: a run of frames, and what it decodes for them.
struct ShardPlan {
    int index = 0;
    FrameSet frames;
    int decoded = 0;
};

/// An output that shows the plate larger than it is.
struct PlannedPushIn {
    std::string output;
    double scale = 1;
    std::string by;  ///< a model's name, or "resampling"
};

/// What a job's shot costs.
struct ShotPlan {
    std::string shot;
    FrameRange delivered;
    passes::PassReach reach;
    std::vector<std::string> stages;      ///< "measure deflicker", "solve deflicker", "apply", "merge"
    std::vector<PlannedPushIn> push_ins;  ///< as parameters and given paths say
    std::vector<ShardPlan> shards;
    double handle_cost = 0;         ///< decoded frames / delivered frames - 1, over all shards
    std::int64_t memory_bytes = 0;  ///< of one shard's process
    std::int64_t device_bytes = 0;  ///< of a GPU's memory, where the shard runs on one
    std::int64_t disk_bytes = 0;    ///< of all outputs, at most
};

ShotPlan plan_shot(const ShotContext& shot, int chunk_size, int first_index);
nlohmann::json to_json(const ShotPlan& plan);

/// Everything that can be known to be wrong with a job before work is done, beyond its text: sources, mattes,
/// references and artefacts that are not there, colour spaces, passes that refuse their parameters, outputs
/// that cannot be written, lie outside of `output_roots` (see refuse_outside()) or would replace an input.
/// One line a problem; empty when all is well.
std::vector<std::string> find_problems(const spec::JobSpec& job, const JobTools& tools,
                                       std::span<const std::filesystem::path> output_roots = {});

}  // namespace wetgate::pipeline

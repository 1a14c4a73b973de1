#pragma once
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "pipeline/shot_context.h"
#include "qc/check.h"
#include "qc/thumbnail.h"

namespace wetgate::pipeline {

/// What QC says of a whole shot, from its frames' records.
struct Judgement {
    std::vector<qc::Finding> findings;
    std::vector<std::string> checked;                  ///< names of the checks that had something to look at
    nlohmann::json metrics = nlohmann::json::array();  ///< as qc::metrics()
};

/// What a frame's record says for QC. Error{Input} for a damaged one.
qc::FrameFacts frame_facts(const ShotContext& shot, const nlohmann::json& record);

/// `frames`: of those that are made.
Judgement judge(const ShotContext& shot, std::map<int, qc::FrameFacts> frames,
                const qc::CheckSettings& settings);

/// Thumbnails of frames_to_show(). `kept`: which of a frame lie in the work folder.
std::vector<qc::Thumbnail> pick_thumbnails(const ShotContext& shot,
                                           const std::map<int, std::vector<std::string>>& kept,
                                           const nlohmann::json& findings, std::size_t most);

}  // namespace wetgate::pipeline

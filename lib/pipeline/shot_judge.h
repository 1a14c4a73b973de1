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
    std::vector<std::string> checked;  ///< names of the checks that had something to look at
    nlohmann::json metrics = nlohmann::json::array();  ///< as qc::metrics()
};

/// `records` by frame: of those that are made, or failed. Error{Input} for a damaged one.
Judgement judge(const ShotContext& shot, const std::map<int, nlohmann::json>& records,
                const qc::CheckSettings& settings);

/// Thumbnails of up to `most` frames: first those with findings, the worst first, then others evenly.
std::vector<qc::Thumbnail> pick_thumbnails(const ShotContext& shot,
                                           const std::map<int, nlohmann::json>& records,
                                           const nlohmann::json& findings, std::size_t most);

}  // namespace wetgate::pipeline

#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "pipeline/output_writer.h"

namespace wetgate::pipeline {

/// The record of a finished frame: passes, outputs, what QC saw, and the gates that one frame can prove
/// (non-finite values, change outside the touch, metadata). `own` is the conformed frame. Leaves the frame's
/// thumbnails in the work folder.
nlohmann::json make_frame_record(const ShotContext& shot, const FinishedFrame& frame, const HostFrame& own,
                                 const std::string& key, const std::vector<WrittenOutput>& written);

/// The record of a frame that could not be made.
nlohmann::json make_failure_record(const ShotContext& shot, int frame, const std::string& key,
                                   const Error& error);

}  // namespace wetgate::pipeline

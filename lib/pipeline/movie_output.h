#pragma once
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "pipeline/shot_context.h"
#include "qc/finding.h"

namespace wetgate::pipeline {

/// Writes a movie output from the packets of `made`, in order; a frame of `failed` keeps its place by showing
/// the nearest made frame. Says what was written: file, bytes, packets, profile, bits, timecode, reel, sound.
/// Error{Input} for a packet that is not the one of its frame's record.
nlohmann::json write_movie(const ShotContext& shot, const spec::OutputSpec& output, const FrameSet& made,
                           const FrameSet& failed, const std::map<int, nlohmann::json>& records);

/// The checks of check_movie() on a movie that write_movie() wrote, read back from its file. `said`: what
/// that returned.
std::vector<qc::Finding> check_written_movie(const ShotContext& shot, const nlohmann::json& said);

}  // namespace wetgate::pipeline

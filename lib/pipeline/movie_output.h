#pragma once
#include <nlohmann/json.hpp>

#include "pipeline/shot_context.h"

namespace wetgate::pipeline {

/// Writes a movie output from the packets of `made`, in order; a frame of `failed` keeps its place by showing
/// the nearest made frame. Says what was written: file, bytes, packets, profile, bits, timecode, reel, sound.
nlohmann::json write_movie(const ShotContext& shot, const spec::OutputSpec& output, const FrameSet& made,
                           const FrameSet& failed);

}  // namespace wetgate::pipeline

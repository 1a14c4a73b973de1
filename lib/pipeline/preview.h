#pragma once
#include <nlohmann/json.hpp>
#include <vector>

#include "pipeline/mover.h"
#include "pipeline/progress.h"
#include "pipeline/shot_context.h"

namespace wetgate::pipeline {

/// Makes what people look at to judge a shot's framing, beside the report: SHOT.preview.mov (ProRes proxy, at
/// most 960 pixels wide) shows the plate as it came with the edge, safe title area and level of each output's
/// canvas, subjects, targets, frame number and timecode drawn on it; SHOT.preview.png twelve of these frames
/// and the paths of the canvases. From the source, `moves` (solved) and what measurements lie in the work
/// folder: the same bytes however the shot was split. Returns what was made: [{"file", "hash", "frames"}].
/// A frame that cannot be read is shown as such.
nlohmann::json write_preview(const ShotContext& shot, const std::vector<ShotMove>& moves,
                             const ProgressSink& progress);

}  // namespace wetgate::pipeline

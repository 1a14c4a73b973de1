#pragma once
#include <ATen/core/Tensor.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>

#include "passes/artefact_reader.h"
#include "passes/pass.h"

namespace wetgate::passes {

// Networks see every shot at about one exposure: one for the whole shot, never one a frame, since what a
// network makes of a picture changes a little with it, and that would flicker.

/// Adds "mean_log2" of a frame's luminance to its facts; nothing for a black one. `linear`: [3,H,W].
void add_exposure(nlohmann::json& facts, const at::Tensor& linear);

/// Stops that bring the middle of the shot's frames to that of a photograph, in halves, at most 8.
double solved_exposure(const std::string& pass, std::span<const nlohmann::json> all_frames);

/// Analysis of a pass that needs nothing but the exposure: artefact {"schema", "exposure_stops"}.
std::unique_ptr<ShotAnalysis> exposure_analysis(const std::string& pass);
/// What the artefact of exposure_analysis() says; of another that holds the stops too, the second one.
double exposure_stops(const std::string& pass, const nlohmann::json& artefact);
double exposure_stops(const ArtefactReader& artefact);

}  // namespace wetgate::passes

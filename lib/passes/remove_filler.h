#pragma once
#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "passes/coding.h"
#include "passes/grain.h"
#include "passes/pass.h"
#include "passes/remove_camera.h"
#include "passes/remove_fill.h"
#include "passes/scenes.h"

// What passes that take things out have in common: whatever is covered is copied from other frames, and made
// up where none shows it.

namespace wetgate::passes::remove {

/// What a frame tells of the cuts, the light, the camera and (with `survey`) the grain.
nlohmann::json measured_surroundings(const FrameWindow& window, const GrainSurvey* survey = nullptr);
/// The part of an artefact that says so of the shot: {"schema": "wetgate.PASS/1", "exposure_stops", "cuts",
/// "camera"} and "grain", where it was measured.
nlohmann::json solved_surroundings(const std::string& pass, std::span<const nlohmann::json> all_frames,
                                   int first_frame);

enum class Edge : std::uint8_t {
    Hard,  ///< the framework mixes by the matte
    Soft   ///< the pass mixes by it
};

/// Takes out what mattes cover. Of the parameters "reach", "margin_px", "never_seen", "engine", "coding" and
/// "grain".
class Filler {
public:
    /// `pass`: whose artefact it is, which holds what solved_surroundings() made; it may be null.
    Filler(const std::string& pass, const PassContext& context);

    PassReach reach() const { return {reach_, reach_}; }
    const Scenes& scenes() const { return scenes_; }

    /// `matte_at(k)`: [1,H,W] float32 at the window's frame k. Facts: "copied" and "synthesised" or "left",
    /// shares of what is covered, and "copied_from", shares of the copied by frame.
    PassResult filled(const FrameWindow& window, const std::function<at::Tensor(int)>& matte_at,
                      Edge edge) const;

private:
    std::vector<Source> sources(const FrameWindow& window,
                                const std::function<at::Tensor(int)>& matte_at) const;

    int reach_;
    int margin_px_;
    bool leaves_unseen_;
    double grain_amount_;
    CameraTrack camera_;
    Scenes scenes_;
    std::optional<Coding> coding_;
    std::optional<Grain> grain_;
    std::shared_ptr<const nets::LoadedModel> model_;
};

/// The model that a Filler runs on, where it runs on one.
std::optional<nets::ModelUse> model_of_filler(const PassContext& context);

}  // namespace wetgate::passes::remove

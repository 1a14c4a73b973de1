#pragma once
#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <span>
#include <string>

#include "core/geometry.h"
#include "passes/artefact_reader.h"
#include "passes/coding.h"
#include "passes/grain_texture.h"
#include "passes/noise.h"
#include "passes/pass.h"

namespace wetgate::passes {

/// Looks at the grain of pictures: how strong it is at each level, in working light and in the plate's code,
/// and how it hangs together.
class GrainSurvey {
public:
    explicit GrainSurvey(const PassContext& context);

    /// Facts of one picture [3,H,W] float32, working linear. `before`: the frame before it, or undefined.
    /// `where` [1,H,W] bool: what is looked at; undefined: all of it.
    nlohmann::json measured(const at::Tensor& linear, const at::Tensor& before = {},
                            const at::Tensor& where = {}) const;

    /// Of the facts of many pictures (null: unreadable), which lie under `key` or, where that is empty, are
    /// the facts themselves: {"coding", "a", "b", "near", "shared"} and how it was judged. `coding`:
    /// "acescct" or "plate" says what the strength is a function of, "auto": whichever fits better.
    static nlohmann::json solved(const std::string& pass, std::span<const nlohmann::json> all_frames,
                                 int first_frame, const std::string& key, const std::string& coding = "auto");
    /// The same, a and b as the finest detail alone says, as if it were white: what denoisers go by.
    static nlohmann::json solved_fine(const std::string& pass, std::span<const nlohmann::json> all_frames,
                                      int first_frame, const std::string& key, const std::string& coding);

private:
    std::array<Coding, 2> codings_;
};

/// Grain hardly changes from frame to frame, and measuring it costs a moment: each fourth frame is enough,
/// and the first of the shot.
bool is_sampled(const FrameWindow& window);
/// The frame before the window's frame 0; undefined where there is none.
at::Tensor before_of(const FrameWindow& window);

/// Of {"a": R G B, "b": R G B}.
NoiseModel noise_from(const ArtefactReader& strength);

/// Grain as an artefact describes it.
class Grain {
public:
    /// Of what GrainSurvey::solved() made; without "near" and "shared" it is white. The exposure of `coding`
    /// plays no part.
    Grain(const ArtefactReader& grain, const PassContext& context);

    /// Variance = a * value + b, where the value is what coding() says.
    const NoiseModel& strength() const { return strength_; }
    Coding::Kind coding() const { return coding_.kind(); }
    const GrainTexture& texture() const { return texture_; }

    /// `linear` [3,H,W], over the data window `window`, with grain where `where` [1,H,W] bool says, the same
    /// for one seed and place however the window lies. `amount`: factor.
    /// `present`: what is in the picture already, in this grain's coding; only what is missing is added.
    at::Tensor added(const at::Tensor& linear, const at::Tensor& where, const Box& window, std::uint64_t seed,
                     double amount, const NoiseModel& present = {}) const;

private:
    Coding coding_;
    NoiseModel strength_;
    GrainTexture texture_;
};

/// The working light, or the plate's code: what noise is a function of.
at::Tensor noise_domain(const Coding& coding, const at::Tensor& linear);

}  // namespace wetgate::passes

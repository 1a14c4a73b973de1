#pragma once
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/frame_range.h"
#include "pipeline/chain.h"
#include "pipeline/enlarging.h"
#include "pipeline/mover.h"
#include "pipeline/progress.h"
#include "pipeline/shot_context.h"

namespace wetgate::pipeline {

struct StageOptions {
    bool overwrite = false;
    bool continue_on_error = false;
    std::stop_token stop;
    ProgressSink progress;
    /// Of the machine whose artefacts and records count; null: this one's.
    nlohmann::json fingerprint = nullptr;
};

/// The passes of one shot as they are solved: measure -> solve -> ... -> apply. A measurement sees the plate
/// as the passes before it leave it, so passes come into being one after the other, each with its artefact.
class ShotStages {
public:
    ShotStages(const ShotContext& shot, StageOptions options);

    /// The first pass whose artefact is not there yet; nullopt when the whole chain can be made. Error{Usage}
    /// for an artefact that is there and no JSON: it may be somebody's work.
    std::optional<std::size_t> next_unsolved();

    /// Measures `frames` for pass `index` (every pass before it is solved). Frames measured already are left
    /// alone; what another pass of that name has measured alike is taken over. Passes behind one that moves
    /// the picture see the same plate: what is read for it is measured for those without artefact too. Those
    /// that follow how the picture moves (schema "measures": "straight") see it as a lens before them leaves
    /// it.
    void measure(std::size_t index, const FrameSet& frames);

    /// Solves pass `index` from the measurements of the whole delivered range; Error{Usage} that lists
    /// missing frames, Error{Temporary} when a plate changes meanwhile.
    void solve(std::size_t index);

    /// What an apply did.
    struct Outcome {
        int made = 0;
        int reused = 0;
        FrameSet failed;
        FrameSet substituted;
    };
    /// Makes the outputs and records of `frames`. Every pass is solved. Failed frames throw unless
    /// continue_on_error. Error{Temporary} when a plate changes while its frame is made: such a frame gets no
    /// record.
    Outcome apply(const FrameSet& frames);

    /// The key that frame's record must have to count as done, where a machine of this fingerprint made it.
    std::string key_of(int frame, const nlohmann::json& fingerprint) const;
    const std::vector<nlohmann::json>& artefacts() const { return artefacts_; }
    /// Those that move the picture. Every pass is solved.
    const std::vector<ShotMove>& moves() const { return moves_; }
    struct PassSidecar {
        std::size_t pass = 0;  ///< index in the job's list
        passes::Sidecar file;
    };
    /// Of all passes. Every pass is solved.
    std::vector<PassSidecar> sidecars() const;

private:
    /// A pass that frames are measured for.
    struct Measuring {
        std::size_t index = 0;
        std::unique_ptr<passes::ShotAnalysis> analysis;
        std::map<int, std::string>
            keys;  ///< of the frames to measure; see Note [A plate may change while ...]
    };
    Measuring measuring(std::size_t index, const FrameSet& frames) const;
    void add_measured_along(std::vector<Measuring>& measured, const FrameSet& frames) const;
    void load_solved();
    std::string solve_key(std::size_t index) const;
    std::optional<nlohmann::json> measured_elsewhere(std::size_t index, int frame,
                                                     const std::string& key) const;
    std::string measure_key(std::size_t index, int frame, passes::PassReach reach) const;
    /// Passes whose work a measurement sees.
    std::size_t passes_seen(std::size_t index) const;
    /// Those of them that move the picture: of all outputs, and by their parameters alone.
    std::vector<const ShotMove*> moves_seen(std::size_t index) const;
    /// Frames around one that its outputs are made from.
    passes::PassReach apply_reach() const;
    std::string key_of(int frame) const { return key_of(frame, options_.fingerprint); }
    void check_unchanged(int frame, const std::string& key_before, const std::string& key_now) const;
    void check_stop() const;
    bool is_wanted_as_matte(const std::string& pass) const;
    void report(const std::string& stage, int done, int total, int skipped) const;

    const ShotContext& shot_;
    StageOptions options_;
    std::vector<ChainPass> chain_;             // the passes made so far (disabled ones are left out)
    std::vector<ShotMove> moves_;              // the same, of those that move the picture
    std::optional<Enlarging> enlarging_;       // once every pass is solved
    std::vector<nlohmann::json> artefacts_;    // by index in the job's list, null where there is none
    std::vector<nlohmann::json> measured_by_;  // by index: parameters that measurements depend on
    std::vector<bool> measures_straight_;      // by index
    std::size_t made_ = 0;                     // passes of the job's list that are made or skipped
};

}  // namespace wetgate::pipeline

#pragma once
#include <cstddef>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "compute/device_frame.h"
#include "core/host_frame.h"
#include "passes/enlarge.h"
#include "pipeline/composed_move.h"
#include "pipeline/shot_context.h"

// Push-ins: where an output shows the picture clearly larger than it is, a network makes it twice as large
// first, and the moves read that. Decided for whole scenes, from the solved moves alone: the look does not
// change within a scene, and every shard decides alike.

namespace wetgate::pipeline {

/// From this scale on a network is of use; below it, resampling shows all that there is.
inline constexpr double least_enlarged_scale = 1.1;

/// How an output is going to be enlarged, as parameters and given artefacts have it.
struct PlannedEnlarging {
    double scale = 1;                     ///< the most, times the picture
    std::optional<nets::ModelUse> model;  ///< by it; none: by resampling
};
PlannedEnlarging planned_enlarging(const ShotContext& shot, const spec::OutputSpec& output);

/// What makes parts of the pictures of one shot larger for its moves.
class Enlarging {
public:
    /// `moves`: of the shot, solved.
    Enlarging(const ShotContext& shot, std::vector<ShotMove> moves);

    /// The model that makes the picture larger for what these passes show of a frame; nullptr: none does.
    const nets::ModelUse* model_of(const std::vector<std::size_t>& passes, int frame) const;
    bool is_needed() const { return !canvases_.empty(); }
    bool is_for(int frame) const { return !identity(frame).empty(); }

    /// What the frame's outputs need of its picture, by model: each over twice the window of that part. For
    /// one thread, which waits for the device.
    std::map<std::string, FloatImage> made(int frame, const compute::DeviceFrame& picture);

    /// What decides the pixels of it: empty for a frame that no network touches.
    nlohmann::json identity(int frame) const;

private:
    /// What outputs of the same moves show.
    struct EnlargedCanvas {
        std::vector<std::size_t> passes;
        nets::ModelUse model;
        std::string sha256;
        std::set<int> frames;
    };
    const passes::NetworkEnlarger& network(const EnlargedCanvas& canvas);

    const ShotContext& shot_;
    std::vector<ShotMove> moves_;
    std::vector<EnlargedCanvas> canvases_;
    std::map<std::string, passes::NetworkEnlarger> networks_;  // by model
};

}  // namespace wetgate::pipeline

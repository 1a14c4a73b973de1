#pragma once
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "framing/warp.h"
#include "passes/pass.h"

// Passes that move the picture and leave its values alone: lens, stabilise, reframe. They come last in a
// shot's list. The framework composes what they say and resamples each output once; see pipeline/mover.h.

namespace wetgate::passes {

/// Where one frame goes.
struct Move {
    /// From places of the picture that the pass makes to places of the one before it, in picture coordinates.
    /// A picture of the plate's own size stays where the plate's display window is; another begins at (0, 0).
    framing::Warp to_before;
    nlohmann::json facts = nlohmann::json::object();  ///< small, deterministic; goes into the frame's report
};

/// A frame of the same scene, and where it shows what another one does.
struct MoveNeighbour {
    int frame = 0;
    motion::Homography to_it;  ///< from places of the other frame's picture to places of this one
};

/// A pass that moves the picture. Its schema says "moves": true.
class MovingPass : public FramePass {
public:
    /// Size of what it makes of a canvas, from parameters alone.
    virtual framing::Canvas canvas(framing::Canvas before) const { return before; }
    /// Names of the outputs that it is for; empty: all.
    virtual std::vector<std::string> outputs() const { return {}; }
    /// False where it only decides, as data.
    virtual bool renders() const { return true; }
    /// `before`: size of the canvas before it.
    virtual Move move(int frame, framing::Canvas before) const = 0;

    bool is_for(const std::string& output) const {
        const std::vector<std::string> names = outputs();
        return names.empty() || std::find(names.begin(), names.end(), output) != names.end();
    }

    /// What places are filled from that the frame's own picture does not cover: frames within reach(), the
    /// best first. nullopt: such places stay black.
    virtual std::optional<std::vector<MoveNeighbour>> fill_from(int) const { return std::nullopt; }

    /// Of fill_from(), from parameters alone.
    PassReach reach() const override { return {}; }
    PassResult run(const FrameWindow&) const final {
        throw Error(ErrorKind::Internal, "a pass that moves the picture was asked for pixels");
    }
};

}  // namespace wetgate::passes

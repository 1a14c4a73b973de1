#pragma once
#include <algorithm>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/frame_range.h"
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

/// The shot as other tools know it.
struct ClipNames {
    std::string file;   ///< of the plate, without its folder; '#' for each digit of a frame number
    FrameRange frames;  ///< delivered
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

    /// What the solved decision is to other tools.
    virtual std::vector<Sidecar> sidecars_of(const ClipNames&) const { return sidecars(); }

    bool is_for(const std::string& output) const {
        const std::vector<std::string> names = outputs();
        return names.empty() || std::find(names.begin(), names.end(), output) != names.end();
    }

    PassReach reach() const final { return {}; }
    PassResult run(const FrameWindow&) const final {
        throw Error(ErrorKind::Internal, "a pass that moves the picture was asked for pixels");
    }
};

}  // namespace wetgate::passes

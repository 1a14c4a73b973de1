#pragma once
#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/frame_range.h"
#include "framing/resample.h"
#include "framing/warp.h"
#include "passes/pass.h"

// Passes that move the picture: lens, stabilise, reframe. They come last in a shot's list. The framework
// composes what they say and resamples each output once; see pipeline/mover.h.

namespace wetgate::passes {

/// Where one frame goes.
struct Move {
    /// From places of the picture that the pass makes to places of the one before it, in picture coordinates.
    /// A picture of the plate's own size stays where the plate's display window is; another begins at (0, 0).
    framing::Warp to_before;
    nlohmann::json facts = nlohmann::json::object();  ///< small, deterministic; goes into the frame's report
    /// Where R and B come from, where a lens shows them at places of their own; to_before is G's way then.
    std::optional<std::array<framing::Warp, 2>> red_blue = {};
    /// Of the light of the picture before it; empty: 1 everywhere. See MovingPass::changes_light.
    framing::Gain gain = {};

    framing::ColourWarp way() const {
        if (!red_blue) return to_before;
        return {red_blue->at(0), to_before, red_blue->at(1)};
    }
};

/// An ST map that a pass leaves beside the report for other tools to read.
struct MapSidecar {
    std::string extension;  ///< ".undistort.exr"
    FloatImage map;         ///< as framing::StMap has it
    Box display;
};

/// A frame of the same scene, and where it shows what another one does.
struct MoveNeighbour {
    int frame = 0;
    motion::Homography to_it;  ///< from places of the other frame's picture to places of this one
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
    /// Where it makes a picture of frame `frame` on a canvas over `display`: where it is the last that moves
    /// an output whose files have data windows, these may be larger than what is displayed.
    virtual Box data_window([[maybe_unused]] int frame, const Box& display) const { return display; }
    /// True where a data window that is larger than what is displayed was asked for.
    virtual bool wants_overscan() const { return false; }
    /// True where its moves have a gain: it then comes first, so that its picture before is the plate.
    virtual bool changes_light() const { return false; }
    virtual std::vector<MapSidecar> maps() const { return {}; }
    /// `before`: size of the canvas before it.
    virtual Move move(int frame, framing::Canvas before) const = 0;

    /// What the solved decision is to other tools.
    virtual std::vector<Sidecar> sidecars_of(const ClipNames&) const { return sidecars(); }

    bool is_for(const std::string& output) const {
        const std::vector<std::string> names = outputs();
        return names.empty() || std::find(names.begin(), names.end(), output) != names.end();
    }

    /// The most that its canvas shows the one before it larger, by parameters and path; at least 1.
    virtual double most_scale([[maybe_unused]] framing::Canvas before) const { return 1; }
    /// The network that makes the picture twice as large where the canvas shows it clearly larger than it is;
    /// nullopt: it is resampled as it is. Of the last pass that moves an output. See pipeline/enlarging.h.
    virtual std::optional<nets::ModelUse> enlarging_model() const { return std::nullopt; }
    /// The frames around `frame`, itself among them, that should look alike: up to the next cuts.
    virtual FrameRange scene_of(int frame) const { return {frame, frame + 1}; }

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

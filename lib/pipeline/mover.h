#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "pipeline/composed_move.h"
#include "pipeline/enlarging.h"
#include "pipeline/output_writer.h"
#include "pipeline/shot_context.h"

namespace wetgate::pipeline {

/// A frame as one canvas shows it.
struct MovedFrame {
    FinishedFrame frame;  ///< its working picture and mattes, moved; touched all over, unless it is neither
                          ///< moved nor touched
    HostFrame host;       ///< the same in the source's coding
    std::size_t uncovered = 0;  ///< pixels that no picture shows: black, or where edges are filled made up
    bool is_enlarged = false;   ///< a network made the picture larger first
    bool is_filled = false;     ///< places that the frame's own picture does not cover are filled
    /// What they were filled from: {"filled_px", "copied", "synthesised" (shares), "from" (frames)}; null
    /// where all are covered.
    nlohmann::json fill = nullptr;
};

/// Makes what outputs with moves show: the moves composed, the finished frame resampled once for each canvas
/// (outputs with the same moves share it), from its picture or from what a network made of that. A frame that
/// they leave where it is keeps its bits. Const: may be used from several threads.
class FrameMover {
public:
    /// `moves`: solved. All outlive this.
    FrameMover(const ShotContext& shot, const std::vector<ShotMove>& moves, const Enlarging& enlarging)
        : shot_(shot), moves_(moves), enlarging_(enlarging) {}

    /// By output, of those that are moved. `own`: the frame in the source's coding.
    MovedFrames move(const FinishedFrame& frame, const HostFrame& own) const;

private:
    class SharedPicture;
    /// What outputs have in common that show the same.
    struct Canvas {
        std::vector<std::size_t> passes;
        Box window;             ///< what the files hold, in pixels of the canvas
        bool is_float = false;  ///< asked for with more than the plate's own samples hold
        bool operator==(const Canvas&) const = default;
    };
    Canvas canvas_for(const spec::OutputSpec& output, int frame, const Box& display) const;
    std::shared_ptr<const MovedFrame> make(const FinishedFrame& frame, const HostFrame& own,
                                           const Canvas& canvas, SharedPicture& shared) const;

    const ShotContext& shot_;
    const std::vector<ShotMove>& moves_;
    const Enlarging& enlarging_;
};

}  // namespace wetgate::pipeline

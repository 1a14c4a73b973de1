#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "passes/move.h"
#include "pipeline/output_writer.h"
#include "pipeline/shot_context.h"

namespace wetgate::pipeline {

/// A moving pass ready to be asked, with its place in the shot's list.
struct ShotMove {
    std::size_t index = 0;
    std::string name;
    std::shared_ptr<const passes::MovingPass> pass;
};

/// A frame as one canvas shows it.
struct MovedFrame {
    FinishedFrame frame;  ///< its working picture and mattes, moved; touched all over, unless it is neither
                          ///< moved nor touched
    HostFrame host;       ///< the same in the source's coding
    std::size_t uncovered = 0;  ///< pixels that no picture shows: black, or where edges are filled made up
    bool is_filled = false;     ///< places that the frame's own picture does not cover are filled
};

/// Makes what outputs with moves show: the moves composed, the finished frame resampled once for each canvas
/// (outputs with the same moves share it). A frame that they leave where it is keeps its bits. Const: may be
/// used from several threads.
class FrameMover {
public:
    FrameMover(const ShotContext& shot, std::vector<ShotMove> moves)
        : shot_(shot), moves_(std::move(moves)) {}

    /// By output, of those that are moved. `own`: the frame in the source's coding.
    MovedFrames move(const FinishedFrame& frame, const HostFrame& own) const;

private:
    class SharedPicture;
    const passes::MovingPass& pass(std::size_t index) const;
    /// What the output's files hold, in pixels of its canvas.
    Box window_of(const spec::OutputSpec& output, int frame, const Box& display) const;
    std::shared_ptr<const MovedFrame> make(const FinishedFrame& frame, const HostFrame& own,
                                           const spec::OutputSpec& output, const Box& window,
                                           SharedPicture& shared) const;

    const ShotContext& shot_;
    std::vector<ShotMove> moves_;
};

}  // namespace wetgate::pipeline

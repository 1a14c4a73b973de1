#pragma once
#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/geometry.h"
#include "framing/resample.h"
#include "framing/warp.h"
#include "passes/move.h"

namespace wetgate::pipeline {

/// A moving pass ready to be asked, with its place in the shot's list.
struct ShotMove {
    std::size_t index = 0;
    std::string name;
    std::shared_ptr<const passes::MovingPass> pass;
};

/// Of pass `index`; Error{Internal} where it is not among the shot's solved moves.
const passes::MovingPass& move_of(const std::vector<ShotMove>& moves, std::size_t index);

/// What is displayed of a canvas made of a picture whose display window is `display`: one of the picture's
/// own size stays where that was, another begins at (0, 0). See passes::Move.
Box shown_of(framing::Canvas canvas, const Box& display);

/// What the moves of an output make of one frame together.
struct ComposedMove {
    struct Step {
        std::size_t index = 0;  ///< of the pass
        framing::Canvas before, after;
        passes::Move move;
        framing::ColourWarp to_picture;  ///< from its canvas back to the picture
    };
    /// The last steps where they do no more than cut at whole pixels.
    struct Cut {
        std::size_t steps_before = 0;
        std::array<int, 2> at{};           ///< where the canvas begins on that of the steps before
        framing::ColourWarp to_picture{};  ///< from the latter
    };
    struct Fill {
        std::size_t step = 0;  ///< whose pass fills
        std::vector<passes::MoveNeighbour> from;
    };
    std::vector<Step> steps;  ///< in the order of the passes
    framing::Canvas canvas;   ///< what they make in the end
    Box shown;                ///< shown_of() it
    /// From the canvas back to the picture: the last pass first.
    framing::ColourWarp to_picture;
    framing::Gain gain;  ///< of the picture's light; empty: 1 everywhere
    /// What places are filled from that the frame's own picture does not cover.
    std::optional<Fill> fill;

    /// The picture stays where and as it is.
    bool stays(const Box& display) const { return shown == display && to_picture.is_identity() && !gain; }
    Cut cut() const;
};

/// `passes`: indices of those of `moves` that make the output, in order. `display`: display window of the
/// picture that they are made of. Error as move_of().
ComposedMove composed_move(const std::vector<ShotMove>& moves, const std::vector<std::size_t>& passes,
                           const Box& display, int frame);

}  // namespace wetgate::pipeline

#include "pipeline/composed_move.h"

#include <algorithm>
#include <utility>

#include "core/error.h"

namespace wetgate::pipeline {

const passes::MovingPass& move_of(const std::vector<ShotMove>& moves, std::size_t index) {
    const auto found =
        std::find_if(moves.begin(), moves.end(), [&](const ShotMove& move) { return move.index == index; });
    if (found == moves.end()) throw Error(ErrorKind::Internal, "a move of the output is not made");
    return *found->pass;
}

Box shown_of(framing::Canvas canvas, const Box& display) {
    const bool same_size = canvas == framing::Canvas{display.width(), display.height()};
    return same_size ? display : Box{0, 0, canvas.width, canvas.height};
}

ComposedMove::Cut ComposedMove::cut() const {
    Cut cut{steps.size()};
    framing::ColourWarp way;
    while (cut.steps_before > 0) {
        way.then(steps[cut.steps_before - 1].move.way());
        const auto shift = way.whole_shift();
        if (!shift) break;
        cut.at = *shift;
        --cut.steps_before;
    }
    if (cut.steps_before > 0) cut.to_picture = steps[cut.steps_before - 1].to_picture;
    return cut;
}

ComposedMove composed_move(const std::vector<ShotMove>& moves, const std::vector<std::size_t>& passes,
                           const Box& display, int frame) {
    ComposedMove whole;
    whole.canvas = {display.width(), display.height()};
    for (const std::size_t index : passes) {
        const passes::MovingPass& pass = move_of(moves, index);
        const framing::Canvas before = whole.canvas;
        whole.canvas = pass.canvas(before);
        whole.steps.push_back({index, before, whole.canvas, pass.move(frame, before), {}});
        const passes::Move& move = whole.steps.back().move;
        framing::ColourWarp way = move.way();
        way.then(whole.to_picture);
        whole.steps.back().to_picture = way;
        whole.to_picture = std::move(way);
        if (move.gain) whole.gain = move.gain;  // of the first move, see MovingPass::changes_light
        if (auto neighbours = pass.fill_from(frame))
            whole.fill = {whole.steps.size() - 1, *std::move(neighbours)};
    }
    whole.shown = shown_of(whole.canvas, display);
    return whole;
}

}  // namespace wetgate::pipeline

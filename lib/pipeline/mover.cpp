#include "pipeline/mover.h"

#include <algorithm>

#include "core/error.h"
#include "framing/resample.h"
#include "media/worked.h"

namespace wetgate::pipeline {
namespace {

/// The picture in the working space, as the passes left it.
FloatImage working_of(const ShotContext& shot, const FinishedFrame& frame, const HostFrame& own) {
    if (frame.touched()) return frame.working;
    FloatImage picture = media::read_worked(own);
    shot.to_working().apply(picture);
    return picture;
}

/// A matte [H*W] over `window` as the alpha of a black picture: so it is mixed as it is, not coded.
framing::MovablePicture as_alpha(const std::vector<float>& matte, const Box& window) {
    framing::MovablePicture picture{make_float_image(window), matte};
    std::fill_n(picture.rgb.channel(0), 3 * window.area(), 0.0F);
    return picture;
}

/// What is displayed of a canvas. One of the picture's own size stays where that was.
Box shown_of(framing::Canvas canvas, const Box& display) {
    const bool same_size = canvas == framing::Canvas{display.width(), display.height()};
    return same_size ? display : Box{0, 0, canvas.width, canvas.height};
}

}  // namespace

const passes::MovingPass& FrameMover::pass(std::size_t index) const {
    const auto found =
        std::find_if(moves_.begin(), moves_.end(), [&](const ShotMove& move) { return move.index == index; });
    if (found == moves_.end()) throw Error(ErrorKind::Internal, "a move of the output is not made");
    return *found->pass;
}

Box FrameMover::window_of(const spec::OutputSpec& output, int frame, const Box& display) const {
    const Box shown = shown_of(shot_.canvas_of(output), display);
    // Other files show what is displayed and no more.
    if (output.type != spec::OutputType::Exr) return shown;
    return pass(shot_.moves_of(output).back()).data_window(frame, shown);
}

std::shared_ptr<const MovedFrame> FrameMover::make(const FinishedFrame& frame, const HostFrame& own,
                                                   const spec::OutputSpec& output, const Box& window) const {
    const Box display = own.display_window;
    auto result = std::make_shared<MovedFrame>();
    result->frame.number = frame.number;
    result->frame.source = frame.source;
    result->frame.passes = frame.passes;

    // Canvases from the picture on; a place goes the other way, from the last canvas back to the picture.
    framing::Canvas before{display.width(), display.height()};
    framing::ColourWarp to_picture;
    framing::Gain gain;
    for (const std::size_t index : shot_.moves_of(output)) {
        const passes::MovingPass& mover = pass(index);
        const passes::Move move = mover.move(frame.number, before);
        framing::ColourWarp whole = move.way();
        whole.then(to_picture);
        to_picture = std::move(whole);
        if (move.gain) gain = move.gain;  // of the first move, see MovingPass::changes_light
        before = mover.canvas(before);
        PassFacts facts;
        facts.index = index;
        facts.pass = shot_.shot().passes[index].name;
        facts.fraction = 1;
        facts.bounds = {0, 0, before.width, before.height};
        facts.facts = move.facts;
        result->frame.passes.push_back(std::move(facts));
    }

    framing::MovablePicture picture{working_of(shot_, frame, own), media::read_alpha(own)};
    if (gain) picture.rgb = framing::lit(picture.rgb, gain);
    const Box shown = shown_of(before, display);
    framing::MovablePicture moved = framing::moved(picture, to_picture, window, shown);
    result->uncovered = moved.uncovered;
    result->frame.touch.assign(window.area(), 1.0F);
    for (const auto& [pass, matte] : frame.mattes) {
        result->frame.mattes[pass] =
            *framing::moved(as_alpha(matte, picture.rgb.window), to_picture.green(), window).alpha;
    }
    FloatImage coded = moved.rgb;
    if (const color::Transform& back = shot_.from_working(shot_.source_space()); !back.is_identity()) {
        coded = converted_copy(moved.rgb, back);
    }
    result->host = media::make_replaced_frame(own, coded, moved.alpha, shown);
    result->frame.working = std::move(moved.rgb);
    return result;
}

MovedFrames FrameMover::move(const FinishedFrame& frame, const HostFrame& own) const {
    MovedFrames made;
    struct Canvas {
        std::vector<std::size_t> moves;
        Box window;
        std::shared_ptr<const MovedFrame> frame;
    };
    std::vector<Canvas> canvases;
    for (const spec::OutputSpec& output : shot_.shot().outputs) {
        const std::vector<std::size_t>& moves = shot_.moves_of(output);
        if (moves.empty()) continue;
        const Box window = window_of(output, frame.number, own.display_window);
        auto shared = std::find_if(canvases.begin(), canvases.end(), [&](const Canvas& canvas) {
            return canvas.moves == moves && canvas.window == window;
        });
        if (shared == canvases.end())
            shared = canvases.insert(shared, {moves, window, make(frame, own, output, window)});
        made[output.name] = shared->frame;
    }
    return made;
}

}  // namespace wetgate::pipeline

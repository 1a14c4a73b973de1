#include "pipeline/mover.h"

#include <algorithm>
#include <optional>

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

}  // namespace

/// What all canvases show, made ready to be moved when the first one asks.
class FrameMover::SharedPicture {
public:
    SharedPicture(const ShotContext& shot, const FinishedFrame& frame, const HostFrame& own)
        : shot_(shot), frame_(frame), own_(own) {}

    const framing::MovablePicture& picture() {
        if (!picture_) {
            picture_ = framing::MovablePicture{working_of(shot_, frame_, own_), media::read_alpha(own_)};
            picture_->coded = framing::coded(picture_->rgb);
        }
        return *picture_;
    }

private:
    const ShotContext& shot_;
    const FinishedFrame& frame_;
    const HostFrame& own_;
    std::optional<framing::MovablePicture> picture_;
};

std::shared_ptr<const MovedFrame> FrameMover::make(const FinishedFrame& frame, const HostFrame& own,
                                                   const spec::OutputSpec& output,
                                                   SharedPicture& shared) const {
    const framing::Canvas canvas = shot_.canvas_of(output);
    const Box display = own.display_window;
    auto result = std::make_shared<MovedFrame>();
    result->frame.number = frame.number;
    result->frame.source = frame.source;
    result->frame.passes = frame.passes;

    // Canvases from the picture on; a place goes the other way, from the last canvas back to the picture.
    framing::Canvas before{display.width(), display.height()};
    framing::Warp to_picture;
    for (const std::size_t index : shot_.moves_of(output)) {
        const auto found = std::find_if(moves_.begin(), moves_.end(),
                                        [&](const ShotMove& move) { return move.index == index; });
        if (found == moves_.end()) throw Error(ErrorKind::Internal, "a move of the output is not made");
        const passes::Move move = found->pass->move(frame.number, before);
        framing::Warp whole = move.to_before;
        whole.then(to_picture);
        to_picture = std::move(whole);
        before = found->pass->canvas(before);
        PassFacts facts;
        facts.index = index;
        facts.pass = found->name;
        facts.fraction = 1;
        facts.bounds = {0, 0, before.width, before.height};
        facts.facts = move.facts;
        result->frame.passes.push_back(std::move(facts));
    }

    const framing::MovablePicture& picture = shared.picture();
    // A canvas of the picture's own size stays where it was.
    const bool same_size = canvas == framing::Canvas{display.width(), display.height()};
    const Box window = same_size ? display : Box{0, 0, canvas.width, canvas.height};
    framing::MovablePicture moved = framing::moved(picture, to_picture, window);
    result->uncovered = moved.uncovered;
    result->frame.touch.assign(window.area(), 1.0F);
    for (const auto& [pass, matte] : frame.mattes) {
        result->frame.mattes[pass] =
            *framing::moved(as_alpha(matte, picture.rgb.window), to_picture, window).alpha;
    }
    FloatImage coded = moved.rgb;
    if (const color::Transform& back = shot_.from_working(shot_.source_space()); !back.is_identity()) {
        coded = converted_copy(moved.rgb, back);
    }
    result->host = media::make_replaced_frame(own, coded, moved.alpha, window);
    result->frame.working = std::move(moved.rgb);
    return result;
}

MovedFrames FrameMover::move(const FinishedFrame& frame, const HostFrame& own) const {
    MovedFrames made;
    SharedPicture picture(shot_, frame, own);
    std::map<std::vector<std::size_t>, std::shared_ptr<const MovedFrame>> by_moves;
    for (const spec::OutputSpec& output : shot_.shot().outputs) {
        const std::vector<std::size_t>& moves = shot_.moves_of(output);
        if (moves.empty()) continue;
        std::shared_ptr<const MovedFrame>& shared = by_moves[moves];
        if (!shared) shared = make(frame, own, output, picture);
        made[output.name] = shared;
    }
    return made;
}

}  // namespace wetgate::pipeline

#include "pipeline/mover.h"

#include <algorithm>
#include <optional>

#include "core/error.h"
#include "framing/fill.h"
#include "framing/resample.h"
#include "media/worked.h"
#include "passes/artefact_reader.h"

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

/// A neighbour's whole picture.
framing::MovablePicture picture_of(const ShotContext& shot, const NeighbourFrame& neighbour) {
    const HostFrame& host = *neighbour.source->host;
    return {neighbour.working, shot.scale() == 1 ? media::read_alpha(host)
                                                 : media::read_alpha(media::make_enlarged_frame(
                                                       host, neighbour.working, shot.scale()))};
}

/// Fills what `moved` does not cover from the neighbours that a move names, and says so in its facts.
void fill(const ShotContext& shot, const FinishedFrame& frame,
          const std::vector<passes::MoveNeighbour>& wanted, const framing::MovablePicture& own,
          const framing::Warp& to_own, framing::MovablePicture& moved, nlohmann::json& facts) {
    std::vector<framing::FillNeighbour> neighbours;
    for (const passes::MoveNeighbour& one : wanted) {
        const auto found = std::find_if(frame.neighbours.begin(), frame.neighbours.end(),
                                        [&](const auto& other) { return other->number == one.frame; });
        if (found == frame.neighbours.end()) continue;  // it could not be read
        neighbours.push_back(
            {one.frame, one.to_it, [&shot, &other = **found] { return picture_of(shot, other); }});
    }
    const framing::FillCount count = framing::fill_uncovered(moved, own, to_own, neighbours);
    moved.uncovered = count.synthesised;
    const double share =
        static_cast<double>(count.synthesised) / static_cast<double>(count.copied + count.synthesised);
    facts["filled_px"] = count.copied + count.synthesised;
    facts["copied"] = passes::rounded(1 - share);
    facts["synthesised"] = passes::rounded(share);
    facts["from"] = count.from;
}

/// What an output shows of a frame that its moves leave where it is: the bits of the conformed frame, laid
/// out as the frames beside it that are moved are. Its data covers `window`.
void show_unmoved(const ShotContext& shot, const FinishedFrame& frame, const HostFrame& own,
                  const Box& window, MovedFrame& result) {
    const auto on_canvas = [&](framing::MovablePicture picture) {
        return picture.rgb.window == window ? picture : framing::moved(picture, {}, window);
    };
    if (frame.touched()) {
        result.frame.working = on_canvas({frame.working, {}}).rgb;
        result.frame.touch.assign(window.area(), 1.0F);
    }
    for (const auto& [pass, matte] : frame.mattes)
        result.frame.mattes[pass] = *on_canvas(as_alpha(matte, own.window())).alpha;
    result.host = own;  // a movie's packet may be copied
    if (shot.info().kind != media::MediaKind::Exr) return;
    const framing::MovablePicture shown = on_canvas({media::read_worked(own), media::read_alpha(own)});
    result.host = media::make_replaced_frame(own, shown.rgb, shown.alpha, window);
}

/// What is displayed of a canvas. One of the picture's own size stays where that was.
Box shown_of(framing::Canvas canvas, const Box& display) {
    const bool same_size = canvas == framing::Canvas{display.width(), display.height()};
    return same_size ? display : Box{0, 0, canvas.width, canvas.height};
}

}  // namespace

/// What all canvases show, made ready to be moved when the first one asks.
class FrameMover::SharedPicture {
public:
    SharedPicture(const ShotContext& shot, const FinishedFrame& frame, const HostFrame& own)
        : shot_(shot), frame_(frame), own_(own) {}

    const framing::MovablePicture& picture() {
        if (!picture_)
            picture_ = framing::MovablePicture{working_of(shot_, frame_, own_), media::read_alpha(own_)};
        return *picture_;
    }
    /// The same, coded once for all that are not lit.
    const framing::MovablePicture& coded_picture() {
        picture();
        if (!picture_->coded) picture_->coded = framing::coded(picture_->rgb);
        return *picture_;
    }

private:
    const ShotContext& shot_;
    const FinishedFrame& frame_;
    const HostFrame& own_;
    std::optional<framing::MovablePicture> picture_;
};

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
                                                   const spec::OutputSpec& output, const Box& window,
                                                   SharedPicture& shared) const {
    const Box display = own.display_window;
    auto result = std::make_shared<MovedFrame>();
    result->frame.number = frame.number;
    result->frame.source = frame.source;
    result->frame.passes = frame.passes;

    // Canvases from the picture on; a place goes the other way, from the last canvas back to the picture.
    framing::Canvas before{display.width(), display.height()};
    framing::ColourWarp to_picture;
    framing::Gain gain;
    std::optional<std::vector<passes::MoveNeighbour>> fills_from;
    std::size_t filler = 0;
    for (const std::size_t index : shot_.moves_of(output)) {
        const passes::MovingPass& mover = pass(index);
        const passes::Move move = mover.move(frame.number, before);
        framing::ColourWarp whole = move.way();
        const framing::Canvas after = mover.canvas(before);
        PassFacts facts;
        facts.index = index;
        facts.pass = shot_.shot().passes[index].name;
        facts.fraction = whole.is_identity() && !move.gain && after == before ? 0 : 1;
        facts.bounds = {0, 0, after.width, after.height};
        facts.facts = move.facts;
        whole.then(to_picture);
        to_picture = std::move(whole);
        if (move.gain) gain = move.gain;  // of the first move, see MovingPass::changes_light
        if (auto neighbours = mover.fill_from(frame.number)) {
            fills_from = std::move(neighbours);
            filler = result->frame.passes.size();
        }
        result->frame.passes.push_back(std::move(facts));
        before = after;
    }

    const Box shown = shown_of(before, display);
    if (shown == display && to_picture.is_identity() && !gain &&
        intersection(own.window(), window) == window) {
        show_unmoved(shot_, frame, own, window, *result);
        return result;
    }

    std::optional<framing::MovablePicture> lit;
    if (gain) {
        const framing::MovablePicture& plate = shared.picture();
        lit = framing::MovablePicture{framing::lit(plate.rgb, gain), plate.alpha};
    }
    // A crop at whole pixels mixes nothing.
    const framing::MovablePicture& picture = lit                        ? *lit
                                             : to_picture.whole_shift() ? shared.picture()
                                                                        : shared.coded_picture();
    framing::MovablePicture moved = framing::moved(picture, to_picture, window, shown);
    result->is_filled = fills_from.has_value();
    if (fills_from && moved.uncovered > 0) {
        fill(shot_, frame, *fills_from, picture, to_picture.green(), moved,
             result->frame.passes[filler].facts);
    }
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
    SharedPicture picture(shot_, frame, own);
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
            shared = canvases.insert(shared, {moves, window, make(frame, own, output, window, picture)});
        made[output.name] = shared->frame;
    }
    return made;
}

}  // namespace wetgate::pipeline

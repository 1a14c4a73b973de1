#include "pipeline/mover.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <utility>

#include "framing/fill.h"
#include "framing/resample.h"
#include "media/worked.h"
#include "passes/artefact_reader.h"

namespace wetgate::pipeline {
namespace {

// From places of the picture to those of one enlarging_scale times as large, and back: edges lie on edges.
constexpr double enlarged = passes::enlarging_scale;
constexpr motion::Homography to_enlarged{
    {enlarged, 0, (enlarged - 1) / 2, 0, enlarged, (enlarged - 1) / 2, 0, 0, 1}};
constexpr motion::Homography from_enlarged{
    {1 / enlarged, 0, (1 / enlarged - 1) / 2, 0, 1 / enlarged, (1 / enlarged - 1) / 2, 0, 0, 1}};

/// The picture in the working space, as the passes left it.
FloatImage working_of(const ShotContext& shot, const FinishedFrame& frame, const HostFrame& own) {
    if (frame.touched()) return frame.working;
    FloatImage picture = media::read_worked(own);
    shot.to_working().apply(picture);
    return picture;
}

Box shifted(const Box& box, const std::array<int, 2>& by) {
    return {box.x0 + by[0], box.y0 + by[1], box.x1 + by[0], box.y1 + by[1]};
}

/// A neighbour's whole picture.
framing::MovablePicture picture_of(const ShotContext& shot, const NeighbourFrame& neighbour) {
    const HostFrame& host = *neighbour.source->host;
    return {neighbour.working, shot.scale() == 1 ? media::read_alpha(host)
                                                 : media::read_alpha(media::make_enlarged_frame(
                                                       host, neighbour.working, shot.scale()))};
}

/// Fills what `moved` does not cover from the neighbours that a move names; what MovedFrame::fill says.
nlohmann::json fill(const ShotContext& shot, const FinishedFrame& frame, const ComposedMove& move,
                    const framing::MovablePicture& own, framing::MovablePicture& moved) {
    std::vector<framing::FillNeighbour> neighbours;
    for (const passes::MoveNeighbour& one : move.fill->from) {
        const auto found = std::find_if(frame.neighbours.begin(), frame.neighbours.end(),
                                        [&](const auto& other) { return other->number == one.frame; });
        if (found == frame.neighbours.end()) continue;  // it could not be read
        neighbours.push_back(
            {one.frame, one.to_it, [&shot, &other = **found] { return picture_of(shot, other); }});
    }
    const framing::FillCount count = framing::fill_uncovered(moved, own, move.to_picture.green(), neighbours);
    moved.uncovered = count.synthesised;
    const std::size_t filled = count.copied + count.synthesised;
    const double share = static_cast<double>(count.synthesised) / static_cast<double>(filled);
    return {{"filled_px", filled},
            {"copied", passes::rounded(1 - share)},
            {"synthesised", passes::rounded(share)},
            {"from", count.from}};
}

/// What the moves say of the frame, as passes do.
void add_facts(const ShotContext& shot, const ComposedMove& move, FinishedFrame& frame) {
    for (const ComposedMove::Step& step : move.steps) {
        PassFacts facts;
        facts.index = step.index;
        facts.pass = shot.shot().passes[step.index].name;
        const bool stays = step.move.way().is_identity() && !step.move.gain && step.after == step.before;
        facts.fraction = stays ? 0 : 1;
        facts.bounds = {0, 0, step.after.width, step.after.height};
        facts.facts = step.move.facts;
        frame.passes.push_back(std::move(facts));
    }
}

/// Of a crop that shows the plate larger than it is: what made it so.
void say_enlarged(const nets::ModelUse* model, nlohmann::json& facts) {
    constexpr double rounding = 1e-3;
    if (model != nullptr) {
        facts["enlarged_by"] = model->name;
    } else if (facts.value("scale", 1.0) > 1 + rounding) {
        facts["enlarged_by"] = "resampling";
    }
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
        result.frame.mattes[pass] = framing::moved_plane(matte, own.window(), {}, window);
    result.host = own;  // a movie's packet may be copied
    if (shot.info().kind != media::MediaKind::Exr) return;
    const framing::MovablePicture shown = on_canvas({media::read_worked(own), media::read_alpha(own)});
    result.host = media::make_replaced_frame(own, shown.rgb, shown.alpha, window);
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

    /// What `model` made of it: twice as large.
    const framing::MovablePicture& enlarged_picture(const std::string& model) {
        framing::MovablePicture& large = large_[model];
        if (large.coded) return large;
        large.rgb = frame_.enlarged.at(model);
        const framing::MovablePicture& plate = picture();
        if (plate.alpha) {
            large.alpha = framing::moved_plane(*plate.alpha, plate.rgb.window, framing::Warp(from_enlarged),
                                               large.rgb.window);
        }
        large.coded = framing::coded(large.rgb);
        return large;
    }

    /// What the canvas of `passes` shows of `window`, where one that is made already shows all of it and no
    /// alpha goes with it.
    std::optional<framing::MovablePicture> cut_of(std::span<const std::size_t> passes, const Box& window) {
        if (picture().alpha) return std::nullopt;
        for (const auto& [canvas, made] : canvases) {
            const FloatImage& whole = made->frame.working;
            const Box shown = intersection(whole.window, made->host.display_window);
            if (std::ranges::equal(canvas.passes, passes) && !made->is_enlarged && !made->is_filled &&
                made->uncovered == 0 && intersection(shown, window) == window)
                return framing::moved({whole, {}}, {}, window);
        }
        return std::nullopt;
    }

    /// Each canvas that is made, once.
    std::vector<std::pair<Canvas, std::shared_ptr<const MovedFrame>>> canvases;

private:
    const ShotContext& shot_;
    const FinishedFrame& frame_;
    const HostFrame& own_;
    std::optional<framing::MovablePicture> picture_;
    std::map<std::string, framing::MovablePicture> large_;  // by model
};

FrameMover::Canvas FrameMover::canvas_for(const spec::OutputSpec& output, int frame,
                                          const Box& display) const {
    const std::vector<std::size_t>& passes = shot_.moves_of(output);
    const bool is_exr = output.type == spec::OutputType::Exr;
    const Box shown = shown_of(shot_.canvas_of(output), display);
    // Other files than EXR show what is displayed and no more.
    return {passes, is_exr ? move_of(moves_, passes.back()).data_window(frame, shown) : shown,
            is_exr && output.pixel == spec::PixelChoice::Float};
}

std::shared_ptr<const MovedFrame> FrameMover::make(const FinishedFrame& frame, const HostFrame& own,
                                                   const Canvas& canvas, SharedPicture& shared) const {
    const Box display = own.display_window;
    const ComposedMove move = composed_move(moves_, canvas.passes, display, frame.number);
    auto result = std::make_shared<MovedFrame>();
    result->frame.number = frame.number;
    result->frame.source = frame.source;
    result->frame.passes = frame.passes;
    add_facts(shot_, move, result->frame);
    // What the canvas is made from: the picture, or what a network made of it.
    const nets::ModelUse* model = enlarging_.model_of(canvas.passes, frame.number);
    if (model != nullptr && !frame.enlarged.contains(model->name)) model = nullptr;  // it shows nothing of it
    say_enlarged(model, result->frame.passes.back().facts);
    if (model == nullptr && move.stays(display) &&
        intersection(own.window(), canvas.window) == canvas.window) {
        show_unmoved(shot_, frame, own, canvas.window, *result);
        return result;
    }

    // What only cuts a canvas is looked at there: so its bits are the same whether others show the canvas or
    // not.
    const ComposedMove::Cut cut = move.cut();
    framing::ColourWarp way = cut.to_picture;
    if (model != nullptr) way.then(framing::Warp(to_enlarged));
    const Box window = shifted(canvas.window, cut.at);
    // A crop at whole pixels mixes nothing.
    const framing::MovablePicture& source = model != nullptr    ? shared.enlarged_picture(model->name)
                                            : way.whole_shift() ? shared.picture()
                                                                : shared.coded_picture();
    const auto lit = [&](const framing::MovablePicture& picture, double scale) {
        const auto gain = [&](framing::Point at) {
            return move.gain({(at.x + 0.5) / scale - 0.5, (at.y + 0.5) / scale - 0.5});
        };
        return framing::MovablePicture{framing::lit(picture.rgb, gain), picture.alpha};
    };
    std::optional<framing::MovablePicture> known;
    if (model == nullptr) known = shared.cut_of(std::span(canvas.passes).first(cut.steps_before), window);
    framing::MovablePicture moved =
        known
            ? *std::move(known)
            : framing::moved(move.gain ? lit(source, model != nullptr ? passes::enlarging_scale : 1) : source,
                             way, window, shifted(move.shown, cut.at));
    moved.rgb.window = canvas.window;
    result->is_enlarged = model != nullptr;
    result->is_filled = move.fill.has_value();
    if (move.fill && moved.uncovered > 0) {
        // Neighbours are as large as the plate.
        const framing::MovablePicture& plate = shared.picture();
        result->fill = fill(shot_, frame, move, move.gain ? lit(plate, 1) : plate, moved);
    }
    result->uncovered = moved.uncovered;
    result->frame.touch.assign(canvas.window.area(), 1.0F);
    for (const auto& [pass, matte] : frame.mattes) {
        result->frame.mattes[pass] =
            framing::moved_plane(matte, own.window(), move.to_picture.green(), canvas.window);
    }
    FloatImage coded = moved.rgb;
    if (const color::Transform& back = shot_.from_working(shot_.source_space()); !back.is_identity()) {
        coded = converted_copy(moved.rgb, back);
    }
    result->host = media::make_replaced_frame(
        own, coded, moved.alpha, move.shown, canvas.is_float ? std::optional(SampleType::F32) : std::nullopt);
    result->frame.working = std::move(moved.rgb);
    return result;
}

MovedFrames FrameMover::move(const FinishedFrame& frame, const HostFrame& own) const {
    std::vector<const spec::OutputSpec*> outputs;
    for (const spec::OutputSpec& output : shot_.shot().outputs)
        if (shot_.is_moved(output)) outputs.push_back(&output);
    // What is cut from the canvas of others comes after them.
    std::ranges::stable_sort(outputs, {},
                             [&](const spec::OutputSpec* output) { return shot_.moves_of(*output).size(); });
    MovedFrames made;
    SharedPicture picture(shot_, frame, own);
    for (const spec::OutputSpec* output : outputs) {
        const Canvas canvas = canvas_for(*output, frame.number, own.display_window);
        auto same =
            std::ranges::find(picture.canvases, canvas, [](const auto& known) { return known.first; });
        if (same == picture.canvases.end())
            same = picture.canvases.insert(same, {canvas, make(frame, own, canvas, picture)});
        made[output->name] = same->second;
    }
    return made;
}

}  // namespace wetgate::pipeline

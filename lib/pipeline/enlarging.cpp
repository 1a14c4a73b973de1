#include "pipeline/enlarging.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "compute/transfer.h"
#include "core/read_file.h"
#include "pipeline/record.h"
#include "pipeline/shown_path.h"

namespace wetgate::pipeline {
namespace {

constexpr int margin_px = 8;  // what a resampling reads around a place, and more
constexpr int step_px = 16;   // a lens bends what is straight

/// What of the picture the canvas shows.
Box part_of(const ComposedMove& move, const Box& picture) {
    double x0 = picture.x1, y0 = picture.y1, x1 = picture.x0, y1 = picture.y0;
    const auto look = [&](int x, int y) {
        for (std::size_t c = 0; c < 3; ++c) {
            const framing::Point at = move.to_picture.of(c).at(x, y);
            if (std::isnan(at.x) || std::isnan(at.y)) continue;
            x0 = std::min(x0, at.x);
            y0 = std::min(y0, at.y);
            x1 = std::max(x1, at.x);
            y1 = std::max(y1, at.y);
        }
    };
    for (int y = move.shown.y0;; y = std::min(y + step_px, move.shown.y1 - 1)) {
        for (int x = move.shown.x0;; x = std::min(x + step_px, move.shown.x1 - 1)) {
            look(x, y);
            if (x == move.shown.x1 - 1) break;
        }
        if (y == move.shown.y1 - 1) break;
    }
    const auto within = [](double at, int first, int end) {
        return static_cast<int>(std::clamp(at, static_cast<double>(first), static_cast<double>(end)));
    };
    return {within(std::floor(x0) - margin_px, picture.x0, picture.x1),
            within(std::floor(y0) - margin_px, picture.y0, picture.y1),
            within(std::ceil(x1) + margin_px + 1, picture.x0, picture.x1),
            within(std::ceil(y1) + margin_px + 1, picture.y0, picture.y1)};
}

}  // namespace

PlannedEnlarging planned_enlarging(const ShotContext& shot, const spec::OutputSpec& output) {
    PlannedEnlarging planned;
    if (!shot.is_moved(output)) return planned;
    framing::Canvas canvas{shot.info().display_window.width() * shot.scale(),
                           shot.info().display_window.height() * shot.scale()};
    for (const std::size_t index : shot.moves_of(output)) {
        const spec::PassSpec& spec = shot.shot().passes[index];
        // One that is not there yet may be another job's to make.
        const bool is_given = !spec.artefact.empty() && entry_at(spec.artefact) == Entry::File;
        const nlohmann::json given = is_given ? read_artefact(spec.artefact) : nlohmann::json();
        const auto pass = passes::find_pass(spec.name).make(shot.pass_context(index, given));
        const auto& move = dynamic_cast<const passes::MovingPass&>(*pass);
        planned.scale *= move.most_scale(canvas);
        planned.model = move.enlarging_model();
        canvas = move.canvas(canvas);
    }
    if (planned.scale < least_enlarged_scale) planned.model.reset();
    return planned;
}

Enlarging::Enlarging(const ShotContext& shot, std::vector<ShotMove> moves)
    : shot_(shot), moves_(std::move(moves)) {
    for (const ShownCanvas& canvas : canvases_of(shot)) {
        if (canvas.moves.empty()) continue;
        const passes::MovingPass& last = move_of(moves_, canvas.moves.back());
        const auto model = last.enlarging_model();
        if (!model) continue;
        EnlargedCanvas enlarged{canvas.moves, *model, {}, {}};
        for (const int frame : frames_of(shot.delivered_range())) {
            if (enlarged.frames.contains(frame)) continue;
            const double scale = shown_on(shot, moves_, canvas, frame).zoom / shot.scale();
            if (!(scale >= least_enlarged_scale)) continue;  // or NaN
            const FrameRange scene = last.scene_of(frame);
            for (const int other : frames_of(shot.delivered_range()))
                if (scene.contains(other)) enlarged.frames.insert(other);
        }
        if (enlarged.frames.empty()) continue;
        enlarged.sha256 = shot.models().card(*model).sha256;
        canvases_.push_back(std::move(enlarged));
    }
}

const nets::ModelUse* Enlarging::model_of(const std::vector<std::size_t>& passes, int frame) const {
    for (const EnlargedCanvas& canvas : canvases_)
        if (canvas.passes == passes && canvas.frames.contains(frame)) return &canvas.model;
    return nullptr;
}

nlohmann::json Enlarging::identity(int frame) const {
    nlohmann::json used = nlohmann::json::array();
    for (const EnlargedCanvas& canvas : canvases_)
        if (canvas.frames.contains(frame))
            used.push_back({{"passes", canvas.passes}, {"model", canvas.sha256}});
    return used;
}

const passes::NetworkEnlarger& Enlarging::network(const EnlargedCanvas& canvas) {
    auto found = networks_.find(canvas.model.name);
    if (found == networks_.end()) {
        const passes::PassContext context = shot_.pass_context(canvas.passes.back(), nullptr);
        // At the plate's own exposure: a path that is given has no other, and all shards have this one.
        const passes::Coding coding(passes::coding_kind("auto", context), 0, context);
        found = networks_.try_emplace(canvas.model.name, coding, shot_.models().load(canvas.model)).first;
    }
    return found->second;
}

std::map<std::string, FloatImage> Enlarging::made(int frame, const compute::DeviceFrame& picture) {
    const Box display = times(shot_.info().display_window, shot_.scale());
    struct Part {
        const EnlargedCanvas* canvas;
        Box box;
    };
    std::map<std::string, Part> parts;  // by model, of all that it is for
    for (const EnlargedCanvas& canvas : canvases_) {
        if (!canvas.frames.contains(frame)) continue;
        const Box box = part_of(composed_move(moves_, canvas.passes, display, frame), picture.window);
        if (box.empty()) continue;
        const auto [part, is_first] = parts.try_emplace(canvas.model.name, Part{&canvas, box});
        Box& all = part->second.box;
        if (!is_first) {
            all = {std::min(all.x0, box.x0), std::min(all.y0, box.y0), std::max(all.x1, box.x1),
                   std::max(all.y1, box.y1)};
        }
    }
    std::map<std::string, FloatImage> large;
    for (const auto& [model, part] : parts) {
        const Box& from = picture.window;
        const Box in_picture{part.box.x0 - from.x0, part.box.y0 - from.y0, part.box.x1 - from.x0,
                             part.box.y1 - from.y0};
        compute::DeviceFrame made;
        made.window = times(part.box, passes::enlarging_scale);
        made.pixels = network(*part.canvas).part(picture.pixels, in_picture);
        large[model] = compute::download(made);
    }
    return large;
}

}  // namespace wetgate::pipeline

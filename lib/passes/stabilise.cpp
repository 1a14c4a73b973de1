#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "framing/camera_path.h"
#include "framing/view_links.h"
#include "framing/view_step.h"
#include "passes/artefact_reader.h"
#include "passes/move.h"
#include "passes/remove_guide.h"
#include "passes/scenes.h"

// Takes the shake out of a shot: how the picture moves from frame to frame is followed, a steady path laid
// through it, and each frame shown from where it should have been seen.

namespace wetgate::passes {
namespace {

using nlohmann::json;

constexpr const char* artefact_schema = "wetgate.stabilise/1";
constexpr const char* name = "stabilise";
constexpr std::int64_t guide_side_px = 1280;
constexpr std::size_t most_frames = 1'000'000;

framing::PathMode mode_of(const std::string& word) {
    if (word == "bump") return framing::PathMode::Bump;
    return word == "lock" ? framing::PathMode::Lock : framing::PathMode::Smooth;
}

/// Where the measured picture lies.
json to_json(const Box& box) {
    return {box.x0, box.y0, box.x1, box.y1};
}

Box box_of(const ArtefactReader& list) {
    if (list.size(4) != 4) list.refuse("must be four numbers: x0, y0, x1, y1");
    const Box box{list.item(0).integer(), list.item(1).integer(), list.item(2).integer(),
                  list.item(3).integer()};
    if (box.empty()) list.refuse("must not be empty");
    return box;
}

motion::Homography shift(double x, double y) {
    return {{1, 0, x, 0, 1, y, 0, 0, 1}};
}

/// Of a map in pixels of a guide, each `unit_px` of the plate.
json to_json(const framing::Similarity& map, double unit_px) {
    return {{"a", map.a}, {"b", map.b}, {"dx", map.dx * unit_px}, {"dy", map.dy * unit_px}};
}

json to_json(const framing::RowStep& step) {
    json written = to_json(step.map, 1);
    written["rows"] = {step.row_x, step.row_y};
    return written;
}

framing::Similarity similarity_of(const ArtefactReader& map) {
    return {map.member("a").number(-100, 100), map.member("b").number(-100, 100),
            map.member("dx").number(-1e6, 1e6), map.member("dy").number(-1e6, 1e6)};
}

/// Of a step in pixels of a guide. About the middle: the guide's lies at most half a square beside the
/// plate's, which a step does not feel.
json to_json(const framing::ViewStep& step, double unit_px) {
    json written = to_json(step.map, unit_px);
    written["rows"] = to_json(step.rows.map, unit_px);
    written["rows"]["row_x"] = step.rows.row_x;
    written["rows"]["row_y"] = step.rows.row_y;
    written["points"] = step.points;
    written["agreeing"] = step.agreeing;
    written["residual_px"] = rounded(step.residual_px * unit_px);
    if (!step.is_known()) written["problem"] = motion::name_of(step.problem);
    return written;
}

framing::ViewStep step_of(const ArtefactReader& found) {
    framing::ViewStep step;
    step.problem = motion::TrackProblem::FewMatches;
    if (found.has("problem")) return step;
    step.problem = motion::TrackProblem::None;
    step.map = similarity_of(found);
    const ArtefactReader rows = found.member("rows");
    step.rows = {similarity_of(rows), rows.member("row_x").number(-10, 10),
                 rows.member("row_y").number(-10, 10)};
    step.points = found.member("points").integer(0);
    step.agreeing = found.member("agreeing").integer(0);
    step.residual_px = found.member("residual_px").number(0, 1e6);
    return step;
}

class StabiliseAnalysis final : public ShotAnalysis {
public:
    explicit StabiliseAnalysis(const PassContext& context) {
        options_.mode = mode_of(context.params.text("mode"));
        options_.most_zoom = context.params.number("max_zoom");
        options_.longest_jolt = context.params.integer("longest_jolt");
        options_.least_jolt_px = context.params.number("least_jolt_px");
        options_.fills_edges = context.params.text("edges") != "crop";
        keeps_steps_ = context.params.text("edges") == "fill";
        options_.sees_rows = context.params.boolean("rolling_shutter");
    }

    PassReach reach() const override { return {is_lock() ? framing::farthest_link : links_back, 0}; }

    json measure(const FrameWindow& window) const override {
        json facts = json::object();
        add_links(facts, window);
        const compute::DeviceFrame& frame = window[0];
        if (frame.pixels.numel() == 0) return facts;
        facts["window"] = to_json(frame.window);
        if (!window.is_real(-1)) return facts;
        const remove::Guide now = remove::guide_of(frame.pixels, guide_side_px);
        const auto step_from = [&](int back) {
            return to_json(framing::view_step(remove::guide_of(window[-back].pixels, guide_side_px).picture,
                                              now.picture),
                           now.unit_px);
        };
        facts["step"] = step_from(1);
        if (!is_lock()) return facts;
        int back = framing::link_distances(frame.number).back();
        while (back > 1 && !window.is_real(-back)) --back;  // the shot's first frame, where it begins later
        if (back == 1) return facts;
        facts["far_step"] = step_from(back);
        facts["far_step"]["back"] = back;
        return facts;
    }

    json solve(std::span<const json> all_frames, int first_frame) const override {
        std::vector<framing::ViewStep> steps;
        std::map<std::size_t, framing::ViewLink> far_links;  // by frame
        Box window;
        for (std::size_t i = 0; i < all_frames.size(); ++i) {
            framing::ViewStep& step = steps.emplace_back();
            step.problem = motion::TrackProblem::FewMatches;
            if (!all_frames[i].is_object() || !all_frames[i].contains("window")) continue;
            const ArtefactReader facts(
                name, all_frames[i],
                fmt::format("the measurement of frame {}", first_frame + static_cast<int>(i)));
            if (window.empty()) window = box_of(facts.member("window"));
            if (facts.has("step")) step = step_of(facts.member("step"));
            if (facts.has("far_step")) {
                const ArtefactReader far = facts.member("far_step");
                far_links[i] = {far.member("back").integer(1, framing::farthest_link), step_of(far)};
            }
        }
        json artefact = {
            {"schema", artefact_schema},
            {"about",
             "views: what each frame shows of the plate: dx, dy (px) from its middle, rotation "
             "(degrees, clockwise), scale; all of a scene enlarged by its zoom; rows: how far they slide "
             "(rolling shutter), px a px below the middle; readout: of the shutter, in frames"},
            {"first_frame", first_frame},
            {"window", to_json(window)},
            {"scenes", json::array()},
            {"views", json::array()}};
        if (window.empty()) return artefact;
        std::vector<std::size_t> cuts;
        for (const json& cut : followed_cuts(all_frames, steps, first_frame))
            cuts.push_back(static_cast<std::size_t>(cut.get<int>() - first_frame));
        if (is_lock()) join(steps, far_links, cuts, window);
        const framing::CameraPath path =
            framing::solved_path(steps, cuts, window.width(), window.height(), options_);
        artefact["readout"] = rounded(path.readout.frames);
        for (const framing::ScenePath& scene : path.scenes) {
            artefact["scenes"].push_back({{"first_frame", first_frame + static_cast<int>(scene.first)},
                                          {"zoom", rounded(scene.zoom)},
                                          {"locked", scene.is_locked}});
        }
        for (std::size_t i = 0; i < path.views.size(); ++i) {
            const framing::FrameView& view = path.views[i];
            artefact["views"].push_back({{"frame", first_frame + static_cast<int>(i)},
                                         {"dx", rounded(view.dx_px)},
                                         {"dy", rounded(view.dy_px)},
                                         {"rotation", rounded(view.rotation_deg)},
                                         {"scale", rounded(view.scale)},
                                         {"rows", {view.row_x, view.row_y}},
                                         {"why", framing::name_of(view.reason)}});
            const bool is_joined = i > 0 && !std::binary_search(cuts.begin(), cuts.end(), i);
            if (keeps_steps_ && is_joined && steps[i].is_known())
                artefact["views"].back()["step"] = to_json(steps[i].rows);
        }
        if (keeps_steps_) {
            artefact["about"] = artefact["about"].get<std::string>() +
                                "; step: how the picture came here from the frame before, where the edges "
                                "are filled along";
        }
        return artefact;
    }

private:
    bool is_lock() const { return options_.mode == framing::PathMode::Lock; }

    /// Steps that agree best with those from farther away, so that a fixed view does not drift.
    static void join(std::vector<framing::ViewStep>& steps,
                     const std::map<std::size_t, framing::ViewLink>& far_links,
                     std::span<const std::size_t> cuts, const Box& window) {
        std::vector<std::vector<framing::ViewLink>> links(steps.size());
        for (std::size_t i = 1; i < steps.size(); ++i) {
            links[i].push_back({1, steps[i]});
            const auto far = far_links.find(i);  // one from before the delivered frames leads nowhere
            if (far != far_links.end() && static_cast<std::size_t>(far->second.back) <= i)
                links[i].push_back(far->second);
        }
        steps = framing::joined_steps(links, cuts, window.width(), window.height());
    }

    /// Cuts, without those over which the picture was followed.
    static json followed_cuts(std::span<const json> all_frames, std::span<const framing::ViewStep> steps,
                              int first_frame) {
        constexpr int surely_agreeing = 50;
        constexpr double surely_share = 0.5;
        json cuts = json::array();
        for (const json& cut : solved_cuts(name, all_frames, first_frame)) {
            const framing::ViewStep& step = steps[static_cast<std::size_t>(cut.get<int>() - first_frame)];
            const bool is_followed = step.is_known() && step.agreeing >= surely_agreeing &&
                                     step.agreeing >= surely_share * step.points;
            if (!is_followed) cuts.push_back(cut);
        }
        return cuts;
    }

    framing::PathOptions options_;
    bool keeps_steps_ = false;
};

class StabilisePass final : public MovingPass {
public:
    explicit StabilisePass(const PassContext& context) {
        if (context.params.text("edges") == "fill") fill_reach_ = context.params.integer("fill_reach");
        if (context.artefact.is_null()) return;  // the planner asks for its canvas before there is one
        const ArtefactReader artefact(name, context.artefact, "the artefact");
        artefact.check_schema(artefact_schema);
        first_frame_ = artefact.member("first_frame").integer();
        const ArtefactReader views = artefact.member("views");
        const ArtefactReader scenes = artefact.member("scenes");
        if (views.size(most_frames) == 0) return;
        window_ = box_of(artefact.member("window"));
        if (scenes.size(most_frames) == 0) scenes.refuse("must name the scene of the first view");
        std::size_t scene = 0;
        for (std::size_t i = 0; i < views.size(most_frames); ++i) {
            const ArtefactReader view = views.item(i);
            const int frame = view.member("frame").integer();
            if (frame != first_frame_ + static_cast<int>(i)) view.refuse("must follow the frame before it");
            while (scene + 1 < scenes.size(most_frames) &&
                   scenes.item(scene + 1).member("first_frame").integer() <= frame)
                ++scene;
            framing::FrameView place;
            place.dx_px = view.member("dx").number(-1e6, 1e6);
            place.dy_px = view.member("dy").number(-1e6, 1e6);
            place.rotation_deg = view.member("rotation").number(-360, 360);
            place.scale = view.member("scale").number(0.01, 100);
            if (view.member("rows").size(2) != 2) view.member("rows").refuse("must be two numbers");
            place.row_x = view.member("rows").item(0).number(-10, 10);
            place.row_y = view.member("rows").item(1).number(-10, 10);
            views_.push_back({place, scenes.item(scene).member("zoom").number(0.01, 100), step_of(view)});
        }
    }

    PassReach reach() const override { return {fill_reach_, fill_reach_}; }

    std::optional<std::vector<MoveNeighbour>> fill_from(int frame) const override {
        if (fill_reach_ == 0) return std::nullopt;
        const std::size_t index = view_index(frame);
        std::vector<MoveNeighbour> neighbours;
        std::optional<motion::Homography> back = motion::Homography{}, on = motion::Homography{};
        for (int away = 1; away <= fill_reach_ && (back || on); ++away) {
            const auto distance = static_cast<std::size_t>(away);
            if (back) {
                const std::size_t left = index + 1 - distance;  // the frame whose step is gone back
                const auto step =
                    distance <= index && views_[left].step ? views_[left].step->inverse() : std::nullopt;
                back = step ? std::optional(back->then(*step)) : std::nullopt;
                if (back) neighbours.push_back({frame - away, *back});
            }
            if (on) {
                const std::size_t next = index + distance;
                on = next < views_.size() && views_[next].step ? std::optional(on->then(*views_[next].step))
                                                               : std::nullopt;
                if (on) neighbours.push_back({frame + away, *on});
            }
        }
        return neighbours;
    }

    Move move(int frame, framing::Canvas) const override {
        const View& view = views_[view_index(frame)];
        const motion::Homography map =
            framing::plate_map(view.place, view.zoom, window_.width(), window_.height());
        const double x = window_.x0;
        const double y = window_.y0;
        return {framing::Warp(shift(-x, -y).then(map).then(shift(x, y))),
                {{"dx", view.place.dx_px},
                 {"dy", view.place.dy_px},
                 {"rotation", view.place.rotation_deg},
                 {"zoom", rounded(view.zoom / view.place.scale)}}};
    }

private:
    struct View {
        framing::FrameView place;
        double zoom = 1;
        std::optional<motion::Homography> step;  ///< from places of the frame before to places of this one
    };

    std::size_t view_index(int frame) const {
        const auto index = static_cast<std::size_t>(frame - first_frame_);
        if (frame < first_frame_ || index >= views_.size())
            throw Error(ErrorKind::Usage,
                        fmt::format("stabilise: the artefact has no view of frame {}", frame));
        return index;
    }
    /// In picture coordinates.
    std::optional<motion::Homography> step_of(const ArtefactReader& view) const {
        if (fill_reach_ == 0 || !view.has("step")) return std::nullopt;
        const ArtefactReader step = view.member("step"), rows = step.member("rows");
        if (rows.size(2) != 2) rows.refuse("must be two numbers");
        const framing::Similarity map = similarity_of(step);
        const double row_x = rows.item(0).number(-10, 10), row_y = rows.item(1).number(-10, 10);
        const motion::Homography about_middle{
            {map.a, row_x - map.b, map.dx, map.b, map.a + row_y, map.dy, 0, 0, 1}};
        const double x = window_.x0, y = window_.y0;
        return shift(-x, -y)
            .then(framing::about_centre(about_middle, window_.width(), window_.height()))
            .then(shift(x, y));
    }

    int fill_reach_ = 0;  ///< frames on either side; 0: edges are not filled
    int first_frame_ = 0;
    Box window_;
    std::vector<View> views_;
};

}  // namespace

PassEntry stabilise_entry() {
    return {name, [](const PassContext& context) { return std::make_unique<StabilisePass>(context); },
            [](const PassContext& context) { return std::make_unique<StabiliseAnalysis>(context); }};
}

}  // namespace wetgate::passes

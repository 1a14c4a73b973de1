#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "core/error.h"
#include "passes/coding.h"
#include "passes/exposure.h"
#include "passes/inpaint_net.h"
#include "passes/learned.h"
#include "passes/pass.h"
#include "passes/regions.h"
#include "passes/remove_camera.h"
#include "passes/remove_fill.h"
#include "passes/remove_shape.h"
#include "passes/remove_spatial.h"
#include "passes/scenes.h"

// Takes out what a matte, or a shape drawn on a few frames, covers: what other frames show of the place is
// copied, what none shows is made up or left.

namespace wetgate::passes {
namespace {

using nlohmann::json;

constexpr const char* own_model = "inpaint";
constexpr const char* task = "inpaint";
constexpr const char* artefact_schema = "wetgate.remove/1";
constexpr double least_confidence = 0.4;  // of a tracked shape: below, a person has to look
constexpr int reference_step =
    4;  // neighbouring frames look at the same ones: a twentieth less warping error
constexpr std::int64_t least_around_px = 48;
constexpr std::int64_t most_around_px = 144;

remove::Shapes keys_of(const PassContext& context) {
    const bool has_keys = context.params.has("keys");
    if (has_keys == context.has_matte) {
        throw Error(
            ErrorKind::Usage,
            fmt::format("{}: remove needs a \"matte\" that covers what is to be taken out, or \"keys\" "
                        "that outline it on some frames, not {}",
                        context.params.pointer(), has_keys ? "both" : "neither"));
    }
    if (!has_keys) return {};
    return remove::key_shapes(context.params.values().at("keys"), context.params.pointer());
}

class RemoveAnalysis final : public ShotAnalysis {
public:
    explicit RemoveAnalysis(const PassContext& context) : keys_(keys_of(context)) {}

    PassReach reach() const override { return {links_back, 0}; }

    json measure(const FrameWindow& window) const override {
        json facts = json::object();
        add_exposure(facts, window[0].pixels);
        add_links(facts, window);
        remove::add_camera(facts, window);
        if (!keys_.empty()) remove::add_motion(facts, window);
        return facts;
    }

    json solve(std::span<const json> all_frames, int first_frame) const override {
        json artefact = {
            {"schema", artefact_schema},
            {"about",
             "camera: where each frame's pixels lie in the next, row by row; shape: the outline on "
             "each frame, which may be corrected here, or by one more key frame"},
            {"exposure_stops", solved_exposure("remove", all_frames)},
            {"cuts",
             remove::confirmed_cuts(solved_cuts("remove", all_frames, first_frame), all_frames, first_frame)},
            {"camera", remove::solved_camera(all_frames, first_frame)}};
        if (keys_.empty()) return artefact;
        const remove::Shapes shapes =
            remove::tracked(keys_, all_frames, first_frame,
                            Scenes(ArtefactReader("remove", artefact, "the artefact").member("cuts")));
        artefact["shape"] = remove::to_json(shapes);
        artefact["needs_key_frame"] = json::array();
        for (const auto& [frame, shape] : shapes) {
            if (shape.confidence < least_confidence) artefact["needs_key_frame"].push_back(frame);
        }
        return artefact;
    }

private:
    remove::Shapes keys_;
};

class RemovePass final : public FramePass {
public:
    explicit RemovePass(const PassContext& context)
        : reach_(context.params.integer("reach")),
          margin_px_(context.params.integer("margin_px")),
          leaves_unseen_(context.params.text("never_seen") == "abstain"),
          has_matte_(context.has_matte) {
        keys_of(context);
        if (context.artefact.is_null()) return;  // the planner asks for reach() before there is one
        const ArtefactReader artefact("remove", context.artefact, "the artefact");
        artefact.check_schema(artefact_schema);
        scenes_ = Scenes(artefact.member("cuts"));
        camera_ = remove::CameraTrack(artefact.member("camera"));
        if (!has_matte_) shapes_ = remove::shapes_of(artefact.member("shape"));
        coding_.emplace(coding_kind(context.params.text("coding"), context),
                        artefact.member("exposure_stops").number(-16, 16), context);
        if (leaves_unseen_ || !uses_net(context)) return;
        model_ = load_model(context, chosen_model(context, own_model, task));
        inpaint::check(*model_);
    }

    PassReach reach() const override { return {reach_, reach_}; }

    PassResult run(const FrameWindow& window) const override {
        const at::Tensor& linear = window[0].pixels;
        const at::Tensor untouched = at::zeros_like(linear.slice(0, 0, 1));
        if (linear.numel() == 0) return {linear, untouched};
        const at::Tensor matte = matte_at(window, 0);
        const at::Tensor touch = matte > 0;
        json facts = json::object();
        if (!has_matte_) add_shape_facts(facts, window[0].number);
        const std::int64_t wanted = touch.sum().item<std::int64_t>();
        if (wanted == 0) return {linear, untouched, facts};

        const at::Tensor unknown = at::isfinite(linear).all(0, true).logical_not();
        const at::Tensor hole = dilated(touch, margin_px_).logical_or(unknown);
        const Box box = around(touch);
        const auto cut = [&](const at::Tensor& planes) {
            return planes.narrow(1, box.y0, box.height()).narrow(2, box.x0, box.width());
        };
        at::Tensor coded = coding_->encode(linear);
        const remove::Copied copied =
            remove::copied(cut(coded), cut(hole), box, sources(window), margin_px_, *coding_);
        cut(coded).copy_(copied.coded);
        at::Tensor left = hole.clone();
        cut(left).copy_(cut(hole).logical_and(copied.where.logical_not()));
        const at::Tensor unseen = left.logical_and(touch);
        const double share =
            static_cast<double>(unseen.sum().item<std::int64_t>()) / static_cast<double>(wanted);
        facts["copied"] = rounded(1 - share);
        facts[leaves_unseen_ ? "left" : "synthesised"] = rounded(share);
        json& from = facts["copied_from"] = json::object();
        for (const auto& [away, part] : copied.shares)
            from[std::to_string(window[0].number + away)] = rounded(part);
        at::Tensor made = touch;
        if (leaves_unseen_) {
            made = touch.logical_and(left.logical_not());
        } else if (share > 0) {
            coded = remove::made_up(coded, left, unseen, model_.get());
        }
        const at::Tensor amount = at::where(made, has_matte_ ? at::ones_like(matte) : matte, untouched);
        return {at::where(made, coding_->decode(coded), linear), amount, facts};
    }

private:
    at::Tensor matte_at(const FrameWindow& window, int k) const {
        const at::Tensor& linear = window[k].pixels;
        if (has_matte_) return window.matte(k);
        const auto shape = shapes_.find(window[k].number);
        if (shape == shapes_.end()) return at::zeros_like(linear.slice(0, 0, 1));
        return remove::matte_of(shape->second, window[0].window).to(linear.device());
    }

    void add_shape_facts(json& facts, int frame) const {
        const auto shape = shapes_.find(frame);
        const double confidence = shape == shapes_.end() ? 0 : shape->second.confidence;
        facts["confidence"] = rounded(confidence);
        if (confidence >= least_confidence) return;
        facts["needs_key_frame"] = shape == shapes_.end() ? "no key frame of its scene leads to it"
                                                          : "the tracked outline is not sure";
    }

    /// What surrounds the hole, as far as motion and light are compared there.
    static Box around(const at::Tensor& touch) {
        const auto span = [](const at::Tensor& line) {
            const at::Tensor places = line.nonzero();
            const std::int64_t first = places[0].item<std::int64_t>();
            const std::int64_t end = places[-1].item<std::int64_t>() + 1;
            const std::int64_t margin = std::clamp((end - first) / 2, least_around_px, most_around_px);
            return std::pair{static_cast<int>(std::max<std::int64_t>(0, first - margin)),
                             static_cast<int>(std::min(line.size(0), end + margin))};
        };
        const auto [left, right] = span(touch[0].any(0));
        const auto [top, bottom] = span(touch[0].any(1));
        return {left, top, right, bottom};
    }

    std::vector<remove::Source> sources(const FrameWindow& window) const {
        const Box& data = window[0].window;
        std::vector<remove::Source> all;
        for (int away = 1; away <= reach_; ++away) {
            for (const int k : {-away, away}) {
                if (!scenes_.reaches(window, k)) continue;
                const auto way = camera_.way(window[0].number, window[k].number, data.x0, data.y0);
                if (way)
                    all.push_back({k, window[k].number % reference_step == 0, window[k].pixels,
                                   matte_at(window, k), *way});
            }
        }
        return all;
    }

    int reach_;
    int margin_px_;
    bool leaves_unseen_;
    bool has_matte_;
    remove::Shapes shapes_;
    remove::CameraTrack camera_;
    Scenes scenes_;
    std::optional<Coding> coding_;
    std::shared_ptr<const nets::LoadedModel> model_;
};

std::optional<nets::ModelUse> model_use(const PassContext& context) {
    if (context.params.text("never_seen") == "abstain") return std::nullopt;
    return model_of_engine(context, own_model, task);
}

}  // namespace

PassEntry remove_entry() {
    return {"remove",
            [](const PassContext& context) { return std::make_unique<RemovePass>(context); },
            [](const PassContext& context) { return std::make_unique<RemoveAnalysis>(context); },
            model_use,
            /*working_planes=*/100,
            /*neighbour_mattes=*/true};
}

}  // namespace wetgate::passes

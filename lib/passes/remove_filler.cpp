#include "passes/remove_filler.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

#include "passes/exposure.h"
#include "passes/inpaint_net.h"
#include "passes/learned.h"
#include "passes/regions.h"
#include "passes/remove_spatial.h"

namespace wetgate::passes::remove {
namespace {

using nlohmann::json;

constexpr const char* own_model = "inpaint";
constexpr const char* task = "inpaint";
constexpr int reference_step =
    4;  // neighbouring frames look at the same ones: a twentieth less warping error
constexpr std::int64_t least_around_px = 48;
constexpr std::int64_t most_around_px = 144;

std::string schema_of(const std::string& pass) {
    return "wetgate." + pass + "/1";
}

/// What surrounds the hole, as far as motion and light are compared there.
Box around(const at::Tensor& touch) {
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

}  // namespace

json measured_surroundings(const FrameWindow& window, const GrainSurvey* survey) {
    json facts = json::object();
    add_exposure(facts, window[0].pixels);
    add_links(facts, window);
    LeftOut left_out;
    if (window.matte().defined()) left_out = [&](int k) { return window.matte(k); };
    add_camera(facts, window, left_out);
    if (survey != nullptr && is_sampled(window)) {
        facts["grain"] = survey->measured(window[0].pixels, before_of(window),
                                          left_out ? window.matte() == 0 : at::Tensor());
    }
    return facts;
}

json solved_surroundings(const std::string& pass, std::span<const json> all_frames, int first_frame) {
    json artefact = {
        {"schema", schema_of(pass)},
        {"exposure_stops", solved_exposure(pass, all_frames)},
        {"cuts", confirmed_cuts(solved_cuts(pass, all_frames, first_frame), all_frames, first_frame)},
        {"camera", solved_camera(all_frames, first_frame)}};
    const bool has_grain = std::any_of(all_frames.begin(), all_frames.end(), [](const json& facts) {
        return facts.is_object() && facts.contains("grain");
    });
    if (has_grain) artefact["grain"] = GrainSurvey::solved(pass, all_frames, first_frame, "grain");
    return artefact;
}

Filler::Filler(const std::string& pass, const PassContext& context)
    : reach_(context.params.integer("reach")),
      margin_px_(context.params.integer("margin_px")),
      leaves_unseen_(context.params.text("never_seen") == "abstain"),
      grain_amount_(context.params.number("grain")) {
    if (context.artefact.is_null()) return;  // the planner asks for reach() before there is one
    const ArtefactReader artefact(pass, context.artefact, "the artefact");
    artefact.check_schema(schema_of(pass).c_str());
    scenes_ = Scenes(artefact.member("cuts"));
    camera_ = CameraTrack(artefact.member("camera"));
    coding_.emplace(coding_kind(context.params.text("coding"), context),
                    artefact.member("exposure_stops").number(-16, 16), context);
    if (artefact.has("grain")) grain_.emplace(artefact.member("grain"), context);
    if (leaves_unseen_ || !uses_net(context)) return;
    model_ = load_model(context, chosen_model(context, own_model, task));
    inpaint::check(*model_);
}

PassResult Filler::filled(const FrameWindow& window, const std::function<at::Tensor(int)>& matte_at,
                          Edge edge) const {
    const at::Tensor& linear = window[0].pixels;
    const at::Tensor untouched = at::zeros_like(linear.slice(0, 0, 1));
    if (linear.numel() == 0) return {linear, untouched};
    const at::Tensor matte = matte_at(0);
    const at::Tensor touch = matte > 0;
    const std::int64_t wanted = touch.sum().item<std::int64_t>();
    if (wanted == 0) return {linear, untouched};

    json facts = json::object();
    const at::Tensor unknown = at::isfinite(linear).all(0, true).logical_not();
    const at::Tensor hole = dilated(touch, margin_px_).logical_or(unknown);
    const Box box = around(touch);
    const auto cut = [&](const at::Tensor& planes) {
        return planes.narrow(1, box.y0, box.height()).narrow(2, box.x0, box.width());
    };
    at::Tensor coded = coding_->encode(linear);
    const Copied from_others =
        copied(cut(coded), cut(hole), box, sources(window, matte_at), margin_px_, *coding_);
    cut(coded).copy_(from_others.coded);
    at::Tensor left = hole.clone();
    cut(left).copy_(cut(hole).logical_and(from_others.where.logical_not()));
    const at::Tensor unseen = left.logical_and(touch);
    const double share = static_cast<double>(unseen.sum().item<std::int64_t>()) / static_cast<double>(wanted);
    facts["copied"] = rounded(1 - share);
    facts[leaves_unseen_ ? "left" : "synthesised"] = rounded(share);
    json& from = facts["copied_from"] = json::object();
    for (const auto& [away, part] : from_others.shares)
        from[std::to_string(window[0].number + away)] = rounded(part);
    at::Tensor made = touch;
    if (leaves_unseen_) {
        made = touch.logical_and(left.logical_not());
    } else if (share > 0) {
        coded = made_up(coded, left, unseen, model_.get());
    }
    const at::Tensor amount = at::where(made, edge == Edge::Hard ? at::ones_like(matte) : matte, untouched);
    at::Tensor filled = at::where(made, coding_->decode(coded), linear);
    // What was copied brought its own.
    if (grain_ && !leaves_unseen_)
        filled = grain_->added(filled, unseen, window[0].window, window.seed(), grain_amount_);
    return {filled, amount, facts};
}

std::vector<Source> Filler::sources(const FrameWindow& window,
                                    const std::function<at::Tensor(int)>& matte_at) const {
    const Box& data = window[0].window;
    std::vector<Source> all;
    for (int away = 1; away <= reach_; ++away) {
        for (const int k : {-away, away}) {
            if (!scenes_.reaches(window, k)) continue;
            const auto way = camera_.way(window[0].number, window[k].number, data.x0, data.y0);
            if (!way) continue;
            const bool is_reference = window[k].number % reference_step == 0;
            all.push_back({k, is_reference, window[k].pixels, matte_at(k), *way});
        }
    }
    return all;
}

std::optional<nets::ModelUse> model_of_filler(const PassContext& context) {
    if (context.params.text("never_seen") == "abstain") return std::nullopt;
    return model_of_engine(context, own_model, task);
}

}  // namespace wetgate::passes::remove

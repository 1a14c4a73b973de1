#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "compute/transfer.h"
#include "core/error.h"
#include "framing/fdl.h"
#include "framing/look.h"
#include "framing/reframe_path.h"
#include "framing/subjects.h"
#include "passes/artefact_reader.h"
#include "passes/enlarge.h"
#include "passes/guided.h"
#include "passes/learned.h"
#include "passes/move.h"
#include "passes/scenes.h"

// Another crop of the shot: what an operator would keep is found on each frame, a path of the crop laid
// through it that rests where it can, and each output shown what lies under its crop.

namespace wetgate::passes {
namespace {

using nlohmann::json;

constexpr const char* name = "reframe";
constexpr const char* artefact_schema = "wetgate.reframe/1";
constexpr int evidence_side_px = 480;
constexpr const char* face_network = "yunet/yunet_n_320_320.onnx";
constexpr const char* face_network_sha256 =
    "81dbde155e982455488235acb8ec2dec5d647edf7cf7080d33e4abb69b93a0d2";

[[noreturn]] void refuse(const PassContext& context, const std::string& what) {
    throw Error(ErrorKind::Usage, fmt::format("{}: {}", context.params.pointer(), what));
}

/// "9:16", "2.39:1", "1.85".
std::array<double, 2> sides_of(const PassContext& context) {
    const std::string text = context.params.text("aspect");
    const std::size_t colon = text.find(':');
    std::array<double, 2> sides{0, 1};
    const std::array<std::string, 2> words{text.substr(0, colon),
                                           colon == std::string::npos ? "1" : text.substr(colon + 1)};
    for (std::size_t i = 0; i < 2; ++i) {
        const char* end = words[i].data() + words[i].size();
        const auto [stop, problem] = std::from_chars(words[i].data(), end, sides[i]);
        if (problem != std::errc() || stop != end || !(sides[i] >= 0.01) || sides[i] > 100000)
            refuse(context, "\"aspect\" is width to height: \"9:16\", \"1:1\", \"2.39:1\"");
    }
    return sides;
}

framing::ReframeOptions options_of(const PassContext& context) {
    const std::array<double, 2> sides = sides_of(context);
    framing::ReframeOptions options;
    options.aspect = sides[0] / sides[1];
    options.pixel_aspect = context.pixel_aspect;
    options.closer = context.params.number("closer");
    options.rate = context.rate;
    options.limits = {context.params.number("max_velocity"), context.params.number("max_acceleration"),
                      context.params.number("dead_zone")};
    options.headroom = context.params.number("headroom");
    options.lead_room_s = context.params.number("lead_room_s");
    const std::string policy = context.params.text("policy");  // one of the schema's three
    options.policy = policy == "larger"    ? framing::Policy::Larger
                     : policy == "speaker" ? framing::Policy::Speaker
                                           : framing::Policy::Weight;
    return options;
}

/// Targets, in shares of the picture.
std::vector<framing::Target> targets_of(const PassContext& context) {
    std::vector<framing::Target> targets;
    if (!context.params.has("targets")) return targets;
    const double width = context.display.width();
    const double height = context.display.height();
    for (const json& target : context.params.values().at("targets")) {
        const auto box = target.at("box").get<std::vector<double>>();
        if (box[0] >= box[2] || box[1] >= box[3])
            refuse(context,
                   "a target's \"box\" is x0, y0, x1, y1 in pixels, from its upper left to its lower right");
        targets.push_back({target.at("frame").get<int>(),
                           {box[0] / width, box[1] / height, box[2] / width, box[3] / height}});
    }
    return targets;
}

/// The picture as a display shows it, its middle grey where it should be, at the size that subjects are found
/// at.
framing::ColorPicture shown(const at::Tensor& linear) {  // [3,H,W] float32, working linear
    const std::int64_t side = shrinking_side(linear.size(1), linear.size(2), 2 * evidence_side_px);
    at::Tensor small = at::where(at::isfinite(linear), linear, at::zeros({}, linear.options())).clamp_min(0);
    if (side > 1) small = at::avg_pool2d(small.unsqueeze(0), {side, side}).squeeze(0);
    const at::Tensor luminance = small[0] * 0.2126 + small[1] * 0.7152 + small[2] * 0.0722;
    const double middle = luminance.flatten().median().item<double>();
    const double gain = middle > 0 ? std::clamp(0.18 / middle, 0.25, 8.0) : 1.0;
    small = (small * gain).clamp(0, 1);
    const at::Tensor coded = at::where(small <= 0.0031308, small * 12.92, 1.055 * small.pow(1 / 2.4) - 0.055);
    const at::Tensor bytes =
        (coded * 255).round().to(at::kByte).flip(0).permute({1, 2, 0}).to(at::kCPU).contiguous();
    const auto* first = bytes.data_ptr<std::uint8_t>();
    return framing::fitted({static_cast<int>(bytes.size(1)), static_cast<int>(bytes.size(0)),
                            std::vector<std::uint8_t>(first, first + bytes.numel())},
                           evidence_side_px);
}

/// What enlarges a push-in: the job's network or wetgate's own; nullopt: none, or none that there is and that
/// may run on the show.
std::optional<nets::ModelUse> enlarging_of(const PassContext& context) {
    const std::string by = context.params.text("enlarge");
    if (by == "resample") return std::nullopt;
    nets::ModelUse use = chosen_model(context, enlarging_model, enlarging_task);
    if (context.models == nullptr) return use;
    try {
        context.models->card(use);
    } catch (const Error& error) {
        if (by == "network" || !context.model.empty() || error.kind() != ErrorKind::Model) throw;
        return std::nullopt;
    }
    return use;
}

/// Of framing::LeftOut or framing::Kept.
template <class One>
json list_json(const std::vector<One>& ones) {
    json list = json::array();
    for (const One& one : ones) {
        list.push_back(
            {{"subject", one.subject}, {"first", one.first}, {"last", one.last}, {"reason", one.reason}});
    }
    return list;
}

class ReframeAnalysis final : public ShotAnalysis {
public:
    explicit ReframeAnalysis(const PassContext& context)
        : options_(options_of(context)),
          targets_(targets_of(context)),
          display_(context.display),
          models_(context.params.boolean("faces") ? context.models : nullptr) {}

    PassReach reach() const override { return {links_back, 0}; }

    json measure(const FrameWindow& window) const override {
        json facts = json::object();
        add_links(facts, window);
        if (window[0].pixels.numel() == 0) return facts;
        // What is found are shares of the display window, as the crop is.
        const framing::ColorPicture picture = shown(compute::cut_to(window[0], display_).pixels);
        std::optional<framing::ColorPicture> before;
        if (window.is_real(-1)) before = shown(compute::cut_to(window[-1], display_).pixels);
        facts["look"] = framing::look_to_json(framing::look_of(picture));
        const std::lock_guard lock(faces_mutex_);
        if (models_ != nullptr && !faces_) {
            const std::string network = models_->file(face_network, face_network_sha256);
            faces_.emplace(std::as_bytes(std::span(network)));
        }
        facts["evidence"] =
            to_json(find_subjects(picture, before ? &*before : nullptr, faces_ ? &*faces_ : nullptr));
        return facts;
    }

    json solve(std::span<const json> all_frames, int first_frame) const override {
        std::vector<std::optional<framing::FrameEvidence>> frames;
        std::vector<motion::GrayImage> looks;
        for (const json& facts : all_frames) {
            auto& evidence = frames.emplace_back();
            if (auto& look = looks.emplace_back(); facts.is_object() && facts.contains("look"))
                look = framing::look_from_json(facts.at("look"));
            if (facts.is_object() && facts.contains("evidence"))
                evidence = framing::evidence_from_json(facts.at("evidence"));
        }
        std::vector<int> cuts;
        for (const json& cut : solved_cuts(name, all_frames, first_frame))
            cuts.push_back(cut.get<int>() - first_frame);
        const framing::ReframeSolution solution = framing::solve_reframe(
            display_.width(), display_.height(), first_frame, frames, cuts, targets_, options_, looks);
        return {
            {"schema", artefact_schema},
            {"about",
             "path: the crop in pixels of the plate's display window (edges; x, y: its upper left corner), "
             "straight from key to key, eased over `ease` frames; kept: which subject, where not all fit; "
             "left_out: subjects that it does not hold"},
            {"path", to_json(solution.path)},
            {"kept", list_json(solution.kept)},
            {"left_out", list_json(solution.left_out)}};
    }

private:
    framing::ReframeOptions options_;
    std::vector<framing::Target> targets_;
    Box display_;
    const nets::JobModels* models_;                     // null: no faces
    mutable std::mutex faces_mutex_;                    // FaceFinder is for one thread at a time
    mutable std::optional<framing::FaceFinder> faces_;  // made by the first frame that is looked at
};

/// The framing of an FDL that the job means: named, or the one of its aspect.
framing::CropPath path_of_fdl(const PassContext& context) {
    constexpr int any_frame = 100'000'000;  // of a decision that does not say which: all of them
    std::vector<framing::FdlFraming> framings;
    try {
        framings = framing::framings_of(context.artefact, context.display.width(), context.display.height(),
                                        -any_frame, any_frame);
    } catch (const Error& error) {
        throw Error(ErrorKind::Usage, "reframe: " + error.message());
    }
    std::string names;
    for (const framing::FdlFraming& framing : framings)
        names += fmt::format("{}'{}' ({}:{})", names.empty() ? "" : ", ", framing.name, framing.aspect_width,
                             framing.aspect_height);
    if (context.params.has("framing")) {
        const std::string wanted = context.params.text("framing");
        std::erase_if(framings,
                      [&](const framing::FdlFraming& one) { return one.name != wanted && one.id != wanted; });
        if (framings.empty()) refuse(context, "the FDL has no \"framing\" of that name: it has " + names);
    } else {
        const std::array<double, 2> sides = sides_of(context);
        std::erase_if(framings, [&](const framing::FdlFraming& one) {
            const double ratio = sides[0] / sides[1] * one.aspect_height / one.aspect_width;
            return std::abs(ratio - 1) > 0.01;
        });
        if (framings.empty()) refuse(context, "the FDL has no framing of that \"aspect\": it has " + names);
    }
    if (framings.size() > 1)
        refuse(context, "the FDL has several framings that fit: name one as \"framing\": " + names);
    return std::move(framings.front().path);
}

class ReframePass final : public MovingPass {
public:
    explicit ReframePass(const PassContext& context)
        : options_(options_of(context)),
          sides_(sides_of(context)),
          display_(context.display),
          shot_(context.shot),
          renders_(context.params.boolean("render")),
          max_scale_(context.params.number("max_scale")),
          enlarging_(enlarging_of(context)) {
        if (context.params.has("outputs"))
            outputs_ = context.params.values().at("outputs").get<std::vector<std::string>>();
        if (context.params.has("size")) {
            const std::vector<double> size = context.params.numbers("size");
            size_ = framing::Canvas{static_cast<int>(size[0]), static_cast<int>(size[1])};
            const double shown = size[0] / size[1] * options_.pixel_aspect;
            if (std::abs(shown / options_.aspect - 1) > 0.01)
                refuse(context, "\"size\" is not of that \"aspect\" (with the plate's pixel aspect)");
        }
        if (context.artefact.is_null()) return;  // the planner asks for its canvas before there is one
        const json& given = context.artefact;
        const ArtefactReader artefact(name, given, "the artefact");
        if (given.is_object() && given.contains("framing_intents")) {
            path_ = path_of_fdl(context);
            return;
        }
        // A bare path, or what solve() made of it.
        const bool is_bare = given.is_object() && given.contains("scenes");
        if (!is_bare) artefact.check_schema(artefact_schema);
        try {
            path_ = framing::crop_path_from_json(is_bare ? given : given.at("path"));
        } catch (const Error& error) {
            throw Error(ErrorKind::Usage, "reframe: the artefact's path: " + error.message());
        } catch (const json::exception&) {
            artefact.member("path");
        }
        if (path_.width != display_.width() || path_.height != display_.height()) {
            artefact.refuse(fmt::format("is for a picture of {} x {}, this one has {} x {}", path_.width,
                                        path_.height, display_.width(), display_.height()));
        }
        read_list(artefact, "kept", kept_);
        read_list(artefact, "left_out", left_out_);
    }

    template <class One>
    static void read_list(const ArtefactReader& artefact, const char* member, std::vector<One>& into) {
        if (!artefact.has(member)) return;
        const ArtefactReader list = artefact.member(member);
        for (std::size_t i = 0; i < list.size(100'000); ++i) {
            const ArtefactReader one = list.item(i);
            into.push_back({one.member("subject").text(), one.member("first").integer(),
                            one.member("last").integer(), one.member("reason").text()});
        }
    }

    framing::Canvas canvas(framing::Canvas before) const override {
        if (size_) return *size_;
        return framing::canvas_of(framing::crop_size(before.width, before.height, options_));
    }
    std::vector<std::string> outputs() const override { return outputs_; }
    bool renders() const override { return renders_; }

    double most_scale(framing::Canvas before) const override {
        const framing::Canvas made = canvas(before);
        const auto scale = [&](double width, double height) {
            return std::max(made.width / width, made.height / height);
        };
        const framing::Canvas crop =
            framing::canvas_of(framing::crop_size(before.width, before.height, options_));
        double most = std::max(1.0, scale(crop.width, crop.height));
        for (const framing::CropScene& scene : path_.scenes)
            for (const framing::CropKey& key : scene.keys)
                most = std::max(most, scale(key.crop.w, key.crop.h));
        return most;
    }
    std::optional<nets::ModelUse> enlarging_model() const override { return enlarging_; }
    FrameRange scene_of(int frame) const override {
        for (const framing::CropScene& scene : path_.scenes)
            if (frame >= scene.first && frame <= scene.last) return {scene.first, scene.last + 1};
        return {frame, frame + 1};
    }

    Move move(int frame, framing::Canvas before) const override {
        const framing::Crop crop = framing::crop_at(path_, frame);
        const framing::Canvas made = canvas(before);
        // One scale for both sides, the crop's middle in the middle: whole pixels are never squeezed.
        const double scale = std::min(crop.w / made.width, crop.h / made.height);
        // A thousandth of a pixel is no reason to mix samples.
        const auto settled = [](double at) {
            constexpr double rounding_px = 1e-3;
            const double whole = std::round(at);
            return std::abs(at - whole) < rounding_px ? whole : at;
        };
        const double left = settled(crop.x + 0.5 * (crop.w - scale * made.width));
        const double top = settled(crop.y + 0.5 * (crop.h - scale * made.height));
        const bool same_size = made == framing::Canvas{display_.width(), display_.height()};
        // From centres of the canvas' pixels to centres of the picture's, by the crop's edges.
        const double x = left + 0.5 * scale - 0.5 + display_.x0 - (same_size ? display_.x0 * scale : 0);
        const double y = top + 0.5 * scale - 0.5 + display_.y0 - (same_size ? display_.y0 * scale : 0);
        Move move{framing::Warp(motion::Homography{{scale, 0, x, 0, scale, y, 0, 0, 1}}),
                  {{"crop", {rounded(crop.x), rounded(crop.y), rounded(crop.w), rounded(crop.h)}},
                   {"scale", rounded(1 / scale)},
                   {"max_scale", max_scale_}}};
        const auto tell = [&](const char* fact, const auto& ones) {
            for (const auto& one : ones) {
                if (frame >= one.first && frame <= one.last)
                    move.facts[fact].push_back({{"subject", one.subject}, {"reason", one.reason}});
            }
        };
        tell("kept", kept_);
        tell("left_out", left_out_);
        return move;
    }

    std::vector<Sidecar> sidecars_of(const ClipNames& clip) const override {
        framing::CropPath path = path_;
        std::erase_if(path.scenes, [&](const framing::CropScene& scene) {
            return scene.first >= clip.frames.end || scene.last < clip.frames.first;
        });
        if (path.scenes.empty()) return {};
        for (framing::CropScene& scene : path.scenes) {
            scene.first = std::max(scene.first, clip.frames.first);
            scene.last = std::min(scene.last, clip.frames.end - 1);
        }
        // Whole numbers: 2.39:1 is 239:100.
        const bool whole = std::floor(sides_[0]) == sides_[0] && std::floor(sides_[1]) == sides_[1];
        const double by = whole ? 1 : 100;
        const framing::FdlFraming framing{outputs_.empty() ? shot_ : outputs_.front(),
                                          static_cast<int>(std::lround(sides_[0] * by)),
                                          static_cast<int>(std::lround(sides_[1] * by)), path};
        const json list = framing::fdl_of({shot_, clip.file, options_.pixel_aspect}, std::span(&framing, 1));
        return {{".fdl", list.dump(1) + "\n"}};
    }

private:
    framing::ReframeOptions options_;
    std::array<double, 2> sides_;
    Box display_;
    std::string shot_;
    bool renders_;
    double max_scale_;
    std::optional<nets::ModelUse> enlarging_;
    std::vector<std::string> outputs_;
    std::optional<framing::Canvas> size_;
    framing::CropPath path_;
    std::vector<framing::Kept> kept_;
    std::vector<framing::LeftOut> left_out_;
};

}  // namespace

PassEntry reframe_entry() {
    return {name, [](const PassContext& context) { return std::make_unique<ReframePass>(context); },
            [](const PassContext& context) { return std::make_unique<ReframeAnalysis>(context); }};
}

}  // namespace wetgate::passes

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <mutex>
#include <optional>

#include "core/error.h"
#include "passes/artefact_reader.h"
#include "passes/background_layer.h"
#include "passes/background_place.h"
#include "passes/grain.h"
#include "passes/median.h"
#include "passes/pass.h"
#include "passes/remove_camera.h"
#include "passes/remove_shape.h"
#include "passes/scenes.h"

// Puts a reference plate behind what a matte leaves standing: placed by what both show, or by corners that a
// person gave on a frame or a few, it follows the camera from there; its focus and grain become the plate's.

namespace wetgate::passes {
namespace {

using nlohmann::json;

constexpr const char* artefact_schema = "wetgate.background/1";
constexpr int focus_frames = 12;  // every so many tell how sharp the plate is
constexpr double most_defocus_px = 64;
constexpr double least_reached = 0.999;  // of what the matte covers

std::string reference_of(const PassContext& context) {
    if (!context.has_matte) {
        throw Error(ErrorKind::Usage,
                    fmt::format("{}: background needs a \"matte\" that covers the background to be replaced",
                                context.params.pointer()));
    }
    if (!context.params.has("reference")) {
        throw Error(ErrorKind::Usage,
                    fmt::format("{}: background needs a \"reference\": the name of one of the shot's "
                                "\"references\"",
                                context.params.pointer()));
    }
    return context.params.text("reference");
}

remove::Shapes keys_of(const PassContext& context) {
    remove::Shapes keys;
    if (!context.params.has("keys")) return keys;
    keys = remove::key_shapes(context.params.values().at("keys"), context.params.pointer());
    for (const auto& [frame, shape] : keys) {
        if (!background::to_picture(shape.points, {0, 0, 2, 2})) {
            throw Error(ErrorKind::Usage,
                        fmt::format("{}/keys: the corners on frame {} are not those of a picture seen from "
                                    "anywhere: upper left first, then clockwise",
                                    context.params.pointer(), frame));
        }
    }
    return keys;
}

/// Who moves as the new background has to.
enum class Track : std::uint8_t { Auto, Background, Surroundings, Still };

Track track_of(const std::string& name) {
    if (name == "background") return Track::Background;
    if (name == "surroundings") return Track::Surroundings;
    return name == "still" ? Track::Still : Track::Auto;
}

class BackgroundAnalysis final : public ShotAnalysis {
public:
    explicit BackgroundAnalysis(const PassContext& context)
        : reference_(reference_of(context)),
          keys_(keys_of(context)),
          matches_(keys_.empty() && context.params.text("place") == "match"),
          track_(track_of(context.params.text("track"))),
          least_matches_(context.params.integer("least_matches")),
          references_(context.references),
          survey_(context) {}

    PassReach reach() const override { return {links_back, 0}; }

    json measure(const FrameWindow& window) const override {
        json facts = json::object();
        add_links(facts, window);
        const compute::DeviceFrame& frame = window[0];
        if (frame.pixels.numel() == 0) return facts;
        facts["window"] = to_json(frame.window);
        add_track(facts, window);
        if (is_sampled(window)) facts["grain"] = survey_.measured(frame.pixels, before_of(window));
        const bool opens = !window.is_real(-1);
        if (opens) {
            const compute::DeviceFrame first = first_picture();
            facts["reference"] = survey_.measured(first.pixels);
            facts["reference"]["window"] = to_json(first.window);
        }
        if (!matches_) return facts;
        background::add_match(facts, frame, window.matte(), known());
        if (opens || frame.number % focus_frames == 0) add_focus(facts, frame, window.matte());
        return facts;
    }

    json solve(std::span<const json> all_frames, int first_frame) const override {
        json artefact = {
            {"schema", artefact_schema},
            {"about",
             "place: where the middles of the reference's corner pixels lie in each frame of the plate, "
             "upper "
             "left first, clockwise; grain: what the plate has; present: what the reference brings"},
            {"first_frame", first_frame},
            {"cuts", remove::confirmed_cuts(solved_cuts("background", all_frames, first_frame), all_frames,
                                            first_frame)}};
        const json track = remove::solved_camera(all_frames, first_frame);
        const remove::CameraTrack camera(ArtefactReader("background", track, "the measurement"));
        const Scenes scenes(ArtefactReader("background", artefact, "the artefact").member("cuts"));
        remove::Shapes keys = keys_;
        if (matches_) {
            keys = background::keys_by_matches(all_frames, first_frame, least_matches_, camera, scenes);
        } else if (keys.empty()) {
            keys = filling_keys(all_frames, first_frame, scenes);
        }
        artefact["place"] = remove::to_json(
            background::carried(keys, first_frame, static_cast<int>(all_frames.size()), camera, scenes));
        artefact["defocus_px"] = solved_focus(all_frames);
        artefact["grain"] = GrainSurvey::solved("background", all_frames, first_frame, "grain");
        const json present = GrainSurvey::solved("background", all_frames, first_frame, "reference",
                                                 artefact["grain"]["coding"]);
        artefact["present"] = {{"a", present["a"]}, {"b", present["b"]}};
        return artefact;
    }

private:
    static json to_json(const Box& box) { return {box.x0, box.y0, box.x1, box.y1}; }
    static Box box_from(const ArtefactReader& box) {
        if (box.size(4) != 4) box.refuse("must be four numbers");
        return {box.item(0).integer(), box.item(1).integer(), box.item(2).integer(), box.item(3).integer()};
    }

    compute::DeviceFrame first_picture() const {
        return references_->picture(reference_, references_->frames(reference_).front());
    }

    const background::KnownPicture& known() const {
        std::call_once(once_, [&] { known_.emplace(first_picture()); });
        return *known_;
    }

    void add_track(json& facts, const FrameWindow& window) const {
        if (track_ == Track::Still) return;
        const auto foreground = [&](int k) { return 1 - window.matte(k); };
        const auto background = [&](int k) { return window.matte(k); };
        if (track_ != Track::Surroundings) remove::add_camera(facts, window, foreground);
        const bool is_lost = facts.contains("camera") && facts["camera"].contains("problem");
        if (track_ == Track::Surroundings || (track_ == Track::Auto && is_lost))
            remove::add_camera(facts, window, background);
    }

    void add_focus(json& facts, const compute::DeviceFrame& frame, const at::Tensor& matte) const {
        const json& match = facts["match"];
        if (!match.contains("place") || match["matches"].get<int>() < least_matches_) return;
        const remove::Shapes place =
            remove::shapes_of(ArtefactReader("background", match["place"], "the match"));
        const compute::DeviceFrame reference = first_picture();
        const auto map = background::to_picture(place.begin()->second.points, reference.window);
        if (!map) return;
        const background::Layer layer = background::laid(reference, frame.window, *map, 0);
        const auto radius =
            background::defocus_between(frame.pixels, layer.pixels, layer.covered.logical_and(matte >= 1));
        if (radius) facts["defocus_px"] = rounded(*radius);
    }

    static double solved_focus(std::span<const json> all_frames) {
        std::vector<double> all;
        for (const json& facts : all_frames) {
            if (facts.is_object() && facts.contains("defocus_px"))
                all.push_back(ArtefactReader("background", facts, "a measurement")
                                  .member("defocus_px")
                                  .number(0, most_defocus_px));
        }
        return median(std::move(all));
    }

    /// On the first frame of every scene, so that the reference fills it.
    static remove::Shapes filling_keys(std::span<const json> all_frames, int first_frame,
                                       const Scenes& scenes) {
        remove::Shapes keys;
        std::optional<Box> picture;
        for (const json& facts : all_frames) {
            if (!picture && facts.is_object() && facts.contains("reference"))
                picture = box_from(ArtefactReader("background", facts, "a measurement")
                                       .member("reference")
                                       .member("window"));
        }
        for (std::size_t i = 0; picture && i < all_frames.size(); ++i) {
            const int frame = first_frame + static_cast<int>(i);
            if (!all_frames[i].is_object() || !all_frames[i].contains("window")) continue;
            if (!keys.empty() && scenes.joined(keys.rbegin()->first, frame)) continue;
            const ArtefactReader facts("background", all_frames[i], "a measurement");
            keys[frame].points = background::filling(box_from(facts.member("window")), *picture);
        }
        return keys;
    }

    std::string reference_;
    remove::Shapes keys_;
    bool matches_;
    Track track_;
    int least_matches_;
    std::shared_ptr<const References> references_;
    GrainSurvey survey_;
    mutable std::once_flag once_;
    mutable std::optional<background::KnownPicture> known_;
};

class BackgroundPass final : public FramePass {
public:
    explicit BackgroundPass(const PassContext& context)
        : reference_(reference_of(context)),
          references_(context.references),
          blend_{context.params.number("despill"), context.params.number("light_wrap"),
                 context.params.number("wrap_px")},
          gain_(std::exp2(context.params.number("exposure_stops"))),
          grain_amount_(context.params.number("grain")) {
        keys_of(context);
        if (context.artefact.is_null()) return;  // the planner asks for reach() before there is one
        const ArtefactReader artefact("background", context.artefact, "the artefact");
        artefact.check_schema(artefact_schema);
        first_frame_ = artefact.member("first_frame").integer();
        place_ = remove::shapes_of(artefact.member("place"));
        for (const auto& [frame, shape] : place_)
            if (shape.points.size() != 4) artefact.member("place").refuse("must have four corners a frame");
        defocus_px_ = context.params.has("defocus_px")
                          ? context.params.number("defocus_px")
                          : artefact.member("defocus_px").number(0, most_defocus_px);
        grain_.emplace(artefact.member("grain"), context);
        present_ = noise_from(artefact.member("present"));
    }

    PassReach reach() const override { return {}; }

    PassResult run(const FrameWindow& window) const override {
        const compute::DeviceFrame& frame = window[0];
        PassResult result{frame.pixels, at::zeros_like(frame.pixels.slice(0, 0, 1))};
        if (frame.pixels.numel() == 0) return result;
        const at::Tensor matte = window.matte();
        const at::Tensor wanted = matte > 0;
        const auto wanted_px = wanted.sum().item<std::int64_t>();
        if (wanted_px == 0) return result;
        compute::DeviceFrame reference = picture_for(frame.number);
        const auto place = place_.find(frame.number);
        const auto map = place == place_.end()
                             ? std::nullopt
                             : background::to_picture(place->second.points, reference.window);
        if (!map) {
            result.facts["needs_key_frame"] =
                place == place_.end()
                    ? "the reference is not found again in this scene; give \"keys\" (its corners on a "
                      "frame) "
                      "or \"place\": \"frame\""
                    : "the corners that the artefact gives are not those of a picture seen from anywhere";
            return result;
        }
        if (gain_ != 1) reference.pixels = reference.pixels * gain_;
        background::Layer layer = background::laid(reference, frame.window, *map, defocus_px_);
        const at::Tensor made = wanted.logical_and(layer.covered);
        layer.pixels = grain_->added(layer.pixels, made, frame.window, window.seed(), grain_amount_,
                                     brought(*map, frame.window));
        result.pixels = background::behind(frame.pixels, matte, layer.pixels, blend_);
        result.touch = made.to(at::kFloat);
        const auto made_px = made.sum().item<std::int64_t>();
        const double reached = static_cast<double>(made_px) / static_cast<double>(wanted_px);
        result.facts["from_reference"] = rounded(reached);
        if (reached < least_reached) {
            result.facts["needs_key_frame"] = fmt::format(
                "the reference does not reach {:.1f} % of what the matte covers, which stays as it "
                "was; give it a larger one, or place it by \"keys\"",
                100 * (1 - reached));
        }
        return result;
    }

private:
    /// A reference with several frames plays along; its last one holds.
    compute::DeviceFrame picture_for(int frame) const {
        const std::vector<int> frames = references_->frames(reference_);
        const auto last = static_cast<std::int64_t>(frames.size()) - 1;
        const std::int64_t index =
            std::clamp<std::int64_t>(static_cast<std::int64_t>(frame) - first_frame_, 0, last);
        return references_->picture(reference_, frames[static_cast<std::size_t>(index)]);
    }

    /// What is left of the reference's own grain.
    NoiseModel brought(const motion::Homography& map, const Box& window) const {
        const double kept = background::variance_kept(map, window, defocus_px_);
        const double gain = grain_->coding() == Coding::Kind::AcesCct ? gain_ : 1;
        NoiseModel noise = present_;
        for (double& a : noise.a) a *= kept * gain;
        for (double& b : noise.b) b *= kept * gain * gain;
        return noise;
    }

    std::string reference_;
    std::shared_ptr<const References> references_;
    background::Blend blend_;
    double gain_;
    double grain_amount_;
    int first_frame_ = 0;
    remove::Shapes place_;
    double defocus_px_ = 0;
    std::optional<Grain> grain_;
    NoiseModel present_;
};

}  // namespace

PassEntry background_entry() {
    return {"background",
            [](const PassContext& context) { return std::make_unique<BackgroundPass>(context); },
            [](const PassContext& context) { return std::make_unique<BackgroundAnalysis>(context); },
            nullptr,
            /*working_planes=*/40,
            /*neighbour_mattes=*/true};
}

}  // namespace wetgate::passes

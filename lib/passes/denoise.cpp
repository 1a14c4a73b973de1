#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "core/error.h"
#include "motion/align.h"
#include "nets/tiles.h"
#include "passes/coding.h"
#include "passes/denoise_classical.h"
#include "passes/exposure.h"
#include "passes/grain.h"
#include "passes/learned.h"
#include "passes/pass.h"
#include "passes/per_picture.h"
#include "passes/scenes.h"

// Noise and grain. measure() sees how the noise of each frame depends on light (see GrainSurvey), solve()
// makes one model of the shot of it and chooses the coding in which that model holds, run() aligns two frames
// on either side to the one being made and hands all five to a network, or to the classical engine.

namespace wetgate::passes {
namespace {

using nlohmann::json;

constexpr const char* artefact_schema = "wetgate.denoise/1";
constexpr const char* own_model = "denoise_t5";
constexpr const char* task = "denoise";
constexpr int reach_frames = 2;

constexpr double most_sigma = 0.6;  // coded; the network is trained up to 0.22 in display coding

// More than frames in work and their windows show at once, on any machine.
constexpr std::size_t most_pictures = 64;

/// A frame of the shot as windows show it.
struct Seen {
    at::Tensor coded;  // [3,H,W], as the network sees it
    motion::GrayImage guide;
    motion::FlowQuality quality = motion::FlowQuality::Fine;  // of flow from here
};

class DenoiseAnalysis final : public ShotAnalysis {
public:
    explicit DenoiseAnalysis(const PassContext& context)
        : survey_(context), coding_(context.params.text("coding")) {}

    PassReach reach() const override { return {links_back, 0}; }

    json measure(const FrameWindow& window) const override {
        const at::Tensor& linear = window[0].pixels;
        json facts = survey_.measured(linear, before_of(window));
        add_links(facts, window);
        if (linear.numel() > 0) add_exposure(facts, linear);
        return facts;
    }

    json solve(std::span<const json> all_frames, int first_frame) const override {
        json artefact = GrainSurvey::solved_fine("denoise", all_frames, first_frame, "", coding_);
        artefact["schema"] = artefact_schema;
        artefact["about"] =
            "noise variance = a * value + b, R G B; value: working light (acescct) or plate code (plate); "
            "near: correlation of a pixel with its neighbours, rows downwards; shared: of R and G, R and B, "
            "G and B";
        artefact["exposure_stops"] = solved_exposure("denoise", all_frames);
        artefact["cuts"] = solved_cuts("denoise", all_frames, first_frame);
        return artefact;
    }

private:
    GrainSurvey survey_;
    std::string coding_;
};

class DenoisePass final : public FramePass {
public:
    explicit DenoisePass(const PassContext& context)
        : aligns_(context.params.boolean("align")),
          mirrors_(context.params.text("quality") == "high"),
          amount_(context.params.number("noise_scale")),
          regrain_(context.params.number("regrain")) {
        // The planner asks for reach() before there is an artefact.
        if (context.artefact.is_null()) return;
        const ArtefactReader artefact("denoise", context.artefact, "the artefact");
        artefact.check_schema(artefact_schema);
        grain_.emplace(artefact, context);
        scenes_ = Scenes(artefact.member("cuts"));
        clean_ = artefact.has("clean") && context.artefact.at("clean") == true;
        coding_.emplace(coding_kind(artefact.member("coding").text()),
                        artefact.member("exposure_stops").number(-16, 16), context);
        if (!uses_net(context) || clean_) return;
        model_ = load_model(context, chosen_model(context, own_model, task));
        if (model_->card.frames != 2 * reach_frames + 1 || model_->network.shape().channels_in != 16) {
            throw Error(
                ErrorKind::Model,
                fmt::format("model '{}' cannot denoise: 5 frames and a noise map are what it is given",
                            model_->card.name));
        }
    }

    PassReach reach() const override { return {reach_frames, reach_frames}; }

    PassResult run(const FrameWindow& window) const override {
        const at::Tensor& linear = window[0].pixels;
        if (clean_ || linear.numel() == 0) {
            return {linear,
                    at::zeros({1, linear.size(1), linear.size(2)}, linear.options()),
                    {{"clean", clean_}}};
        }
        const at::Tensor coded = coding_->encode(linear);
        const at::Tensor sigma = coded_sigma(linear, coded);
        const std::vector<at::Tensor> frames = aligned_frames(window);
        at::Tensor change;
        if (model_) {
            std::vector<at::Tensor> input = frames;
            input.push_back(sigma.mean(0, /*keepdim=*/true));
            change = by_network(at::cat(input)) - frames[reach_frames];
        } else {
            change = denoise::classical(frames, sigma) - frames[reach_frames];
        }
        if (regrain_ > 0) change = change + grain(sigma, window);
        json facts = {{"removed_codes_of_255", rounded(change.square().mean().sqrt().item<double>() * 255)}};
        return {coding_->moved(linear, coded, change), coding_->reach(linear, coded), std::move(facts)};
    }

private:
    /// The network's answer; at high quality the mean over the four mirrorings of what it is given.
    at::Tensor by_network(const at::Tensor& input) const {
        at::Tensor sum = nets::forward_tiled(model_->network, input, model_->tile_px);
        if (!mirrors_) return sum;
        for (const std::vector<std::int64_t>& axes : {std::vector<std::int64_t>{1}, {2}, {1, 2}})
            sum += nets::forward_tiled(model_->network, input.flip(axes), model_->tile_px).flip(axes);
        return sum / 4;
    }

    /// Standard deviation of the noise [3,H,W] in coded units, from the smoothed frame.
    at::Tensor coded_sigma(const at::Tensor& linear, const at::Tensor& coded) const {
        const at::Tensor base = coding_->kind() == Coding::Kind::AcesCct
                                    ? at::where(at::isfinite(linear), linear, at::zeros_like(linear))
                                    : coded;
        const at::Tensor smooth =
            at::avg_pool2d(base.unsqueeze(0), {5, 5}, {1, 1}, {2, 2}, false, /*count_include_pad=*/false)
                .squeeze(0)
                .clamp_min(0);
        at::Tensor sigma = grain_->strength().sigma(smooth);
        if (coding_->kind() == Coding::Kind::AcesCct)
            sigma = sigma * coding_->gain() * coding_->slope(smooth * coding_->gain());
        return (sigma * amount_).clamp_max(most_sigma);
    }

    // Note [Flow in steps]
    // A guide, and the flow from a frame to the next and to the one before, are made once for all windows
    // that show them, at half size; two frames away leads the flow over two steps. Measured on a clip with
    // noise of 6, 15 and 30 codes, against guides at full size and a flow for each pair of each window:
    // 0.005, 0.027 and 0.033 dB less, for an eighth of the time.

    /// The window's frames, coded, as the network sees them, aligned to the middle one.
    std::vector<at::Tensor> aligned_frames(const FrameWindow& window) const {
        const at::Tensor middle = seen(window[0].pixels)->coded;
        std::vector<at::Tensor> frames(2 * reach_frames + 1, middle);
        for (int k = -reach_frames; k <= reach_frames; ++k) {
            const int shown = shown_for(window, k);
            if (shown == 0) continue;
            at::Tensor frame = seen(window[shown].pixels)->coded;
            if (aligns_) frame = motion::aligned(frame, shift(window, shown));
            frames[static_cast<std::size_t>(k + reach_frames)] = frame;
        }
        return frames;
    }

    /// From the window's middle to the frame in its place k: [2,H,W].
    at::Tensor shift(const FrameWindow& window, int k) const {
        const int near = k / 2;
        if (near == 0 || !scenes_.reaches(window, near)) return step(window[0].pixels, window[k].pixels);
        return motion::composed(step(window[0].pixels, window[near].pixels),
                                step(window[near].pixels, window[k].pixels));
    }

    at::Tensor step(const at::Tensor& from, const at::Tensor& to) const {
        const auto flow = flows_.of({from, to}, [&] {
            const auto here = seen(from);
            return motion::dense_flow(here->guide, seen(to)->guide, here->quality);
        });
        return motion::shift_of(*flow, static_cast<int>(from.size(2)), static_cast<int>(from.size(1)),
                                from.device());
    }

    std::shared_ptr<const Seen> seen(const at::Tensor& linear) const {
        return seen_.of({linear}, [&] {
            const at::Tensor coded = coding_->encode(linear);
            Seen made{Coding::for_network(coded), {}, {}};
            if (aligns_) {
                const double noise = coded_sigma(linear, coded).mean().item<double>();
                made.guide = motion::half_guide(made.coded, noise);
                made.quality = motion::half_guide_quality(noise);
            }
            return made;
        });
    }

    /// The frame of the window shown in place k: mirrored where k is past an end of the shot or a cut, for a
    /// frame that is there twice tells nothing new.
    int shown_for(const FrameWindow& window, int k) const {
        for (const int place : {k, -k, k / 2, -k / 2}) {
            if (scenes_.reaches(window, place)) return place;
        }
        return 0;
    }

    /// As much as there was. `sigma`: of the finest detail, as if white.
    at::Tensor grain(const at::Tensor& sigma, const FrameWindow& window) const {
        const auto [red, green, blue] = grain_->texture().fine_share();
        const at::Tensor whole =
            sigma / at::tensor({red, green, blue}).sqrt().to(sigma.options()).view({3, 1, 1});
        return regrain_ * whole * grain_->texture().field(window.seed(), window[0].window).to(sigma.device());
    }

    bool aligns_;
    bool mirrors_;
    double amount_;
    double regrain_;
    bool clean_ = false;
    std::optional<Grain> grain_;
    Scenes scenes_;
    std::optional<Coding> coding_;
    PerPicture<Seen> seen_{most_pictures};
    PerPicture<motion::FlowField> flows_{2 * most_pictures};
    std::shared_ptr<const nets::LoadedModel> model_;
};

}  // namespace

PassEntry denoise_entry() {
    return {"denoise", [](const PassContext& context) { return std::make_unique<DenoisePass>(context); },
            [](const PassContext& context) { return std::make_unique<DenoiseAnalysis>(context); },
            [](const PassContext& context) { return model_of_engine(context, own_model, task); },
            /*working_planes=*/8};
}

}  // namespace wetgate::passes

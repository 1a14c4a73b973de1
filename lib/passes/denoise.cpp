#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "core/error.h"
#include "motion/align.h"
#include "nets/tiles.h"
#include "passes/coding.h"
#include "passes/denoise_classical.h"
#include "passes/denoise_noise.h"
#include "passes/exposure.h"
#include "passes/learned.h"
#include "passes/pass.h"
#include "passes/scenes.h"

// Noise and grain. measure() sees how the noise of each frame depends on light (denoise_noise), solve() makes
// one model of the shot of it and chooses the coding in which that model holds, run() aligns two frames on
// either side to the one being made and hands all five to a network, or to the classical engine.

namespace wetgate::passes {
namespace {

using denoise::NoiseBins;
using denoise::NoiseModel;
using nlohmann::json;

constexpr const char* artefact_schema = "wetgate.denoise/1";
constexpr const char* own_model = "denoise_t5";
constexpr const char* task = "denoise";
constexpr int reach_frames = 2;
constexpr std::size_t most_bins = 200;

constexpr double clean_code = 0.6 / 255;  // noise below this is that of rounding to 8 bits and of codecs
constexpr double most_sigma = 0.6;        // coded; the network is trained up to 0.22 in display coding

// The plate's coding is the safe choice: a wrong light model goes far astray in the shadows.
constexpr double clear_margin = 0.7;

constexpr Coding::Kind kinds[] = {Coding::Kind::AcesCct, Coding::Kind::Plate};

/// What the noise model is a function of: working light, or the plate's code.
at::Tensor noise_domain(const Coding& coding, const at::Tensor& linear) {
    return coding.kind() == Coding::Kind::AcesCct ? linear : coding.encode(linear);
}

class DenoiseAnalysis final : public ShotAnalysis {
public:
    explicit DenoiseAnalysis(const PassContext& context)
        : codings_{Coding(kinds[0], 0, context), Coding(kinds[1], 0, context)},
          coding_(context.params.text("coding")) {}

    PassReach reach() const override { return {links_back, 0}; }

    json measure(const FrameWindow& window) const override {
        json facts = json::object();
        add_links(facts, window);
        const at::Tensor& linear = window[0].pixels;
        if (linear.numel() == 0) return facts;
        for (const Coding& coding : codings_) {
            const at::Tensor before =
                window.is_real(-1) ? noise_domain(coding, window[-1].pixels) : at::Tensor();
            facts[name_of(coding.kind())] = to_json(denoise::measure_noise(
                noise_domain(coding, linear), before, coding.kind() == Coding::Kind::AcesCct));
        }
        add_exposure(facts, linear);
        return facts;
    }

    json solve(std::span<const json> all_frames, int first_frame) const override {
        std::vector<std::vector<NoiseBins>> bins(std::size(kinds));
        int frame = first_frame - 1;
        for (const json& facts : all_frames) {
            ++frame;
            if (facts.is_null()) continue;
            const ArtefactReader reader("denoise", facts, fmt::format("the measurement of frame {}", frame));
            for (std::size_t i = 0; i < std::size(kinds); ++i) {
                if (reader.has(name_of(kinds[i])))
                    bins[i].push_back(bins_from(reader.member(name_of(kinds[i]))));
            }
        }
        std::array<denoise::NoiseFit, std::size(kinds)> fits;
        for (std::size_t i = 0; i < fits.size(); ++i) fits[i] = denoise::fit_noise(bins[i]);
        std::size_t chosen = fits[0].misfit < clear_margin * fits[1].misfit ? 0 : 1;
        if (coding_ != "auto") chosen = coding_kind(coding_) == kinds[0] ? 0 : 1;
        const NoiseModel& plate = fits[1].model;
        double code = 0;
        for (std::size_t c = 0; c < 3; ++c) code += std::sqrt(plate.a[c] * 0.4 + plate.b[c]) / 3;
        return {
            {"schema", artefact_schema},
            {"about",
             "noise variance = a * value + b, R G B; value: working light (acescct) or plate code (plate)"},
            {"coding", name_of(kinds[chosen])},
            {"a", significant(fits[chosen].model.a)},
            {"b", significant(fits[chosen].model.b)},
            {"exposure_stops", solved_exposure("denoise", all_frames)},
            {"cuts", solved_cuts("denoise", all_frames, first_frame)},
            {"clean", code < clean_code},
            {"measured",
             {{"misfit_acescct", rounded(fits[0].misfit)},
              {"misfit_plate", rounded(fits[1].misfit)},
              {"noise_in_codes_of_255", rounded(code * 255)}}}};
    }

private:
    static json to_json(const NoiseBins& bins) {
        json channels = json::array();
        for (const auto& channel : bins) {
            json list = json::array();
            for (const denoise::NoiseBin& bin : channel)
                list.push_back({significant(bin.level), significant(bin.variance), bin.blocks});
            channels.push_back(list);
        }
        return channels;
    }

    static NoiseBins bins_from(const ArtefactReader& channels) {
        NoiseBins bins;
        if (channels.size(3) != 3) channels.refuse("must have three channels");
        for (std::size_t c = 0; c < 3; ++c) {
            const ArtefactReader list = channels.item(c);
            for (std::size_t i = 0; i < list.size(most_bins); ++i) {
                const auto [level, variance, blocks] = list.item(i).three(-1e30, 1e30);
                bins[c].push_back({level, variance, blocks});
            }
        }
        return bins;
    }

    /// Four digits: a person reads them, and text made on two machines is the same text.
    static double significant(double value) {
        if (value == 0 || !std::isfinite(value)) return 0;
        const double scale = std::pow(10.0, 3 - std::floor(std::log10(std::abs(value))));
        return std::round(value * scale) / scale;
    }
    static json significant(const std::array<double, 3>& three) {
        return {significant(three[0]), significant(three[1]), significant(three[2])};
    }

    std::array<Coding, std::size(kinds)> codings_;
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
        noise_.a = artefact.member("a").three(0, 100);
        noise_.b = artefact.member("b").three(0, 100);
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
        const std::vector<at::Tensor> frames = aligned_frames(window, coded, sigma.mean().item<double>());
        at::Tensor change;
        if (model_) {
            std::vector<at::Tensor> input = frames;
            input.push_back(sigma.mean(0, /*keepdim=*/true));
            change = by_network(at::cat(input)) - frames[reach_frames];
        } else {
            change = denoise::classical(frames, sigma) - frames[reach_frames];
        }
        if (regrain_ > 0) change = change + grain(sigma, window.seed());
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
        at::Tensor sigma = noise_.sigma(smooth);
        if (coding_->kind() == Coding::Kind::AcesCct)
            sigma = sigma * coding_->gain() * coding_->slope(smooth * coding_->gain());
        return (sigma * amount_).clamp_max(most_sigma);
    }

    /// The window's frames, coded, as the network sees them, aligned to the middle one.
    std::vector<at::Tensor> aligned_frames(const FrameWindow& window, const at::Tensor& coded,
                                           double mean_sigma) const {
        const at::Tensor middle = Coding::for_network(coded);
        std::vector<at::Tensor> frames(2 * reach_frames + 1, middle);
        std::optional<motion::GrayImage> guide;
        for (int k = -reach_frames; k <= reach_frames; ++k) {
            const int shown = shown_for(window, k);
            if (shown == 0) continue;
            at::Tensor frame = Coding::for_network(coding_->encode(window[shown].pixels));
            if (aligns_) {
                if (!guide) guide = motion::quiet_guide(middle, mean_sigma);
                const motion::FlowField flow =
                    motion::guided_flow(*guide, motion::quiet_guide(frame, mean_sigma),
                                        static_cast<int>(frame.size(2)), static_cast<int>(frame.size(1)));
                frame = motion::aligned(frame, flow);
            }
            frames[static_cast<std::size_t>(k + reach_frames)] = frame;
        }
        return frames;
    }

    /// The frame of the window shown in place k: mirrored where k is past an end of the shot or a cut, for a
    /// frame that is there twice tells nothing new.
    int shown_for(const FrameWindow& window, int k) const {
        for (const int place : {k, -k, k / 2, -k / 2}) {
            if (scenes_.reaches(window, place)) return place;
        }
        return 0;
    }

    /// White noise of the measured size, always the same for one frame of one shot.
    at::Tensor grain(const at::Tensor& sigma, std::uint64_t seed) const {
        const at::Generator generator = at::detail::createCPUGenerator(seed);
        return at::randn(sigma.sizes(), generator, at::kFloat).to(sigma.device()) * sigma * regrain_;
    }

    bool aligns_;
    bool mirrors_;
    double amount_;
    double regrain_;
    bool clean_ = false;
    NoiseModel noise_;
    Scenes scenes_;
    std::optional<Coding> coding_;
    std::shared_ptr<const nets::LoadedModel> model_;
};

}  // namespace

PassEntry denoise_entry() {
    return {"denoise", [](const PassContext& context) { return std::make_unique<DenoisePass>(context); },
            [](const PassContext& context) { return std::make_unique<DenoiseAnalysis>(context); },
            [](const PassContext& context) { return model_of_engine(context, own_model, task); }};
}

}  // namespace wetgate::passes

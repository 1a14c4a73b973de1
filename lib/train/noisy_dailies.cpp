#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

#include "core/error.h"
#include "motion/align.h"
#include "passes/coding.h"
#include "passes/exposure.h"
#include "passes/noise.h"
#include "train/footage.h"
#include "train/generators.h"
#include "train/training_data.h"

namespace wetgate::train {
namespace {

using passes::Coding;

constexpr std::size_t window_frames = 5;
constexpr double recorruption = 0.5;
constexpr std::int64_t context_px = 16;  // around a crop, for flow

/// A clip, its noise, and the coding and exposure in which the pass would show it to the net.
struct Clip {
    Coding coding;
    bool light = false;
    std::vector<at::Tensor> linear;  // [3,H,W] float32
    passes::NoiseModel noise;
};

class NoisyDailies final : public TrainingData {
public:
    NoisyDailies(const TrainSpec& spec, const TrainTools& tools) : side_(spec.patch_px) {
        for (std::size_t i = 0; i < spec.pictures.size(); ++i) {
            const bool held = holds_out(i, spec.pictures.size());
            (held ? judge_ : learn_).push_back(read(spec.pictures[i], tools, held));
        }
    }

    Batch batch(std::int64_t count, std::uint64_t seed, bool held_out) const override {
        const std::vector<Clip>& clips = held_out ? judge_ : learn_;
        Dice dice(seed);
        std::vector<at::Tensor> input, target;
        for (std::int64_t i = 0; i < count; ++i) {
            const Clip& clip =
                clips[static_cast<std::size_t>(dice.below(static_cast<std::int64_t>(clips.size())))];
            add_example(clip, dice, input, target);
        }
        return {at::stack(input), at::stack(target), {}};
    }

private:
    Clip read(const FootageSpec& source, const TrainTools& tools, bool held) {
        Footage footage(source, tools.colors, tools.log);
        passes::PassContext context;
        context.color = &tools.colors;
        context.working_space = working_space;
        context.source_space = tools.colors.resolve(source.colorspace);
        const auto kind = passes::coding_kind("auto", context);
        const bool light = kind == Coding::Kind::AcesCct;
        const Coding plain(kind, 0, context);
        std::vector<passes::NoiseBins> bins;
        std::vector<nlohmann::json> exposures;
        std::vector<at::Tensor> frames;
        at::Tensor before;
        const FrameRange range = source.range.value_or(footage.range());
        for (int frame = range.first; frame < range.end; ++frame) {
            const at::Tensor linear = footage.linear(frame);
            if (!take(linear, held)) {
                tools.log(LogLevel::Warning, fmt::format("no memory for {} from frame {} on: it is left out",
                                                         source.path.text(), frame));
                break;
            }
            const at::Tensor domain = light ? linear : plain.encode(linear);
            bins.push_back(passes::measure_noise(domain, before, light));
            before = domain;
            passes::add_exposure(exposures.emplace_back(nlohmann::json::object()), linear);
            frames.push_back(linear);
        }
        const std::int64_t least = side_ + 2 * context_px;
        if (frames.size() < window_frames || frames[0].size(1) < least || frames[0].size(2) < least) {
            throw Error(ErrorKind::Usage,
                        fmt::format("noisy dailies need at least {} frames of at least patch_px + {} a side",
                                    window_frames, 2 * context_px),
                        {.file = source.path.text(), .shot = {}, .frame = {}});
        }
        const Coding coding(kind, passes::solved_exposure("noisy dailies", exposures), context);
        return {coding, light, std::move(frames), passes::fit_noise(bins).model};
    }

    /// Five frames, the neighbours aligned as the pass aligns them, the middle one with more noise; and what
    /// it is without noise that is independent of that.
    void add_example(const Clip& clip, Dice& dice, std::vector<at::Tensor>& input,
                     std::vector<at::Tensor>& target) const {
        const auto frames = static_cast<std::int64_t>(clip.linear.size());
        const auto middle = static_cast<std::size_t>(2 + dice.below(frames - 4));
        const std::int64_t whole = side_ + 2 * context_px;
        const std::int64_t y = dice.below(clip.linear[0].size(1) - whole + 1);
        const std::int64_t x = dice.below(clip.linear[0].size(2) - whole + 1);
        const auto coded = [&](std::size_t frame) {
            return clip.coding.encode(clip.linear[frame].narrow(1, y, whole).narrow(2, x, whole));
        };
        const at::Tensor frame = coded(middle);
        const at::Tensor base =
            clip.light ? clip.linear[middle].narrow(1, y, whole).narrow(2, x, whole) : frame;
        const at::Tensor smooth =
            at::avg_pool2d(base.unsqueeze(0), {5, 5}, {1, 1}, {2, 2}, false, false).squeeze(0).clamp_min(0);
        at::Tensor sigma = clip.noise.sigma(smooth);
        if (clip.light) sigma = sigma * clip.coding.gain() * clip.coding.slope(smooth * clip.coding.gain());
        const at::Tensor extra = sigma * dice.normal(sigma.sizes());
        const double mean_sigma = sigma.mean().item<double>();
        const motion::GrayImage guide = motion::quiet_guide(frame, mean_sigma);
        const auto centre = [&](const at::Tensor& picture) {
            return picture.narrow(1, context_px, side_).narrow(2, context_px, side_);
        };
        std::vector<at::Tensor> window;
        for (std::size_t k = middle - 2; k <= middle + 2; ++k) {
            if (k == middle) {
                window.push_back(centre(Coding::for_network(frame + extra * recorruption)));
                continue;
            }
            const at::Tensor neighbour = Coding::for_network(coded(k));
            const motion::FlowField flow =
                motion::guided_flow(guide, motion::quiet_guide(neighbour, mean_sigma),
                                    static_cast<int>(whole), static_cast<int>(whole));
            window.push_back(centre(motion::aligned(neighbour, flow)));
        }
        window.push_back(centre(sigma.mean(0, /*keepdim=*/true)) *
                         std::sqrt(1 + recorruption * recorruption));
        input.push_back(at::cat(window));
        target.push_back(centre(frame - extra / recorruption));
    }

    std::int64_t side_;
    std::vector<Clip> learn_, judge_;
};

}  // namespace

std::unique_ptr<TrainingData> noisy_dailies(const TrainSpec& spec, const TrainTools& tools) {
    return std::make_unique<NoisyDailies>(spec, tools);
}

}  // namespace wetgate::train

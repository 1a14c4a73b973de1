#include <ATen/ATen.h>
#include <fmt/format.h>

#include "core/error.h"
#include "train/footage.h"
#include "train/generators.h"
#include "train/training_data.h"

namespace wetgate::train {
namespace {

constexpr double light_share = 0.35;  // of the crops of inpaint and upscale; denoise: half

at::Tensor crop_of(const at::Tensor& picture, std::int64_t side, Dice& dice) {
    const std::int64_t y = dice.below(picture.size(1) - side + 1);
    const std::int64_t x = dice.below(picture.size(2) - side + 1);
    return picture.narrow(1, y, side).narrow(2, x, side).to(at::kFloat);
}

class CleanPictures final : public TrainingData {
public:
    CleanPictures(Task task, const TrainSpec& spec, const TrainTools& tools)
        : task_(task), side_(spec.patch_px) {
        const std::vector<FootageSpec> sources = all_footage(spec);
        const passes::Coding display = display_coding(tools.colors);
        bool full = false;
        for (std::size_t i = 0; i < sources.size() && !full; ++i) {
            Footage footage(sources[i], tools.colors, tools.log);
            const FrameRange range = sources[i].range.value_or(footage.range());
            const bool held = holds_out(i, sources.size());
            for (int frame = range.first; frame < range.end && !full; ++frame) {
                const at::Tensor picture = display.encode(footage.linear(frame)).clamp(0, 1).to(at::kHalf);
                if (picture.size(1) < side_ || picture.size(2) < side_) continue;
                full = !take(picture, held);
                if (!full) (held ? judge_ : learn_).push_back(picture);
            }
        }
        if (full) {
            tools.log(LogLevel::Warning,
                      fmt::format("no memory for more than {} pictures: the rest is left out",
                                  learn_.size() + judge_.size()));
        }
        if (learn_.empty())
            throw Error(ErrorKind::Usage, fmt::format("no picture is as large as patch_px {}", side_));
    }

    Batch batch(std::int64_t count, std::uint64_t seed, bool held_out) const override {
        const std::vector<at::Tensor>& pictures = held_out ? judge_ : learn_;
        Dice dice(seed);
        std::vector<at::Tensor> input, target, weight;
        for (std::int64_t i = 0; i < count; ++i) {
            const at::Tensor& picture =
                pictures[static_cast<std::size_t>(dice.below(static_cast<std::int64_t>(pictures.size())))];
            if (task_ == Task::Denoise) {
                const at::Tensor frames = moving_crops(picture.to(at::kFloat), side_, dice);
                const NoisyWindow window =
                    dice.chance(0.5) ? display_noise(frames, dice) : light_noise(frames, dice);
                input.push_back(window.input);
                target.push_back(window.target);
                continue;
            }
            at::Tensor clean = crop_of(picture, side_, dice);
            if (dice.chance(light_share)) clean = as_light(clean, dice);
            target.push_back(clean);
            if (task_ == Task::Upscale) {
                input.push_back(halved(clean));
                continue;
            }
            const at::Tensor mask = hole(side_, dice);
            input.push_back(at::cat({clean * (1 - mask), mask}));
            weight.push_back(mask / mask.mean());
        }
        return {at::stack(input), at::stack(target), weight.empty() ? at::Tensor() : at::stack(weight)};
    }

private:
    Task task_;
    std::int64_t side_;
    std::vector<at::Tensor> learn_, judge_;  // [3,H,W] float16 display-coded
};

}  // namespace

std::unique_ptr<TrainingData> clean_pictures(Task task, const TrainSpec& spec, const TrainTools& tools) {
    return std::make_unique<CleanPictures>(task, spec, tools);
}

}  // namespace wetgate::train

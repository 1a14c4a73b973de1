#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "core/error.h"
#include "core/hash.h"
#include "nets/tiles.h"
#include "passes/coding.h"
#include "passes/denoise_noise.h"
#include "train/footage.h"
#include "train/generators.h"
#include "train/prune.h"
#include "train/train.h"
#include "train/trainer.h"

// Note [The factory]
// The nets of the passes denoise, inpaint and upscale learn from clean pictures into which faults are planted
// (generators.h), half of them display-coded, half as scene light in ACEScct, so that they serve both. One
// picture in twenty is held out and gives the scores. With "noisy" denoise learns from dailies that nobody
// has clean: more of the noise that was measured in them is added to the frame, and as much taken from what
// is to be predicted, which makes the two independent (Pang et al., "Recorrupted-to-Recorrupted", 2021).

namespace wetgate::train {
namespace {

using nlohmann::json;
using passes::Coding;

constexpr double slope = 0.1;
constexpr std::size_t held_out_every = 20;
constexpr int held_out_batches = 8;
constexpr std::size_t most_pictures = 4000;
constexpr int window_frames = 5;
constexpr double recorruption = 0.5;

struct Kind {
    const char* task;
    const char* input;
    int frames;
    json network;
};

Kind kind_of(Task task) {
    switch (task) {
        case Task::Inpaint:
            return {"inpaint",
                    "R G B with the hole set to 0, then the mask (1 = hole)",
                    1,
                    {{"cin", 4},
                     {"widths", {32, 64, 96}},
                     {"blocks", 2},
                     {"mid", {1, 2, 4, 1}},
                     {"residual", 0}}};
        case Task::Upscale:
            return {"upscale", "R G B", 1, {{"cin", 3}, {"ch", 32}, {"blocks", 6}}};
        default:
            return {"denoise",
                    "five frames, R G B each, then the noise's standard deviation",
                    window_frames,
                    {{"cin", 16}, {"widths", {32, 64, 128}}, {"blocks", 1}, {"mid", {1}}, {"residual", 6}}};
    }
}

Task task_named(const std::string& name) {
    if (name == "inpaint") return Task::Inpaint;
    return name == "upscale" ? Task::Upscale : Task::Denoise;
}

at::Tensor display_coded(const Coding& coding, const at::Tensor& linear) {
    return coding.encode(linear).clamp(0, 1);
}

/// Pictures to learn from and, apart from them, to be judged by.
struct Pictures {
    std::vector<at::Tensor> learn, judge;  // [3,H,W] float32 display-coded
    std::string hash;
};

void keep(Pictures& pictures, std::size_t index, at::Tensor picture, const TrainSpec& spec) {
    if (picture.size(1) < spec.patch_px || picture.size(2) < spec.patch_px) return;
    const at::Tensor host = picture.contiguous();
    pictures.hash =
        content_hash(pictures.hash + content_hash(std::as_bytes(std::span(
                                         host.data_ptr<float>(), static_cast<std::size_t>(host.numel())))));
    (index % held_out_every == held_out_every - 1 ? pictures.judge : pictures.learn)
        .push_back(std::move(picture));
}

std::vector<FootageSpec> all_footage(const TrainSpec& spec) {
    std::vector<FootageSpec> all = spec.pictures;
    if (spec.stills.empty()) return all;
    std::vector<std::filesystem::path> files;
    std::error_code failed;
    for (const auto& entry : std::filesystem::directory_iterator(spec.stills, failed)) {
        const std::string type = entry.path().extension().string();
        if (type == ".jpg" || type == ".jpeg" || type == ".png") files.push_back(entry.path());
    }
    if (files.empty()) {
        throw Error(ErrorKind::Input, "holds no JPEG or PNG pictures",
                    {.file = spec.stills.string(), .shot = {}, .frame = {}});
    }
    std::sort(files.begin(), files.end());
    for (const std::filesystem::path& file : files) {
        FootageSpec& footage = all.emplace_back();
        footage.path = spec::PathPattern::parse(file.filename().string()).resolved(file.parent_path());
        footage.colorspace = "sRGB";
    }
    return all;
}

Pictures read_pictures(const TrainSpec& spec, const TrainTools& tools) {
    passes::PassContext context;
    context.color = &tools.colors;
    context.working_space = working_space;
    context.source_space = "sRGB";
    const Coding display(Coding::Kind::Plate, 0, context);
    Pictures pictures;
    std::size_t index = 0;
    for (const FootageSpec& source : all_footage(spec)) {
        Footage footage(source, tools.colors, tools.log);
        const FrameRange range = source.path.is_sequence() || footage.range().size() > 1
                                     ? source.range.value_or(footage.range())
                                     : FrameRange{0, 1};
        for (int frame = range.first; frame < range.end && index < most_pictures; ++frame, ++index)
            keep(pictures, index, display_coded(display, footage.linear(frame)), spec);
    }
    if (pictures.learn.empty())
        throw Error(ErrorKind::Usage, fmt::format("no picture is as large as patch_px {}", spec.patch_px));
    if (pictures.judge.empty())
        pictures.judge = pictures.learn;  // too few to hold any out: the report says so
    return pictures;
}

at::Tensor crop_of(const at::Tensor& picture, std::int64_t side, Dice& dice) {
    const std::int64_t y = dice.below(picture.size(1) - side + 1);
    const std::int64_t x = dice.below(picture.size(2) - side + 1);
    return picture.narrow(1, y, side).narrow(2, x, side);
}

Batch planted(Task task, const std::vector<at::Tensor>& pictures, std::int64_t count, std::int64_t side,
              std::uint64_t seed) {
    Dice dice(seed);
    std::vector<at::Tensor> input, target, weight;
    for (std::int64_t i = 0; i < count; ++i) {
        const at::Tensor& picture =
            pictures[static_cast<std::size_t>(dice.below(static_cast<std::int64_t>(pictures.size())))];
        if (task == Task::Denoise) {
            const at::Tensor frames = moving_crops(picture, side, dice);
            const NoisyWindow window = i % 2 == 0 ? display_noise(frames, dice) : light_noise(frames, dice);
            input.push_back(window.input);
            target.push_back(window.target);
            continue;
        }
        at::Tensor clean = crop_of(picture, side, dice);
        if (i % 3 == 2) clean = as_light(clean, dice);
        target.push_back(clean);
        if (task == Task::Upscale) {
            input.push_back(halved(clean));
            continue;
        }
        const at::Tensor mask = hole(side, dice);
        input.push_back(at::cat({clean * (1 - mask), mask}));
        weight.push_back(mask / mask.mean());
    }
    return {at::stack(input), at::stack(target), weight.empty() ? at::Tensor() : at::stack(weight)};
}

/// Windows of noisy dailies, recorrupted.
class NoisyDailies {
public:
    NoisyDailies(const TrainSpec& spec, const TrainTools& tools) {
        for (const FootageSpec& source : spec.pictures) {
            Footage footage(source, tools.colors, tools.log);
            passes::PassContext context;
            context.color = &tools.colors;
            context.working_space = working_space;
            context.source_space = tools.colors.resolve(source.colorspace);
            const bool light = passes::coding_kind("auto", context) == Coding::Kind::AcesCct;
            Clip clip{Coding(light ? Coding::Kind::AcesCct : Coding::Kind::Plate, 0, context), {}, {}, {}};
            std::vector<passes::denoise::NoiseBins> bins;
            const FrameRange range = source.range.value_or(footage.range());
            for (int frame = range.first; frame < range.end; ++frame) {
                const at::Tensor linear = footage.linear(frame);
                const at::Tensor domain = light ? linear : clip.coding.encode(linear);
                bins.push_back(passes::denoise::measure_noise(
                    domain, clip.domain.empty() ? at::Tensor() : clip.domain.back(), light));
                clip.domain.push_back(domain);
                clip.coded.push_back(clip.coding.encode(linear));
            }
            if (clip.coded.size() < window_frames) {
                throw Error(ErrorKind::Usage,
                            fmt::format("noisy dailies need at least {} frames", window_frames),
                            {.file = source.path.text(), .shot = {}, .frame = {}});
            }
            clip.noise = passes::denoise::fit_noise(bins).model;
            clips_.push_back(std::move(clip));
        }
    }

    Batch batch(std::int64_t count, std::int64_t side, std::uint64_t seed) const {
        Dice dice(seed);
        std::vector<at::Tensor> input, target;
        for (std::int64_t i = 0; i < count; ++i) {
            const Clip& clip =
                clips_[static_cast<std::size_t>(dice.below(static_cast<std::int64_t>(clips_.size())))];
            const auto frames = static_cast<std::int64_t>(clip.coded.size());
            const auto middle = static_cast<std::size_t>(2 + dice.below(frames - 4));
            const std::int64_t y = dice.below(clip.coded[0].size(1) - side + 1);
            const std::int64_t x = dice.below(clip.coded[0].size(2) - side + 1);
            const auto cut = [&](const at::Tensor& t) { return t.narrow(1, y, side).narrow(2, x, side); };
            const at::Tensor smooth =
                at::avg_pool2d(cut(clip.domain[middle]).unsqueeze(0), {5, 5}, {1, 1}, {2, 2}, false, false)
                    .squeeze(0)
                    .clamp_min(0);
            at::Tensor sigma = clip.noise.sigma(smooth);
            if (clip.coding.kind() == Coding::Kind::AcesCct) sigma = sigma * clip.coding.slope(smooth);
            const at::Tensor extra = sigma * dice.normal(sigma.sizes());
            std::vector<at::Tensor> window;
            for (std::size_t k = middle - 2; k <= middle + 2; ++k) window.push_back(cut(clip.coded[k]));
            target.push_back(window[2] - extra / recorruption);
            window[2] = window[2] + extra * recorruption;
            window.push_back(sigma.mean(0, /*keepdim=*/true) * std::sqrt(1 + recorruption * recorruption));
            input.push_back(at::cat(window));
        }
        return {at::stack(input), at::stack(target), {}};
    }

private:
    struct Clip {
        Coding coding;
        std::vector<at::Tensor> coded, domain;
        passes::denoise::NoiseModel noise;
    };
    std::vector<Clip> clips_;
};

double psnr_of(const at::Tensor& made, const Batch& batch) {
    const at::Tensor square = (made - batch.target).square();
    const at::Tensor mean =
        batch.weight.defined() ? (square * batch.weight).sum() / (batch.weight.sum() * 3) : square.mean();
    return -10 * std::log10(std::max(1e-12, mean.item<double>()));
}

double mean_psnr(const nets::Network& network, const std::vector<Batch>& batches) {
    double sum = 0;
    for (const Batch& batch : batches) sum += psnr_of(network.forward(batch.input), batch);
    return sum / static_cast<double>(batches.size());
}

/// What a held-out batch is without any net: its own pixels (twice as large by pixel doubling).
at::Tensor untouched(Task task, const Batch& batch) {
    if (task == Task::Denoise) return batch.input.narrow(1, 6, 3);
    const at::Tensor rgb = batch.input.narrow(1, 0, 3);
    return task == Task::Upscale ? rgb.repeat_interleave(2, 2).repeat_interleave(2, 3) : rgb;
}

json contract_of(const Kind& kind) {
    return {{"input", kind.input},
            {"output", "R G B"},
            {"coding", {"display", "acescct"}},
            {"frames", kind.frames}};
}

/// Card and weights of the model to start from.
struct Start {
    nets::ModelCard card;
    nets::Tensors weights;
};
Start start_of(const TrainSpec& spec, const TrainTools& tools, const std::string& task) {
    Start start;
    start.card = tools.models.card({spec.start, task});
    tools.models.load({spec.start, task});  // checks the hash
    start.weights = nets::read_safetensors(start.card.weights);
    return start;
}

std::vector<Batch> judging(Task task, const Pictures& pictures, const TrainSpec& spec) {
    std::vector<Batch> batches;
    for (int i = 0; i < held_out_batches; ++i)
        batches.push_back(planted(task, pictures.judge, 4, spec.patch_px,
                                  spec.seed + 7'000'000'000ULL + static_cast<std::uint64_t>(i)));
    return batches;
}

}  // namespace

TrainedModel train_factory(const TrainSpec& spec, const TrainTools& tools) {
    const Kind kind = kind_of(spec.task);
    const bool sr = spec.task == Task::Upscale;
    json hyper = kind.network;
    hyper["slope"] = slope;
    hyper.update(spec.network);
    if (sr && hyper.contains("widths")) hyper["ch"] = hyper.at("widths").front();
    TrainedModel model;
    model.shape = nets::network_shape(sr ? "srnet" : "resunet", hyper, spec.name);
    nets::Tensors start = nets::fresh_weights(model.shape, spec.seed);
    if (!spec.start.empty()) {
        Start given = start_of(spec, tools, kind.task);
        model.shape = given.card.shape;
        start = std::move(given.weights);
    }

    std::optional<NoisyDailies> dailies;
    std::vector<Batch> judges;
    Pictures pictures;
    const std::uint64_t first_seed = spec.seed * 1'000'003;
    BatchMaker batches;
    if (spec.noisy) {
        dailies.emplace(spec, tools);
        for (int i = 0; i < held_out_batches; ++i)
            judges.push_back(dailies->batch(4, spec.patch_px,
                                            spec.seed + 7'000'000'000ULL + static_cast<std::uint64_t>(i)));
        batches = [&](std::int64_t step) {
            return dailies->batch(spec.batch, spec.patch_px, first_seed + static_cast<std::uint64_t>(step));
        };
    } else {
        pictures = read_pictures(spec, tools);
        judges = judging(spec.task, pictures, spec);
        batches = [&](std::int64_t step) {
            return planted(spec.task, pictures.learn, spec.batch, spec.patch_px,
                           first_seed + static_cast<std::uint64_t>(step));
        };
    }

    Recipe recipe;
    recipe.steps = spec.steps;
    recipe.learning_rate = spec.learning_rate;
    recipe.loss = spec.noisy ? Loss::Square : Loss::Charbonnier;
    recipe.device = tools.device;
    recipe.identity = content_hash(spec.json.dump() + pictures.hash);
    recipe.checkpoint = spec.work / "all.checkpoint";
    recipe.checkpoint_every = spec.checkpoint_every;
    recipe.stop = tools.stop;
    recipe.progress = [&](std::int64_t step, double loss) {
        if (tools.progress) tools.progress({kind.task, step, spec.steps, loss});
    };
    const double before = mean_psnr(nets::Network(model.shape, start, spec.name), judges);
    const Trained trained = train_network(model.shape, start, batches, recipe);
    const nets::Network network(model.shape, trained.weights, spec.name);
    double plain = 0;
    for (const Batch& batch : judges)
        plain += psnr_of(untouched(spec.task, batch), batch) / static_cast<double>(judges.size());

    model.weights = trained.weights;
    model.task = kind.task;
    model.contract = contract_of(kind);
    model.data_hash = spec.noisy ? "dailies" : pictures.hash;
    model.scores = {{"held_out_psnr", mean_psnr(network, judges)}, {"held_out_psnr_untouched", plain}};
    model.report = {{"held_out_psnr", model.scores["held_out_psnr"]},
                    {"held_out_psnr_at_start", before},
                    {"held_out_psnr_untouched", plain},
                    {"pictures", pictures.learn.size()},
                    {"pictures_held_out", pictures.judge.size()},
                    {"loss_curve", trained.losses},
                    {"dead_channels", dead_channels(network, {judges[0].input, judges[1].input}).share},
                    {"steps", spec.steps}};
    const Batch& shown = judges.front();
    for (const at::Tensor& picture :
         {untouched(spec.task, shown), network.forward(shown.input), shown.target})
        model.crops.push_back(picture[0]);
    return model;
}

TrainedModel prune_model(const TrainSpec& spec, const TrainTools& tools) {
    TrainedModel model;
    const Start start = start_of(spec, tools, "");
    model.task = start.card.task;
    const Task task = task_named(model.task);
    const Pictures pictures = read_pictures(spec, tools);
    model.shape = start.card.shape;
    const nets::Network whole(model.shape, start.weights, spec.start);
    std::vector<at::Tensor> inputs;
    for (int i = 0; i < spec.steps; ++i) {
        inputs.push_back(planted(task, pictures.learn, spec.batch, spec.patch_px,
                                 spec.seed + static_cast<std::uint64_t>(i))
                             .input);
        if (tools.progress) tools.progress({"reading pictures", i + 1, spec.steps, 0});
    }
    const DeadChannels dead = dead_channels(whole, inputs);
    model.weights = pruned(model.shape, start.weights, dead);
    const nets::Network network(model.shape, model.weights, spec.name);
    const std::vector<Batch> judges = judging(task, pictures, spec);
    double difference = 0;
    for (const Batch& batch : judges) {
        difference =
            std::max(difference,
                     (network.forward(batch.input) - whole.forward(batch.input)).abs().max().item<double>());
    }
    model.contract = start.card.json.at("contract");
    model.data_hash = pictures.hash;
    model.scores = start.card.json.value("scores", json::object());
    model.report = {{"dead_channels_cut", dead.share},
                    {"held_out_psnr", mean_psnr(network, judges)},
                    {"held_out_psnr_at_start", mean_psnr(whole, judges)},
                    {"largest_difference_held_out", difference}};
    return model;
}

}  // namespace wetgate::train

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/hash.h"
#include "nets/model_store.h"
#include "train/prune.h"
#include "train/train.h"
#include "train/trainer.h"
#include "train/training_data.h"

// Note [The factory]
// The nets of the passes learn from clean pictures into which faults are planted (generators.h),
// display-coded or as scene light in ACEScct by turns, so that they serve both. Whole clips and stills are
// held out and give the scores. With "noisy" denoise learns from dailies that nobody has clean: more of the
// noise that was measured in them is added to the frame, and as much taken from what is to be predicted,
// which makes the two independent (Pang et al., "Recorrupted-to-Recorrupted", 2021).

namespace wetgate::train {
namespace {

using nlohmann::json;

constexpr double slope = 0.1;
constexpr int held_out_batches = 8;
constexpr int window_frames = 5;

struct Kind {
    const char* task;
    const char* input;
    int frames;
    json network;
    const char* output = "R G B";
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
            {"output", kind.output},
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
    if (start.card.shows && !spec.shows.is_array()) {
        throw Error(
            ErrorKind::Model,
            fmt::format("model '{}' may run on some shows only: name them in \"shows\"", start.card.name));
    }
    for (const json& show : spec.shows.is_array() ? spec.shows : json::array())
        nets::ModelStore::check_scope(start.card, show.get<std::string>());
    tools.models.load({spec.start, task});  // checks the hash
    start.weights = nets::read_safetensors(start.card.weights);
    return start;
}

std::vector<Batch> judging(const TrainingData& data, const TrainSpec& spec) {
    std::vector<Batch> batches;
    for (int i = 0; i < held_out_batches && data.held_out() > 0; ++i)
        batches.push_back(
            data.batch(4, spec.seed + 7'000'000'000ULL + static_cast<std::uint64_t>(i), /*held_out=*/true));
    return batches;
}

/// What is known of a net from what it never saw; nothing where nothing could be held out. What noisy dailies
/// are judged by is noisy itself, so that only the error's change tells something.
json judged(const nets::Network& network, const nets::Network& start, const std::vector<Batch>& judges,
            const TrainSpec& spec, Task task) {
    if (judges.empty()) return json::object();
    const double score = mean_psnr(network, judges);
    if (spec.noisy) return {{"held_out_gain_db", score - mean_psnr(start, judges)}};
    double plain = 0;
    for (const Batch& batch : judges)
        plain += psnr_of(untouched(task, batch), batch) / static_cast<double>(judges.size());
    return {{"held_out_psnr", score},
            {"held_out_psnr_at_start", mean_psnr(start, judges)},
            {"held_out_psnr_untouched", plain}};
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
        model.start = given.card;
        start = std::move(given.weights);
    }
    check_patch(spec, model.shape);

    const std::unique_ptr<TrainingData> data = training_data(spec.task, spec, tools);
    const std::vector<Batch> judges = judging(*data, spec);
    Recipe recipe;
    recipe.steps = spec.steps;
    recipe.learning_rate = spec.learning_rate;
    recipe.loss = spec.noisy ? Loss::Square : Loss::Charbonnier;
    recipe.device = tools.device;
    recipe.identity =
        content_hash(spec.json.dump() + data->hash() + (model.start ? model.start->sha256 : ""));
    recipe.checkpoint = checkpoint_file(spec, "all");
    recipe.checkpoint_every = spec.checkpoint_every;
    recipe.stop = tools.stop;
    recipe.progress = [&](std::int64_t step, double loss) {
        const double overall = static_cast<double>(step) / spec.steps;
        if (tools.progress) tools.progress({kind.task, step, spec.steps, loss, overall});
    };
    const std::uint64_t first_seed = spec.seed * 1'000'003;
    const Trained trained = train_network(
        model.shape, start,
        [&](std::int64_t step) {
            return data->batch(spec.batch, first_seed + static_cast<std::uint64_t>(step), /*held_out=*/false);
        },
        recipe);
    const nets::Network network(model.shape, trained.weights, spec.name);

    model.weights = trained.weights;
    model.task = kind.task;
    model.contract = contract_of(kind);
    model.data_hash = data->hash();
    model.scores = judged(network, nets::Network(model.shape, start, spec.name), judges, spec, spec.task);
    model.report = model.scores;
    model.report.update({{"pictures", data->learned()},
                         {"pictures_held_out", data->held_out()},
                         {"loss_curve", trained.losses},
                         {"steps", spec.steps}});
    const Batch shown = judges.empty() ? data->batch(4, first_seed, /*held_out=*/false) : judges.front();
    DeadChannelCount dead(network);
    dead.add(shown.input);
    for (const Batch& batch : judges) dead.add(batch.input);
    model.report["dead_channels"] = dead.share();
    // The example of the batch in which there is most to do.
    const at::Tensor before = untouched(spec.task, shown);
    const auto most = (before - shown.target).square().mean({1, 2, 3}).argmax().item<std::int64_t>();
    for (const at::Tensor& picture : {before, network.forward(shown.input), shown.target})
        model.crops.push_back(picture[most]);
    return model;
}

TrainedModel prune_model(const TrainSpec& spec, const TrainTools& tools) {
    TrainedModel model;
    const Start start = start_of(spec, tools, "");
    model.task = start.card.task;
    if (model.task == "fix")
        throw Error(ErrorKind::Usage,
                    fmt::format("'{}' is a shot's own net: only nets of passes are pruned", start.card.name));
    const Task task = task_named(model.task);
    model.shape = start.card.shape;
    check_patch(spec, model.shape);
    const std::unique_ptr<TrainingData> data = training_data(task, spec, tools);
    model.start = start.card;
    const nets::Network whole(model.shape, start.weights, spec.start);
    DeadChannelCount dead(whole);
    for (int i = 0; i < spec.steps; ++i) {
        dead.add(
            data->batch(spec.batch, spec.seed + static_cast<std::uint64_t>(i), /*held_out=*/false).input);
        if (tools.stop.stop_requested())
            throw Error(ErrorKind::Cancelled, "stopped by a signal; nothing was written");
        if (tools.progress)
            tools.progress({"looking for dead channels", i + 1, spec.steps, 0, (i + 1.0) / spec.steps});
    }
    model.weights = pruned(model.shape, start.weights, dead.dead());
    const nets::Network network(model.shape, model.weights, spec.name);
    const std::vector<Batch> judges = judging(*data, spec);
    double difference = 0;
    for (const Batch& batch : judges) {
        difference =
            std::max(difference,
                     (network.forward(batch.input) - whole.forward(batch.input)).abs().max().item<double>());
    }
    model.contract = start.card.json.at("contract");
    model.data_hash = data->hash();
    model.scores = start.card.json.value("scores", json::object());
    model.report = judged(network, whole, judges, spec, task);
    model.report["dead_channels_cut"] = dead.share();
    if (!judges.empty()) model.report["largest_difference_held_out"] = difference;
    return model;
}

}  // namespace wetgate::train

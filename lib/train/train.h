#pragma once
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>

#include "color/color.h"
#include "core/log.h"
#include "nets/job_models.h"
#include "train/model_writer.h"
#include "train/train_spec.h"

namespace wetgate::train {

/// How far a training is: `what` in words, `done` of `total` steps, the loss of the last one, and the share
/// [0,1] of all that there is to do.
struct TrainProgress {
    std::string what;
    std::int64_t done = 0, total = 0;
    double loss = 0;
    double overall = 0;
};

/// What training runs with. References outlive it.
struct TrainTools {
    const color::Config& colors;
    const nets::JobModels& models;  ///< for "start"
    c10::Device device;
    Log log;
    std::function<void(const TrainProgress&)> progress;
    std::stop_token stop;
};

/// Where a training of the spec keeps its state.
std::filesystem::path checkpoint_file(const TrainSpec& spec, const std::string& training);
/// Error{Usage} when crops of patch_px do not fit the network.
void check_patch(const TrainSpec& spec, const nets::NetworkShape& shape);

/// Learns a fix from the key frames. See Note [Learning from key frames].
TrainedModel train_pairs(const TrainSpec& spec, const TrainTools& tools);
/// Trains or fine-tunes the net of a pass on pictures with planted faults. See Note [The factory].
TrainedModel train_factory(const TrainSpec& spec, const TrainTools& tools);
/// Cuts a model's dead channels.
TrainedModel prune_model(const TrainSpec& spec, const TrainTools& tools);

/// The task of the spec, written out. Error{Usage} when the model is there already, unless it may be
/// overwritten.
void train(const TrainSpec& spec, const TrainTools& tools, bool overwrite = false);

}  // namespace wetgate::train

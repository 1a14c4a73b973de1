#pragma once
#include <functional>
#include <stop_token>
#include <string>

#include "color/color.h"
#include "core/log.h"
#include "nets/job_models.h"
#include "train/model_writer.h"
#include "train/train_spec.h"

namespace wetgate::train {

/// How far a training is: `what` in words, `done` of `total` steps, and the loss of the last one.
struct TrainProgress {
    std::string what;
    std::int64_t done = 0, total = 0;
    double loss = 0;
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

/// Learns a fix from the key frames. See Note [Learning from key frames].
TrainedModel train_pairs(const TrainSpec& spec, const TrainTools& tools);
/// Trains or fine-tunes the net of a pass on pictures with planted faults. See Note [The factory].
TrainedModel train_factory(const TrainSpec& spec, const TrainTools& tools);
/// Cuts a model's dead channels.
TrainedModel prune_model(const TrainSpec& spec, const TrainTools& tools);

/// The task of the spec, written out.
void train(const TrainSpec& spec, const TrainTools& tools);

}  // namespace wetgate::train

#pragma once
#include <ATen/core/Tensor.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "nets/model_card.h"
#include "nets/network_shape.h"
#include "nets/safetensors.h"
#include "train/train_spec.h"

namespace wetgate::train {

/// What training made, beside the weights.
struct TrainedModel {
    nets::NetworkShape shape;
    nets::Tensors weights;
    std::string task;         ///< of the card
    nlohmann::json contract;  ///< of the card
    nlohmann::json scores = nlohmann::json::object();
    nlohmann::json report = nlohmann::json::object();  ///< curve, dead channels, held-out scores
    std::vector<at::Tensor> crops;         ///< [3,H,W] coded, about 0..1: input, output and target
    std::string data_hash;                 ///< of everything that it learned from
    std::optional<nets::ModelCard> start;  ///< what it was made from
};

/// Writes NAME.safetensors (float16), NAME.json, NAME.training.json and NAME.crops.png into the spec's output
/// folder, the card last. Error{Output} where that fails.
void write_model(const TrainSpec& spec, const TrainedModel& model);

/// Hyper-parameters as a card has them.
nlohmann::json hyper_parameters(const nets::NetworkShape& shape);

}  // namespace wetgate::train

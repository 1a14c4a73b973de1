#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "nets/network_shape.h"

namespace wetgate::nets {

/// What a model is, what it was made from and where it may run: schemas/model_card.schema.json.
struct ModelCard {
    std::string name;
    std::string task;
    NetworkShape shape;
    int frames = 1;  ///< of its window
    std::filesystem::path weights;
    std::string sha256;
    std::string licence;
    std::optional<std::vector<std::string>> shows;  ///< absent: any show
    nlohmann::json json;                            ///< the whole card

    bool allows(const std::string& show) const;
};

/// Reads a card and checks it. Error{Model} with every problem of the file.
ModelCard read_model_card(const std::filesystem::path& file);

}  // namespace wetgate::nets

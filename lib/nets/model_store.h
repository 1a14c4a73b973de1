#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "nets/model_card.h"
#include "nets/network.h"

namespace wetgate::nets {

/// A card that was read, or why it was not.
struct StoredModel {
    std::filesystem::path file;
    std::optional<ModelCard> card;
    std::string problem;
};

/// Where models lie: `given` (--models) if there is one, else $WETGATE_MODELS, else `models` beside the
/// binary.
std::filesystem::path model_folder(const std::optional<std::filesystem::path>& given);

/// What the report of a training is called beside the card NAME.json: NAME.training.json.
inline constexpr const char* report_suffix = ".training.json";

/// The models of one folder: NAME.json with its weights beside it.
class ModelStore {
public:
    /// Error{Model} when the folder is not there.
    explicit ModelStore(std::filesystem::path folder);

    /// Every card of the folder, by file name. Weights are not read.
    std::vector<StoredModel> list() const;
    /// The card of a model. Error{Model} with the names that there are, if it is not among them.
    ModelCard card(const std::string& name) const;
    /// Error{Model} when the card does not allow the show.
    static void check_scope(const ModelCard& card, const std::string& show);
    /// The bytes of the model's weights, which are those of its card; Error{Model} otherwise.
    static std::string checked_weights(const ModelCard& card);
    /// A model that may run on `show`, from weights that are those of its card. Error{Model} when the card
    /// does not allow the show, or the weights are missing, altered or of another network.
    Network load(const ModelCard& card, const std::string& show) const;

private:
    std::vector<std::filesystem::path> card_files() const;

    std::filesystem::path folder_;
};

}  // namespace wetgate::nets

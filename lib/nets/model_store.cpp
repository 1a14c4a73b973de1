#include "nets/model_store.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <system_error>
#include <utility>

#include "core/atomic_file.h"
#include "core/error.h"
#include "nets/safetensors.h"
#include "nets/sha256.h"

namespace wetgate::nets {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kMostWeightBytes = std::int64_t{2} << 30;
constexpr std::size_t kMostCards = 1000;

std::string read_weights(const ModelCard& card) {
    try {
        return read_text(card.weights, kMostWeightBytes);
    } catch (const Error& error) {
        throw Error(ErrorKind::Model, error.message(), error.context());
    }
}

}  // namespace

fs::path model_folder(const std::optional<fs::path>& given) {
    if (given) return *given;
    if (const char* named = std::getenv("WETGATE_MODELS"); named != nullptr && *named != '\0') return named;
    std::error_code failed;
    const fs::path binary = fs::read_symlink("/proc/self/exe", failed);
    return binary.parent_path() / "models";
}

ModelStore::ModelStore(fs::path folder) : folder_(std::move(folder)) {
    std::error_code failed;
    if (!fs::is_directory(folder_, failed)) {
        throw Error(ErrorKind::Model,
                    "there is no such folder of models; name one with --models or $WETGATE_MODELS",
                    {folder_.string(), {}, {}});
    }
}

std::vector<StoredModel> ModelStore::list() const {
    std::vector<StoredModel> models;
    std::error_code failed;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder_, failed)) {
        const fs::path& file = entry.path();
        if (file.extension() == ".json" && !file.filename().string().starts_with('.'))
            models.push_back({file, std::nullopt, ""});
        if (models.size() > kMostCards)
            throw Error(ErrorKind::Model, fmt::format("the folder has more than {} cards", kMostCards),
                        {folder_.string(), {}, {}});
    }
    std::sort(models.begin(), models.end(),
              [](const StoredModel& a, const StoredModel& b) { return a.file < b.file; });
    for (StoredModel& model : models) {
        try {
            model.card = read_model_card(model.file);
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::Model) throw;
            model.problem = error.message();
        }
    }
    return models;
}

ModelCard ModelStore::card(const std::string& name) const {
    std::vector<std::string> names;
    for (const StoredModel& model : list()) {
        if (model.file.stem() == name) return read_model_card(model.file);  // throws what is wrong with it
        names.push_back(model.file.stem().string());
    }
    throw Error(ErrorKind::Model,
                fmt::format("there is no model '{}' (there {} {})", name, names.empty() ? "are" : "is",
                            names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "))),
                {folder_.string(), {}, {}});
}

Network ModelStore::load(const ModelCard& card, const std::string& show) const {
    if (!card.allows(show)) {
        throw Error(ErrorKind::Model, fmt::format("model '{}' may not run on show '{}': its card allows {}",
                                                  card.name, show, fmt::join(*card.shows, ", ")));
    }
    const std::string bytes = read_weights(card);
    const auto weights = std::as_bytes(std::span(bytes));
    if (const std::string hash = sha256(weights); hash != card.sha256) {
        throw Error(
            ErrorKind::Model,
            fmt::format("the weights of model '{}' are not those of its card (SHA-256 {}, the card says {}); "
                        "fetch both again",
                        card.name, hash, card.sha256),
            {card.weights.string(), {}, {}});
    }
    return Network(card.shape, parse_safetensors(weights, card.weights.string()), card.name);
}

}  // namespace wetgate::nets

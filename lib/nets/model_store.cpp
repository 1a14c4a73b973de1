#include "nets/model_store.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <system_error>
#include <utility>

#include "core/binary_folder.h"
#include "core/error.h"
#include "nets/safetensors.h"
#include "nets/sha256.h"

namespace wetgate::nets {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostCards = 1000;

}  // namespace

fs::path model_folder(const std::optional<fs::path>& given) {
    if (given) return *given;
    if (const char* named = std::getenv("WETGATE_MODELS"); named != nullptr && *named != '\0') return named;
    return binary_folder() / "models";
}

ModelStore::ModelStore(fs::path folder) : folder_(std::move(folder)) {
    std::error_code failed;
    if (!fs::is_directory(folder_, failed)) {
        throw Error(ErrorKind::Model,
                    "there is no such folder of models; name one with --models or $WETGATE_MODELS",
                    {folder_.string(), {}, {}});
    }
}

std::vector<fs::path> ModelStore::card_files() const {
    std::vector<fs::path> files;
    std::error_code failed;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder_, failed)) {
        const fs::path& file = entry.path();
        const std::string name = file.filename().string();
        const bool hidden = name.starts_with('.');
        if (file.extension() == ".json" && !hidden && !name.ends_with(report_suffix)) files.push_back(file);
        if (files.size() > kMostCards)
            throw Error(ErrorKind::Model, fmt::format("the folder has more than {} cards", kMostCards),
                        {folder_.string(), {}, {}});
    }
    std::sort(files.begin(), files.end());
    return files;
}

std::vector<StoredModel> ModelStore::list() const {
    std::vector<StoredModel> models;
    for (const fs::path& file : card_files()) {
        StoredModel& model = models.emplace_back(StoredModel{file, std::nullopt, ""});
        try {
            model.card = read_model_card(file);
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::Model) throw;
            model.problem = error.message();
        }
    }
    return models;
}

ModelCard ModelStore::card(const std::string& name) const {
    std::vector<std::string> names;
    for (const fs::path& file : card_files()) {
        if (file.stem() == name) return read_model_card(file);  // throws what is wrong with it
        names.push_back(file.stem().string());
    }
    throw Error(ErrorKind::Model,
                fmt::format("there is no model '{}' (there {} {})", name, names.empty() ? "are" : "is",
                            names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "))),
                {folder_.string(), {}, {}});
}

void ModelStore::check_scope(const ModelCard& card, const std::string& show) {
    if (card.allows(show)) return;
    throw Error(ErrorKind::Model, fmt::format("model '{}' may not run on show '{}': its card allows {}",
                                              card.name, show, fmt::join(*card.shows, ", ")));
}

std::string ModelStore::checked_weights(const ModelCard& card) {
    std::string bytes = read_weights(card.weights);
    const std::string hash = sha256(std::as_bytes(std::span(bytes)));
    if (hash == card.sha256) return bytes;
    throw Error(
        ErrorKind::Model,
        fmt::format("the weights of model '{}' are not those of its card (SHA-256 {}, the card says {}); "
                    "fetch both again",
                    card.name, hash, card.sha256),
        {card.weights.string(), {}, {}});
}

Network ModelStore::load(const ModelCard& card, const std::string& show) const {
    check_scope(card, show);
    const std::string bytes = checked_weights(card);
    if (card.shape.kind == NetworkShape::Kind::Script) return Network(card.shape, bytes, card.name);
    return Network(card.shape, parse_safetensors(std::as_bytes(std::span(bytes)), card.weights.string()),
                   card.name);
}

}  // namespace wetgate::nets

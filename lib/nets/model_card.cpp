#include "nets/model_card.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "spec/embedded.h"
#include "spec/rules.h"
#include "spec/schema.h"
#include "spec/strict_json.h"

namespace wetgate::nets {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

const json& card_schema() {
    static const json schema = json::parse(spec::embedded_schemas().at("model_card.schema.json"));
    return schema;
}

/// A name that cannot leave the card's folder.
bool is_plain_file_name(const std::string& name) {
    return fs::path(name).filename() == name && !name.starts_with('.');
}

std::vector<spec::Problem> problems_of(const json& card, const fs::path& file) {
    std::vector<spec::Problem> problems;
    spec::Rules(card_schema()).check(card_schema(), card, "", problems);
    spec::add_unreported(problems, spec::Schema(card_schema()).problems(card));
    if (!problems.empty()) return problems;
    if (card.at("name") != file.stem().string())
        problems.push_back(
            {"/name", "must be the name of the card's file, '" + file.stem().string() + "'", ""});
    if (!is_plain_file_name(card.at("weights").get<std::string>()))
        problems.push_back({"/weights", "must be the name of a file beside the card", ""});
    const auto& hash = card.at("sha256").get_ref<const std::string&>();
    if (hash.find_first_not_of("0123456789abcdef") != std::string::npos)
        problems.push_back({"/sha256", "must be 64 digits 0-9 a-f", ""});
    return problems;
}

}  // namespace

bool ModelCard::allows(const std::string& show) const {
    return !shows || std::find(shows->begin(), shows->end(), show) != shows->end();
}

ModelCard read_model_card(const fs::path& file) {
    ModelCard card;
    try {
        card.json = spec::read_strict_json(file);
    } catch (const Error& error) {
        throw Error(ErrorKind::Model, error.message(), error.context());
    }
    if (const auto problems = problems_of(card.json, file); !problems.empty()) {
        std::string text = "the model card cannot be used; correct it:";
        for (const spec::Problem& problem : problems) text += "\n  " + to_string(problem);
        throw Error(ErrorKind::Model, text, {file.string(), {}, {}});
    }
    card.name = card.json.at("name");
    card.task = card.json.at("task");
    card.shape = network_shape(card.json.at("architecture"), card.json.at("hyper_parameters"), card.name);
    if (card.shape.where && card.task != "fix")
        throw Error(ErrorKind::Model, fmt::format("model '{}': \"where\" is only for task fix", card.name));
    card.frames = card.json.at("contract").at("frames");
    card.weights = file.parent_path() / card.json.at("weights").get<std::string>();
    card.sha256 = card.json.at("sha256");
    card.licence = card.json.at("licence");
    const json& shows = card.json.at("scope").at("shows");
    if (shows.is_array()) card.shows = shows.get<std::vector<std::string>>();
    return card;
}

}  // namespace wetgate::nets

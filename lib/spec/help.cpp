#include "spec/help.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <vector>

#include "spec/pass_schemas.h"
#include "spec/rules.h"

namespace wetgate::spec {
namespace {

using nlohmann::json;

constexpr std::size_t columns = 100;

std::string text_at(const json& object, const char* key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::string first_sentence(const std::string& text) {
    const auto end = text.find(". ");
    std::string sentence = text.substr(0, end);
    if (end == std::string::npos && sentence.ends_with('.')) sentence.pop_back();
    return sentence;
}

/// Words of `text` in lines of at most `columns`, each behind `indent` spaces. Bytes are counted, so lines
/// with other letters than ASCII end a little early.
std::string wrapped(std::string_view text, std::size_t indent) {
    std::string lines;
    std::size_t used = 0;
    while (!text.empty()) {
        const auto start = text.find_first_not_of(" \n\t");
        if (start == std::string_view::npos) break;
        const auto end = std::min(text.find_first_of(" \n\t", start), text.size());
        const std::string_view word = text.substr(start, end - start);
        text.remove_prefix(end);
        if (used != 0 && used + 1 + word.size() > columns) {
            lines += '\n';
            used = 0;
        }
        if (used == 0) {
            lines += std::string(indent, ' ');
            used = indent;
        } else {
            lines += ' ';
            ++used;
        }
        lines += word;
        used += word.size();
    }
    return lines.empty() ? lines : lines + "\n";
}

std::string type_of(const json& rule) {
    if (rule.contains("enum")) {
        std::string choices;
        for (const json& choice : rule["enum"]) {
            choices += (choices.empty() ? "" : " | ") +
                       (choice.is_string() ? choice.get<std::string>() : choice.dump());
        }
        return choices;
    }
    if (!rule.contains("type")) return "value";
    const auto word = [](const json& type) -> std::string {
        if (type == "string") return "text";
        if (type == "integer") return "whole number";
        if (type == "boolean") return "true | false";
        if (type == "array") return "list";
        return type.is_string() ? type.get<std::string>() : "value";
    };
    if (!rule["type"].is_array()) {
        if (rule["type"] == "array" && rule.contains("items") && rule["items"].contains("type")) {
            return "list of " + word(rule["items"]["type"]) + "s";
        }
        if (rule["type"] == "string" && text_at(rule, "format") == "input-file") return "file";
        return word(rule["type"]);
    }
    std::string words;
    for (const json& type : rule["type"]) words += (words.empty() ? "" : " | ") + word(type);
    return words;
}

std::string range_of(const json& rule) {
    std::string text;
    const auto bound = [&](const char* key, const char* words) {
        if (rule.contains(key)) text += (text.empty() ? "" : ", ") + std::string(words) + rule[key].dump();
    };
    if (rule.contains("minimum") && rule.contains("maximum"))
        return rule["minimum"].dump() + " to " + rule["maximum"].dump();
    bound("minimum", "at least ");
    bound("exclusiveMinimum", "more than ");
    bound("maximum", "at most ");
    bound("exclusiveMaximum", "less than ");
    if (rule.contains("items") && rule["items"].is_object()) {
        const std::string of_items = range_of(rule["items"]);
        if (!of_items.empty()) text += (text.empty() ? "each " : ", each ") + of_items;
    }
    if (rule.contains("minItems") && rule.contains("maxItems") && rule["minItems"] == rule["maxItems"]) {
        text += (text.empty() ? "" : ", ") + rule["minItems"].dump() + " of them";
    }
    return text;
}

std::string parameters(const json& properties, const json& required, std::size_t indent) {
    std::string text;
    for (const auto& [name, rule] : properties.items()) {
        if (!rule.is_object()) continue;
        std::string line = std::string(indent, ' ') + name + "  (" + type_of(rule);
        if (const std::string range = range_of(rule); !range.empty()) line += "; " + range;
        if (rule.contains("default") && !rule["default"].is_object())
            line += "; default " + rule["default"].dump();
        if (std::find(required.begin(), required.end(), name) != required.end()) line += "; required";
        text += line + ")\n" + wrapped(text_at(rule, "description"), indent + 4);
        if (rule.contains("properties")) {
            text += parameters(rule["properties"], rule.value("required", json::array()), indent + 4);
        }
    }
    return text;
}

std::string reach_text(const json& facts) {
    const json reach = facts.value("reach", json());
    if (!reach.is_array() || reach.size() != 2) return {};
    const auto [before, after] = std::pair(reach[0].dump(), reach[1].dump());
    if (before == "0" && after == "0") return "one frame at a time";
    return "up to " + before + " frames before and " + after + " after the frame it makes";
}

}  // namespace

std::string passes_list() {
    PassSchemas schemas;
    const std::vector<std::string> names = schemas.names();
    std::size_t width = 0;
    for (const std::string& name : names) width = std::max(width, name.size());
    std::string text;
    for (const std::string& name : names) {
        text += name + std::string(width - name.size() + 2, ' ') +
                first_sentence(text_at(schemas.schema(name), "description")) + "\n";
    }
    return text;
}

std::string pass_help(const std::string& name) {
    PassSchemas schemas;
    const json& schema = schemas.schema(name);
    const json facts = schema.value("x-wetgate", json::object());
    std::string text = name + "\n\n" + wrapped(text_at(schema, "description"), 0);
    if (const std::string reach = reach_text(facts); !reach.empty()) text += "\nReads: " + reach + ".\n";
    if (facts.value("analysis", false))
        text += "Measures the whole shot first; its decision is an artefact that can be edited.\n";
    const json required = schema.value("required", json::array());
    text += "\nParameters:\n";
    const std::string own = parameters(schema["properties"], required, 2);
    text += own.empty() ? "  none of its own\n" : own;
    text += "\nParameters of every pass:\n";
    json shared = schemas.common()["properties"];
    shared.erase("pass");
    for (const auto& [key, unused] : schema["properties"].items()) shared.erase(key);
    text += parameters(shared, json::array(), 2);
    if (const std::string limits = text_at(facts, "limits"); !limits.empty())
        text += "\nLimits:\n" + wrapped(limits, 2);
    return text;
}

}  // namespace wetgate::spec

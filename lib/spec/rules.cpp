#include "spec/rules.h"

#include <algorithm>
#include <cmath>

#include "spec/suggest.h"

namespace wetgate::spec {
namespace {

using nlohmann::json;

bool is_of_type(const json& value, const std::string& type) {
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    if (type == "string") return value.is_string();
    if (type == "boolean") return value.is_boolean();
    if (type == "integer") return value.is_number_integer();
    if (type == "number") return value.is_number() && std::isfinite(value.get<double>());
    if (type == "null") return value.is_null();
    return false;
}

bool is_of_types(const json& value, const json& type) {
    if (type.is_string()) return is_of_type(value, type.get_ref<const std::string&>());
    return std::any_of(type.begin(), type.end(),
                       [&](const json& one) { return is_of_type(value, one.get_ref<const std::string&>()); });
}

std::string one_type_words(const std::string& type) {
    if (type == "object") return "an object {...}";
    if (type == "array") return "a list [...]";
    if (type == "string") return "a text in quotes";
    if (type == "boolean") return "true or false";
    if (type == "integer") return "a whole number";
    if (type == "number") return "a number";
    return type;
}

/// Length in characters, as draft-07 counts it.
std::size_t characters(const std::string& text) {
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

void check_enum(const json& choices, const json& value, const std::string& pointer,
                std::vector<Problem>& problems) {
    if (std::find(choices.begin(), choices.end(), value) != choices.end()) return;
    std::string list;
    std::vector<std::string> texts;
    for (const json& choice : choices) {
        list += (list.empty() ? "" : ", ") + choice.dump();
        if (choice.is_string()) texts.push_back(choice.get<std::string>());
    }
    std::string suggestion;
    if (value.is_string()) suggestion = nearest(value.get_ref<const std::string&>(), texts).value_or("");
    problems.push_back({pointer, shown(value) + " is not one of " + list, suggestion});
}

void check_number(const json& rule, const json& value, const std::string& pointer,
                  std::vector<Problem>& problems) {
    const double number = value.get<double>();
    const auto fail = [&](const std::string& words, const json& bound) {
        problems.push_back({pointer, shown(value) + " " + words + " " + bound.dump(), ""});
    };
    if (rule.contains("minimum") && number < rule["minimum"].get<double>())
        fail("is below the least value", rule["minimum"]);
    if (rule.contains("maximum") && number > rule["maximum"].get<double>())
        fail("is above the greatest value", rule["maximum"]);
    if (rule.contains("exclusiveMinimum") && number <= rule["exclusiveMinimum"].get<double>()) {
        fail("must be greater than", rule["exclusiveMinimum"]);
    }
    if (rule.contains("exclusiveMaximum") && number >= rule["exclusiveMaximum"].get<double>()) {
        fail("must be less than", rule["exclusiveMaximum"]);
    }
}

void check_text(const json& rule, const json& value, const std::string& pointer,
                std::vector<Problem>& problems) {
    const std::size_t length = characters(value.get_ref<const std::string&>());
    if (rule.contains("minLength") && length < rule["minLength"].get<std::size_t>()) {
        problems.push_back({pointer, length == 0 ? "must not be empty" : "is too short", ""});
    }
    if (rule.contains("maxLength") && length > rule["maxLength"].get<std::size_t>()) {
        problems.push_back({pointer, "is longer than " + rule["maxLength"].dump() + " characters", ""});
    }
}

}  // namespace

std::string shown(const json& value) {
    if (value.is_object()) return "an object";
    if (value.is_array()) return "a list";
    std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
    if (text.size() > 40) {
        std::size_t cut = 36;
        while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0U) == 0x80U)
            --cut;  // never inside a character
        text = text.substr(0, cut) + "...";
        if (value.is_string()) text += '"';
    }
    return text;
}

std::string type_words(const json& type) {
    if (type.is_string()) return one_type_words(type.get_ref<const std::string&>());
    std::string words;
    for (const json& one : type)
        words += (words.empty() ? "" : " or ") + one_type_words(one.get_ref<const std::string&>());
    return words;
}

const json& Rules::resolved(const json& rule) const {
    const json* at = &rule;
    for (int hops = 0; hops < 16 && at->is_object() && at->contains("$ref"); ++hops) {
        const auto& reference = at->at("$ref").get_ref<const std::string&>();
        if (reference.rfind("#/", 0) != 0) break;
        at = &root_->at(json::json_pointer(reference.substr(1)));
    }
    return *at;
}

void Rules::check(const json& given_rule, const json& value, const std::string& pointer,
                  std::vector<Problem>& problems) const {
    if (problems.size() >= most_rule_problems) return;
    const json& rule = resolved(given_rule);
    if (!rule.is_object()) {
        if (rule.is_boolean() && !rule.get<bool>()) problems.push_back({pointer, "is not allowed here", ""});
        return;
    }
    if (rule.contains("type") && !is_of_types(value, rule["type"])) {
        problems.push_back({pointer, "expected " + type_words(rule["type"]) + ", found " + shown(value), ""});
        return;
    }
    if (rule.contains("const") && value != rule["const"]) {
        problems.push_back({pointer, shown(value) + " must be " + rule["const"].dump(), ""});
    }
    if (rule.contains("enum")) check_enum(rule["enum"], value, pointer, problems);
    if (rule.contains("anyOf")) check_any_of(rule["anyOf"], value, pointer, problems);
    if (value.is_number()) check_number(rule, value, pointer, problems);
    if (value.is_string()) check_text(rule, value, pointer, problems);
    if (value.is_array()) check_array(rule, value, pointer, problems);
    if (value.is_object()) check_object(rule, value, pointer, problems);
}

void Rules::check_any_of(const json& branches, const json& value, const std::string& pointer,
                         std::vector<Problem>& problems) const {
    std::vector<Problem> of_fitting_type;
    std::string expected;
    for (const json& branch : branches) {
        std::vector<Problem> found;
        check(branch, value, pointer, found);
        if (found.empty()) return;
        const json& rule = resolved(branch);
        if (!rule.contains("type")) continue;
        expected += (expected.empty() ? "" : " or ") + type_words(rule["type"]);
        // What the branch of the right type says is what a person needs; the other branches are only noise.
        if (is_of_types(value, rule["type"]) && of_fitting_type.empty()) of_fitting_type = std::move(found);
    }
    if (of_fitting_type.empty())
        of_fitting_type.push_back({pointer, "expected " + expected + ", found " + shown(value), ""});
    problems.insert(problems.end(), of_fitting_type.begin(), of_fitting_type.end());
}

void Rules::check_array(const json& rule, const json& value, const std::string& pointer,
                        std::vector<Problem>& problems) const {
    if (rule.contains("minItems") && value.size() < rule["minItems"].get<std::size_t>()) {
        problems.push_back(
            {pointer,
             "has " + std::to_string(value.size()) + " entries, needs at least " + rule["minItems"].dump(),
             ""});
    }
    if (rule.contains("maxItems") && value.size() > rule["maxItems"].get<std::size_t>()) {
        problems.push_back({pointer,
                            "has " + std::to_string(value.size()) + " entries, at most " +
                                rule["maxItems"].dump() + " are allowed",
                            ""});
        return;
    }
    if (!rule.contains("items")) return;
    for (std::size_t i = 0; i < value.size(); ++i)
        check(rule["items"], value[i], join_pointer(pointer, i), problems);
}

void Rules::check_object(const json& rule, const json& value, const std::string& pointer,
                         std::vector<Problem>& problems) const {
    static const json none = json::object();
    const json& properties = rule.contains("properties") ? rule["properties"] : none;
    if (rule.contains("required")) {
        for (const json& key : rule["required"]) {
            const auto& name = key.get_ref<const std::string&>();
            if (!value.contains(name)) problems.push_back({join_pointer(pointer, name), "is missing", ""});
        }
    }
    if (rule.contains("maxProperties") && value.size() > rule["maxProperties"].get<std::size_t>()) {
        problems.push_back({pointer, "has more than " + rule["maxProperties"].dump() + " entries", ""});
        return;
    }
    std::vector<std::string> absent;  // a mistyped key most likely means one that is not there
    for (const auto& [name, unused] : properties.items()) {
        if (!value.contains(name)) absent.push_back(name);
    }
    for (const auto& [name, member] : value.items()) {
        const std::string at = join_pointer(pointer, name);
        if (properties.contains(name)) {
            check(properties[name], member, at, problems);
        } else if (rule.contains("additionalProperties")) {
            const json& additional = rule["additionalProperties"];
            if (additional.is_object()) {
                check(additional, member, at, problems);
            } else if (additional == false) {
                problems.push_back({at, "unknown key", nearest(name, absent).value_or("")});
            }
        }
    }
}

json Rules::with_defaults(const json& given_rule, json value) const {
    const json& rule = resolved(given_rule);
    if (!rule.is_object()) return value;
    if (value.is_object() && rule.contains("properties")) {
        for (const auto& [name, member_rule] : rule["properties"].items()) {
            const json& resolved_rule = resolved(member_rule);
            if (!value.contains(name)) {
                if (!resolved_rule.is_object() || !resolved_rule.contains("default")) continue;
                value[name] = resolved_rule["default"];
            }
            value[name] = with_defaults(resolved_rule, std::move(value[name]));
        }
    } else if (value.is_array() && rule.contains("items") && rule["items"].is_object()) {
        for (json& item : value) item = with_defaults(rule["items"], std::move(item));
    }
    return value;
}

void Rules::visit_formats(const json& given_rule, json& value, const std::string& pointer,
                          const VisitText& visit) const {
    const json& rule = resolved(given_rule);
    if (!rule.is_object()) return;
    if (value.is_string() && rule.contains("format")) {
        visit(rule["format"].get_ref<const std::string&>(), pointer, value.get_ref<std::string&>());
    } else if (value.is_array() && rule.contains("items")) {
        for (std::size_t i = 0; i < value.size(); ++i) {
            visit_formats(rule["items"], value[i], join_pointer(pointer, i), visit);
        }
    } else if (value.is_object() && rule.contains("properties")) {
        for (auto& [name, member] : value.items()) {
            if (rule["properties"].contains(name)) {
                visit_formats(rule["properties"][name], member, join_pointer(pointer, name), visit);
            }
        }
    }
}

}  // namespace wetgate::spec

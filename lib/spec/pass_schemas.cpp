#include "spec/pass_schemas.h"

#include <algorithm>
#include <limits>

#include "spec/embedded.h"
#include "spec/rules.h"
#include "spec/suggest.h"

namespace wetgate::spec {
namespace {

using nlohmann::json;

constexpr std::string_view folder = "passes/";
constexpr std::string_view ending = ".schema.json";

std::string key_of(const std::string& name) {
    return std::string(folder) + name + std::string(ending);
}

}  // namespace

const json& PassSchemas::parsed(const std::string& key) {
    const auto found = parsed_.find(key);
    if (found != parsed_.end()) return found->second;
    json schema = json::parse(embedded_schemas().at(key), nullptr, /*allow_exceptions=*/false);
    if (!schema.is_object() || !schema.contains("properties")) {
        throw Error(ErrorKind::Internal, "the embedded schema " + key +
                                             " is not a JSON object with properties; mend it in schemas/");
    }
    return parsed_.emplace(key, std::move(schema)).first->second;
}

bool PassSchemas::has(const std::string& name) const {
    return name != "common" && embedded_schemas().contains(key_of(name));
}

std::vector<std::string> PassSchemas::names() {
    struct Entry {
        int order;
        std::string name;
    };
    std::vector<Entry> entries;
    for (const auto& [key, text] : embedded_schemas()) {
        if (!key.starts_with(folder) || !key.ends_with(ending)) continue;
        const std::string name = key.substr(folder.size(), key.size() - folder.size() - ending.size());
        if (name == "common") continue;
        const json facts = parsed(key).value("x-wetgate", json::object());
        entries.push_back({facts.value("order", std::numeric_limits<int>::max()), name});
    }
    std::stable_sort(entries.begin(), entries.end(),
                     [](const Entry& a, const Entry& b) { return a.order < b.order; });
    std::vector<std::string> names;
    for (Entry& entry : entries) names.push_back(std::move(entry.name));
    return names;
}

const json& PassSchemas::schema(const std::string& name) {
    if (!has(name)) throw JobProblems({unknown_pass(*this, name, "")});
    return parsed(key_of(name));
}

const json& PassSchemas::common() {
    return parsed(key_of("common"));
}

const json& PassSchemas::whole(const std::string& name) {
    const auto found = whole_.find(name);
    if (found != whole_.end()) return found->second;
    json merged = schema(name);
    for (const auto& [key, rule] : common()["properties"].items()) {
        if (!merged["properties"].contains(key)) merged["properties"][key] = rule;
    }
    merged["additionalProperties"] = false;
    return whole_.emplace(name, std::move(merged)).first->second;
}

json PassSchemas::values(const std::string& name, const json& given, const std::string& pointer,
                         std::vector<Problem>& problems) {
    const json& rule = whole(name);
    Rules(rule).check(rule, given, pointer, problems);
    if (!given.is_object()) return json::object();

    const json& own_rule = schema(name);
    json own = json::object();
    for (const auto& [key, member] : given.items()) {
        if (own_rule["properties"].contains(key)) own[key] = member;
    }
    return Rules(own_rule).with_defaults(own_rule, std::move(own));
}

Problem unknown_pass(PassSchemas& schemas, const std::string& name, const std::string& pointer) {
    const std::vector<std::string> names = schemas.names();
    const auto suggestion = nearest(name, names);
    std::string message = "there is no pass called " + shown(name);
    if (!suggestion) message += "; `wetgate passes list` shows those there are";
    return {pointer, message, suggestion.value_or("")};
}

}  // namespace wetgate::spec

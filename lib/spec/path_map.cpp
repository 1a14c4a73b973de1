#include "spec/path_map.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "core/error.h"
#include "spec/problem.h"
#include "spec/strict_json.h"

namespace wetgate::spec {
namespace {

constexpr std::size_t most_rules = 10'000;  // every path is held against every rule

bool looks_like_windows(std::string_view path) {
    const bool drive =
        path.size() >= 2 && std::isalpha(static_cast<unsigned char>(path[0])) != 0 && path[1] == ':';
    return drive || path.starts_with("\\\\");
}

char folded(char c, bool windows) {
    if (!windows) return c;
    return c == '\\' ? '/' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
}

bool is_slash(char c, bool windows) {
    return c == '/' || (windows && c == '\\');
}

}  // namespace

void PathMap::add(std::string from, std::string to) {
    const bool windows = looks_like_windows(from);
    while (from.size() > 1 && is_slash(from.back(), windows)) from.pop_back();
    while (to.size() > 1 && to.back() == '/') to.pop_back();
    if (from.empty() || to.empty())
        throw Error(ErrorKind::Usage, "a path map rule needs a path on both sides");
    const std::size_t length = from.size();
    const auto at = std::find_if(rules_.begin(), rules_.end(),
                                 [&](const Rule& rule) { return rule.from.size() < length; });
    rules_.insert(at, Rule{std::move(from), std::move(to), windows});
}

std::string PathMap::apply(std::string_view text) const {
    for (const Rule& rule : rules_) {
        if (text.size() < rule.from.size()) continue;
        const bool same = std::equal(rule.from.begin(), rule.from.end(), text.begin(), [&](char a, char b) {
            return folded(a, rule.windows) == folded(b, rule.windows);
        });
        std::string rest(text.substr(rule.from.size()));
        const bool whole_folder =
            rest.empty() || is_slash(rest.front(), rule.windows) || is_slash(rule.from.back(), rule.windows);
        if (!same || !whole_folder) continue;
        if (rule.windows) std::replace(rest.begin(), rest.end(), '\\', '/');
        if (!rest.empty() && rest.front() != '/' && rule.to.back() != '/') rest.insert(0, 1, '/');
        if (!rest.empty() && rest.front() == '/' && rule.to.back() == '/') rest.erase(0, 1);
        return rule.to + rest;
    }
    return std::string(text);
}

void add_path_rule(PathMap& map, std::string_view text) {
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) {
        throw Error(ErrorKind::Usage, "\"" + std::string(text) + "\" is no path map; write FROM=TO");
    }
    map.add(std::string(text.substr(0, equals)), std::string(text.substr(equals + 1)));
}

void read_path_map(PathMap& map, const std::filesystem::path& file) {
    const nlohmann::json document = read_strict_json(file);
    const ErrorContext context{file.string(), {}, {}};
    const auto text_of = [](const nlohmann::json& object, const char* key) -> std::string {
        const auto found = object.is_object() ? object.find(key) : object.end();
        return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
    };
    if (document.is_object() && document.empty()) return;  // a session without rules
    if (text_of(document, "version") != "pathmapping-1.0") {
        throw JobProblems(
            {{"/version", "expected \"pathmapping-1.0\"; this is no OpenJD path mapping file", ""}}, context);
    }
    if (!document.contains("path_mapping_rules"))
        return;  // OpenJD leaves it out when there is nothing to map
    const nlohmann::json& rules = document["path_mapping_rules"];
    std::vector<Problem> problems;
    if (!rules.is_array()) problems.push_back({"/path_mapping_rules", "expected a list [...]", ""});
    if (rules.size() > most_rules) {
        throw JobProblems({{"/path_mapping_rules",
                            "has " + std::to_string(rules.size()) + " rules, at most " +
                                std::to_string(most_rules) + " are read",
                            ""}},
                          context);
    }
    for (std::size_t i = 0; rules.is_array() && i < rules.size(); ++i) {
        const std::string from = text_of(rules[i], "source_path");
        const std::string to = text_of(rules[i], "destination_path");
        if (from.empty() || to.empty()) {
            problems.push_back({join_pointer("/path_mapping_rules", i),
                                "needs the texts source_path and destination_path", ""});
        } else {
            map.add(from, to);
        }
    }
    if (!problems.empty()) throw JobProblems(std::move(problems), context);
}

PathMap read_path_map(const std::filesystem::path& file) {
    PathMap map;
    read_path_map(map, file);
    return map;
}

}  // namespace wetgate::spec

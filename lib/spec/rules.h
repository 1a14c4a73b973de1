#pragma once
#include <cstddef>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "spec/problem.h"

namespace wetgate::spec {

/// Checks values against the part of JSON Schema draft-07 that our schemas use: type, enum, const, minimum,
/// maximum, exclusiveMinimum, exclusiveMaximum, minLength, maxLength, items (one schema for all), minItems,
/// maxItems, properties, required, additionalProperties (false or a schema), maxProperties, anyOf, `$ref`
/// into "#/definitions".
///
/// A general validator says that a value "failed to validate"; this one says what a person should change.
/// An integer must be written as one: 1.0 is refused where the schema says integer.
class Rules {
public:
    static constexpr std::size_t most_rule_problems = 2000;  ///< a list may hold a million of one kind

    /// `root` holds the definitions and must outlive the object.
    explicit Rules(const nlohmann::json& root) : root_(&root) {}

    /// Appends every problem of `value` under `rule`, until there are most_rule_problems.
    void check(const nlohmann::json& rule, const nlohmann::json& value, const std::string& pointer,
               std::vector<Problem>& problems) const;

    /// `value` with the `default` of each absent property filled in, at every depth that `value` has. An
    /// absent object stays absent unless its own rule has a default (which is then filled in too).
    nlohmann::json with_defaults(const nlohmann::json& rule, nlohmann::json value) const;

    /// Calls `visit` for every text of `value` whose rule has a "format".
    using VisitText =
        std::function<void(const std::string& format, const std::string& pointer, std::string& text)>;
    void visit_formats(const nlohmann::json& rule, nlohmann::json& value, const std::string& pointer,
                       const VisitText& visit) const;

private:
    const nlohmann::json& resolved(const nlohmann::json& rule) const;
    void check_any_of(const nlohmann::json& branches, const nlohmann::json& value, const std::string& pointer,
                      std::vector<Problem>& problems) const;
    void check_array(const nlohmann::json& rule, const nlohmann::json& value, const std::string& pointer,
                     std::vector<Problem>& problems) const;
    void check_object(const nlohmann::json& rule, const nlohmann::json& value, const std::string& pointer,
                      std::vector<Problem>& problems) const;

    const nlohmann::json* root_;
};

/// A value as a message shows it: `"abc"`, `12`, `a list`, cut at 40 bytes.
std::string shown(const nlohmann::json& value);
/// "text", "a number", "a whole number" ... of a schema's `type` (one word or a list).
std::string type_words(const nlohmann::json& type);

}  // namespace wetgate::spec

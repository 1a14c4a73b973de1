#pragma once
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "spec/problem.h"

namespace wetgate::spec {

/// A JSON Schema (draft-07) compiled by valijson: the second opinion beside spec/rules.h, whose messages are
/// for people.
class Schema {
public:
    /// Error{Internal} when `document` is no schema. "pattern" is left out, see Note [Patterns are not for
    /// valijson].
    explicit Schema(const nlohmann::json& document);
    ~Schema();
    Schema(Schema&&) noexcept;
    Schema& operator=(Schema&&) noexcept;

    bool accepts(const nlohmann::json& value) const;
    /// What valijson finds, each under `pointer`.
    std::vector<Problem> problems(const nlohmann::json& value, const std::string& pointer = "") const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Appends those of `second` at pointers where `problems` has nothing: neither at the pointer, nor below, nor
/// above it.
void add_unreported(std::vector<Problem>& problems, std::vector<Problem> second);

}  // namespace wetgate::spec

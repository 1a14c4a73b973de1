#pragma once
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/frame_range.h"

namespace wetgate::spec {

/// A pass's own parameters, already checked against its schema with the schema's defaults filled in. Getters
/// still check type and range as text-safe integers and finite numbers, and throw Error{Usage} with the JSON
/// pointer.
class Params {
public:
    Params() : values_(nlohmann::json::object()) {}
    Params(nlohmann::json values, std::string pointer)
        : values_(std::move(values)), pointer_(std::move(pointer)) {}

    bool has(const std::string& key) const { return values_.contains(key) && !values_.at(key).is_null(); }
    double number(const std::string& key) const;
    int integer(const std::string& key) const;
    bool boolean(const std::string& key) const;
    std::string text(const std::string& key) const;
    std::vector<double> numbers(const std::string& key) const;
    /// Of text such as "1001-1010,1020". Error{Usage} where it is none.
    FrameSet frames(const std::string& key) const;
    const nlohmann::json& values() const { return values_; }
    const std::string& pointer() const { return pointer_; }

private:
    const nlohmann::json& at(const std::string& key) const;

    nlohmann::json values_;
    std::string pointer_;  ///< "/shots/0/passes/2"
};

/// Parameters of pass `name` with every default of its schema filled in over `given`: what tests and the
/// planner use. Error{Usage} listing every problem when `given` does not fit the schema.
Params pass_params(const std::string& name, const nlohmann::json& given, const std::string& pointer = "");

}  // namespace wetgate::spec

#include "spec/params.h"

#include <cmath>
#include <limits>

#include "core/error.h"
#include "spec/frame_text.h"
#include "spec/pass_schemas.h"
#include "spec/rules.h"

namespace wetgate::spec {
namespace {

[[noreturn]] void wrong_type(const std::string& pointer, const std::string& expected,
                             const nlohmann::json& value) {
    throw JobProblems({{pointer, "expected " + expected + ", found " + shown(value), ""}});
}

}  // namespace

const nlohmann::json& Params::at(const std::string& key) const {
    const auto found = values_.find(key);
    if (found == values_.end() || found->is_null()) {
        throw JobProblems({{join_pointer(pointer_, key), "is missing", ""}});
    }
    return *found;
}

double Params::number(const std::string& key) const {
    const nlohmann::json& value = at(key);
    if (!value.is_number() || !std::isfinite(value.get<double>())) {
        wrong_type(join_pointer(pointer_, key), "a finite number", value);
    }
    return value.get<double>();
}

int Params::integer(const std::string& key) const {
    const nlohmann::json& value = at(key);
    // get<int>() would wrap: the range is checked in the type that the value has.
    const bool fits =
        value.is_number_unsigned()
            ? value.get<std::uint64_t>() <= static_cast<std::uint64_t>(std::numeric_limits<int>::max())
            : value.is_number_integer() && value.get<std::int64_t>() >= std::numeric_limits<int>::min() &&
                  value.get<std::int64_t>() <= std::numeric_limits<int>::max();
    if (!fits) wrong_type(join_pointer(pointer_, key), "a whole number of at most 32 bits", value);
    return value.get<int>();
}

bool Params::boolean(const std::string& key) const {
    const nlohmann::json& value = at(key);
    if (!value.is_boolean()) wrong_type(join_pointer(pointer_, key), "true or false", value);
    return value.get<bool>();
}

std::string Params::text(const std::string& key) const {
    const nlohmann::json& value = at(key);
    if (!value.is_string()) wrong_type(join_pointer(pointer_, key), "a text in quotes", value);
    return value.get<std::string>();
}

FrameSet Params::frames(const std::string& key) const {
    try {
        return parse_frames(text(key));
    } catch (const Error& error) {
        throw Error(ErrorKind::Usage, join_pointer(pointer_, key) + ": " + error.message());
    }
}

std::vector<double> Params::numbers(const std::string& key) const {
    const nlohmann::json& value = at(key);
    const std::string pointer = join_pointer(pointer_, key);
    if (!value.is_array()) wrong_type(pointer, "a list of numbers", value);
    std::vector<double> numbers;
    numbers.reserve(value.size());
    for (std::size_t i = 0; i < value.size(); ++i) {
        if (!value[i].is_number() || !std::isfinite(value[i].get<double>())) {
            wrong_type(join_pointer(pointer, i), "a finite number", value[i]);
        }
        numbers.push_back(value[i].get<double>());
    }
    return numbers;
}

Params pass_params(const std::string& name, const nlohmann::json& given, const std::string& pointer) {
    PassSchemas schemas;
    if (!schemas.has(name)) throw JobProblems({unknown_pass(schemas, name, join_pointer(pointer, "pass"))});
    std::vector<Problem> problems;
    nlohmann::json values = schemas.values(name, given, pointer, problems);
    if (!problems.empty()) throw JobProblems(std::move(problems));
    return {std::move(values), pointer};
}

}  // namespace wetgate::spec

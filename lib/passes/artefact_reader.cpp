#include "passes/artefact_reader.h"

#include <fmt/format.h>

#include <cmath>

#include "core/error.h"

namespace wetgate::passes {

void ArtefactReader::refuse(const std::string& what) const {
    const std::string where = pointer_.empty() ? document_ : fmt::format("{} of {}", pointer_, document_);
    throw Error(
        ErrorKind::Usage,
        fmt::format("{}: {} {}; correct the artefact or let the shot be measured again", pass_, where, what));
}

ArtefactReader ArtefactReader::member(const char* key) const {
    if (!has(key)) refuse(fmt::format("has no \"{}\"", key));
    return {pass_, value_.at(key), document_, pointer_ + "/" + key};
}

std::size_t ArtefactReader::size(std::size_t most) const {
    if (!value_.is_array()) refuse("must be a list");
    if (value_.size() > most) refuse(fmt::format("must have at most {} items", most));
    return value_.size();
}

ArtefactReader ArtefactReader::item(std::size_t index) const {
    return {pass_, value_.at(index), document_, fmt::format("{}/{}", pointer_, index)};
}

double ArtefactReader::number(double lowest, double highest) const {
    if (!value_.is_number()) refuse(fmt::format("must be a number, not {}", value_.type_name()));
    const double number = value_.get<double>();
    if (!(number >= lowest && number <= highest))
        refuse(fmt::format("must lie in [{}, {}]", lowest, highest));
    return number;
}

int ArtefactReader::integer(int lowest, int highest) const {
    if (!value_.is_number_integer()) refuse(fmt::format("must be a whole number, not {}", value_.dump()));
    return static_cast<int>(number(lowest, highest));
}

std::string ArtefactReader::text() const {
    if (!value_.is_string()) refuse("must be a text");
    return value_.get<std::string>();
}

std::array<double, 3> ArtefactReader::three(double lowest, double highest) const {
    if (!value_.is_array() || value_.size() != 3) refuse("must be three numbers, R, G and B");
    return {item(0).number(lowest, highest), item(1).number(lowest, highest),
            item(2).number(lowest, highest)};
}

void ArtefactReader::check_schema(const char* expected) const {
    if (member("schema").value_ != expected) refuse(fmt::format("is not of schema \"{}\"", expected));
}

double rounded(double value) {
    const double result = std::round(value * 1e6) / 1e6;
    return result == 0.0 ? 0.0 : result;  // no minus zero
}

nlohmann::json rounded(const std::array<double, 3>& values) {
    return nlohmann::json::array({rounded(values[0]), rounded(values[1]), rounded(values[2])});
}

}  // namespace wetgate::passes

#pragma once
#include <array>
#include <nlohmann/json.hpp>
#include <string>

namespace wetgate::passes {

/// A value of an artefact or a measurement, which a person may have edited, and where it stands. Every getter
/// throws Error{Usage} that names the pass and the place.
class ArtefactReader {
public:
    /// `document`: "the artefact", "the measurement of frame 7". `value` outlives the reader.
    ArtefactReader(std::string pass, const nlohmann::json& value, std::string document,
                   std::string pointer = "")
        : pass_(std::move(pass)),
          value_(value),
          document_(std::move(document)),
          pointer_(std::move(pointer)) {}

    bool has(const char* key) const { return value_.is_object() && value_.contains(key); }
    ArtefactReader member(const char* key) const;
    /// Items of a list.
    std::size_t size(std::size_t most) const;
    ArtefactReader item(std::size_t index) const;

    double number(double lowest, double highest) const;
    int integer(int lowest = -2000000000, int highest = 2000000000) const;
    std::string text() const;
    /// Of R, G and B.
    std::array<double, 3> three(double lowest, double highest) const;
    /// "schema" must be `expected`.
    void check_schema(const char* expected) const;

    [[noreturn]] void refuse(const std::string& what) const;

private:
    std::string pass_;
    const nlohmann::json& value_;
    std::string document_;
    std::string pointer_;  // RFC 6901
};

/// Six digits behind the point, so that text made on two machines is the same text.
double rounded(double value);
nlohmann::json rounded(const std::array<double, 3>& values);

}  // namespace wetgate::passes

#pragma once
#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>

#include "spec/problem.h"

namespace wetgate::spec {

/// What a JSON text may hold before it is refused. The defaults are a job's; solved artefacts may be larger.
struct JsonLimits {
    std::size_t bytes = std::size_t{8} << 20;
    std::size_t depth = 32;
    std::size_t values = 1'000'000;  ///< scalars, lists and objects together
};

/// Reads RFC 8259 JSON as it is written or not at all: keys that repeat, integers outside 64 bits, numbers
/// that overflow, NUL characters and broken UTF-8 are refused (a UTF-8 byte order mark is skipped). Integers
/// stay integers; 1.0 and 1e3 do not become one. Error{Usage} with line, column, JSON pointer and what to do;
/// `name` is the file in the message.
nlohmann::json parse_strict_json(std::string_view text, const std::string& name,
                                 const JsonLimits& limits = {});

/// parse_strict_json() of a file. Error{Input} when it is missing or unreadable, or larger than the limit.
nlohmann::json read_strict_json(const std::filesystem::path& file, const JsonLimits& limits = {});

/// Whether lists and objects lie more than `limit` deep in each other: for files of our own, before a parser
/// that would copy or print any depth until the stack ends. Says nothing else of `text`.
bool nested_deeper_than(std::string_view text, std::size_t limit);

/// Sets the line of each problem whose pointer, or the nearest one above it, is in `text` (valid JSON).
void locate_problems(std::string_view text, std::span<Problem> problems);

}  // namespace wetgate::spec

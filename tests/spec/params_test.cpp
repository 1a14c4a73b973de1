#include "spec/params.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "core/error.h"
#include "spec/pass_schemas.h"
#include "spec/problem.h"
#include "spec/rules.h"
#include "spec/suggest.h"

namespace wetgate::spec {
namespace {

using nlohmann::json;

template <class Function>
std::string message_of(Function&& function) {
    try {
        function();
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::Usage);
        return error.message();
    }
    return "(no error)";
}

const json& small_schema() {
    static const json schema = json::parse(R"({
        "type": "object", "additionalProperties": false,
        "properties": {
            "radius": {"type": "integer", "minimum": 1, "maximum": 9, "default": 3},
            "method": {"type": "string", "enum": ["median", "mean"], "default": "median"},
            "gain": {"type": "array", "items": {"type": "number"}, "minItems": 3, "maxItems": 3},
            "search": {"type": "object", "additionalProperties": false, "default": {},
                       "properties": {"step": {"type": "number", "exclusiveMinimum": 0, "default": 0.5}}},
            "region": {"type": "object", "properties": {"x": {"type": "number", "default": 1}}},
            "amount": {"anyOf": [{"type": "number", "maximum": 1}, {"type": "string", "enum": ["auto"]}]}
        }})");
    return schema;
}

std::vector<std::string> problems_of(const json& value) {
    std::vector<Problem> problems;
    Rules(small_schema()).check(small_schema(), value, "", problems);
    std::vector<std::string> texts;
    for (const Problem& problem : problems) texts.push_back(to_string(problem));
    return texts;
}

TEST_CASE("getters give typed values and name the pointer when the type is wrong") {
    const Params params(json::parse(R"({"a": 1.5, "n": -7, "b": true, "t": "x", "l": [1, 2.5], "null": null,
                                        "big": 4294967296, "huge": 18446744073709551615})"),
                        "/shots/0/passes/2");
    CHECK(params.number("a") == 1.5);
    CHECK(params.number("n") == -7.0);
    CHECK(params.integer("n") == -7);
    CHECK(params.boolean("b"));
    CHECK(params.text("t") == "x");
    CHECK(params.numbers("l") == std::vector<double>{1.0, 2.5});
    CHECK(params.has("a"));
    CHECK_FALSE(params.has("null"));
    CHECK_FALSE(params.has("other"));
    CHECK(message_of([&] { params.integer("a"); }) ==
          "/shots/0/passes/2/a: expected a whole number of at most 32 bits, found 1.5");
    CHECK(message_of([&] { params.integer("big"); }).find("4294967296") != std::string::npos);
    CHECK(message_of([&] { params.integer("huge"); }).find("18446744073709551615") != std::string::npos);
    CHECK(message_of([&] { params.number("t"); }) ==
          "/shots/0/passes/2/t: expected a finite number, found \"x\"");
    CHECK(message_of([&] { params.numbers("a"); }) ==
          "/shots/0/passes/2/a: expected a list of numbers, found 1.5");
    CHECK(message_of([&] { params.text("other"); }) == "/shots/0/passes/2/other: is missing");
    const Params endless(json{{"x", std::numeric_limits<double>::infinity()}}, "");
    CHECK_THROWS_AS(endless.number("x"), Error);
}

TEST_CASE("every problem of a value is reported with its pointer") {
    CHECK(problems_of(json::parse(R"({"radius": 2, "method": "mean", "gain": [1, 2, 3], "amount": "auto"})"))
              .empty());
    const auto found = problems_of(json::parse(
        R"({"radius": 12, "metod": "mean", "gain": [1, "2"], "search": {"step": 0, "stop": 1}, "amount": 2})"));
    CHECK(found == std::vector<std::string>{
                       "/amount: 2 is above the greatest value 1",
                       "/gain: has 2 entries, needs at least 3",
                       "/gain/1: expected a number, found \"2\"",
                       "/metod: unknown key; did you mean \"method\"?",
                       "/radius: 12 is above the greatest value 9",
                       "/search/step: 0 must be greater than 0",
                       "/search/stop: unknown key",
                   });
    CHECK(
        problems_of(json::parse(R"({"method": "meen"})")) ==
        std::vector<std::string>{R"(/method: "meen" is not one of "median", "mean"; did you mean "mean"?)"});
    CHECK(problems_of(json::parse(R"({"radius": 2.0})")) ==
          std::vector<std::string>{"/radius: expected a whole number, found 2.0"});
    CHECK(problems_of(json::parse(R"({"amount": []})")) ==
          std::vector<std::string>{"/amount: expected a number or a text in quotes, found a list"});
    CHECK(problems_of(json::array()) ==
          std::vector<std::string>{"(top): expected an object {...}, found a list"});
}

TEST_CASE("defaults fill what is absent, also inside objects, and nothing else") {
    const Rules rules(small_schema());
    CHECK(rules.with_defaults(small_schema(), json::object()) ==
          json::parse(R"({"radius": 3, "method": "median", "search": {"step": 0.5}})"));
    CHECK(rules.with_defaults(small_schema(), json::parse(R"({"radius": 5, "search": {}, "region": {}})")) ==
          json::parse(R"({"radius": 5, "method": "median", "search": {"step": 0.5}, "region": {"x": 1}})"));
}

TEST_CASE("an unknown pass is refused with the nearest name") {
    PassSchemas schemas;
    for (const std::string& name : schemas.names()) {
        const std::string mistyped = name + "x";
        CHECK(message_of([&] { pass_params(mistyped, json::object(), "/shots/0/passes/1"); }) ==
              "/shots/0/passes/1/pass: there is no pass called \"" + mistyped + "\"; did you mean \"" + name +
                  "\"?");
    }
    CHECK(message_of([&] { pass_params("common", json::object()); }).find("no pass called") !=
          std::string::npos);
}

TEST_CASE("the common keys are allowed in every pass and stay out of its own parameters") {
    PassSchemas schemas;
    for (const std::string& name : schemas.names()) {
        CAPTURE(name);
        const json given = {
            {"pass", name}, {"enabled", true}, {"strength", 0.5}, {"matte", "sky"}, {"note", "n"}};
        std::vector<Problem> problems;
        const json values = schemas.values(name, given, "/p", problems);
        for (const Problem& problem : problems)
            CHECK(problem.message == "is missing");  // a pass may require its own
        const json& own = schemas.schema(name)["properties"];
        for (const auto& [key, value] : values.items()) CHECK(own.contains(key));
        CHECK(message_of([&] {
                  pass_params(name, {{"pass", name}, {"strenght", 0.5}, {"limit_stops", -1}}, "/p");
              }).find("/p/strenght: unknown key; did you mean \"strength\"?") != std::string::npos);
    }
}

TEST_CASE("the defaults of every pass schema fit the schema itself") {
    PassSchemas schemas;
    for (const std::string& name : schemas.names()) {
        CAPTURE(name);
        std::vector<Problem> problems;
        const json values = schemas.values(name, json::object(), "", problems);
        const std::size_t missing = problems.size();
        problems.clear();
        schemas.values(name, values, "", problems);
        CHECK(problems.size() <= missing);
        for (const Problem& problem : problems)
            CHECK(to_string(problem).find("is missing") != std::string::npos);
    }
}

TEST_CASE("the nearest name is found through a slip of the fingers and not through another word") {
    const std::vector<std::string> names = {"deflicker", "denoise", "grade", "sanitize"};
    CHECK(nearest("deflciker", names) == "deflicker");
    CHECK(nearest("Denoise", names) == "denoise");
    CHECK(nearest("grad", names) == "grade");
    CHECK(nearest("sanitise", names) == "sanitize");
    CHECK_FALSE(nearest("reframe", names));
    CHECK_FALSE(nearest("", names));
    CHECK(edit_distance("kitten", "sitting") == 3);
    CHECK(edit_distance("ab", "ba") == 1);
    CHECK(edit_distance("", "abc") == 3);
}

}  // namespace
}  // namespace wetgate::spec

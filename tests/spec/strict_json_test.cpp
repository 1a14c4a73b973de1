#include "spec/strict_json.h"

#include <doctest/doctest.h>

#include <limits>

#include "core/atomic_file.h"
#include "core/error.h"
#include "support/temp_folder.h"

namespace wetgate::spec {
namespace {

std::string refusal(std::string_view text, const JsonLimits& limits = {}) {
    try {
        parse_strict_json(text, "job.json", limits);
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::Usage);
        CHECK(error.context().file == "job.json");
        return error.message();
    }
    return "(accepted)";
}

TEST_CASE("strict JSON reads as nlohmann reads it") {
    const std::string text =
        R"({"a": [1, -2, 3.5, true, null, "\u00e9\ud83d\ude00"], "b": {"c": {}, "d": []}, "": 0})";
    CHECK(parse_strict_json(text, "") == nlohmann::json::parse(text));
    CHECK(parse_strict_json("\xEF\xBB\xBF[1]", "") == nlohmann::json::parse("[1]"));
    CHECK(parse_strict_json(" 7 ", "") == 7);
}

TEST_CASE("a key that repeats is refused with its pointer and line") {
    CHECK(refusal("{\"shots\": [\n {\"a\": 1,\n  \"a\": 2}]}") ==
          "line 3, column 5 (/shots/0/a): the key is there twice; remove one of them");
    CHECK(refusal(R"({"a": {"b": 1}, "c": {"b": 1}})") == "(accepted)");
    CHECK(refusal(R"({"a": 1, "\u0061": 2})").find("twice") != std::string::npos);
}

TEST_CASE("integers are exact or refused") {
    const auto kept = parse_strict_json("[9223372036854775807, -9223372036854775808]", "");
    CHECK(kept[0].get<std::int64_t>() == std::numeric_limits<std::int64_t>::max());
    CHECK(kept[1].get<std::int64_t>() == std::numeric_limits<std::int64_t>::min());
    CHECK(refusal("[9223372036854775808]").find("(/0): the integer 9223372036854775808 does not fit") !=
          std::string::npos);
    CHECK(refusal("{\"n\": 18446744073709551616}").find("(/n): the integer 18446744073709551616") !=
          std::string::npos);
    CHECK(refusal("[-9223372036854775809]").find("does not fit") != std::string::npos);
    CHECK(parse_strict_json("1e3", "").is_number_float());
    CHECK(refusal("[1e999]").find("line 1") != std::string::npos);
}

TEST_CASE("what is no JSON is refused with a place and advice") {
    CHECK(refusal("{\"a\": 1,\n}").find("line 2, column 1") == 0);
    CHECK(refusal("{\"a\": 1,\n}").find("remove the comma before '}'") != std::string::npos);
    CHECK(refusal("[1, 2,]").find("remove the comma before ']'") != std::string::npos);
    CHECK(refusal("{\"a\": NaN}").find("no NaN") != std::string::npos);
    CHECK(refusal("{\"a\": 1 // x\n}").find("no comments") != std::string::npos);
    CHECK(refusal("\xEF\xBB\xBF\xEF\xBB\xBF[1]").find("a second byte order mark") != std::string::npos);
    CHECK(refusal("{'a': 1}").find("double quotes") != std::string::npos);
    CHECK(refusal("{\"a\": 1 \"b\": 2}").find("comma is missing") != std::string::npos);
    CHECK(refusal("").find("empty") != std::string::npos);
    CHECK(refusal("  \n").find("empty") != std::string::npos);
    CHECK(refusal("[1] 2").find("line 1, column 5") == 0);
    CHECK(refusal("[1").find("line 1") == 0);
    CHECK(refusal("\xFF\xFE[\0").find("UTF-16") != std::string::npos);
}

TEST_CASE("texts are UTF-8 without NUL") {
    CHECK(refusal("[\"a\xC3\x28\"]").find("line 1") == 0);
    CHECK(refusal("[\"\xED\xA0\x80\"]").find("line 1") == 0);
    CHECK(refusal(R"(["\ud800"])").find("line 1") == 0);
    CHECK(refusal(R"({"k": "a\u0000b"})").find("(/k): a text must not hold") != std::string::npos);
    CHECK(refusal(R"({"a\u0000": 1})").find("a key must not hold") != std::string::npos);
}

TEST_CASE("depth, size and number of values are bounded") {
    const auto nested = [](std::size_t levels) {
        return std::string(levels, '[') + std::string(levels, ']');
    };
    CHECK(refusal(nested(32)) == "(accepted)");
    CHECK(refusal(nested(33)).find("nested deeper than 32 levels") != std::string::npos);
    CHECK(refusal(nested(1'000'000)).find("nested deeper") != std::string::npos);
    JsonLimits few;
    few.values = 3;
    CHECK(refusal("[1, 2]", few) == "(accepted)");
    CHECK(refusal("[1, 2, 3]", few).find("more than 3 values") != std::string::npos);
    JsonLimits small;
    small.bytes = 1 << 20;
    CHECK(refusal("[\"" + std::string(1 << 20, 'a') + "\"]", small).find("larger than 1 MiB") !=
          std::string::npos);
}

TEST_CASE("a file that is not there is an input error with its name") {
    const tests::TempFolder folder;
    write_atomic(folder / "a.json", std::string_view("{\"x\": 1}"));
    CHECK(read_strict_json(folder / "a.json")["x"] == 1);
    try {
        read_strict_json(folder / "b.json");
        FAIL("no error");
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::Input);
        CHECK(std::string(error.what()).find("b.json") != std::string::npos);
    }
}

TEST_CASE("problems get the line of their key or of the nearest level above") {
    std::vector<Problem> problems = {
        {"/a/1/x~1y", "", ""}, {"/a/1/missing", "", ""}, {"", "", ""}, {"/zz", "", ""}};
    locate_problems("{\n \"a\": [\n  0,\n  {\n   \"x/y\": 1\n  }\n ]\n}", problems);
    CHECK(problems[0].line == 5);
    CHECK(problems[1].line == 4);
    CHECK(problems[2].line == 1);
    CHECK(problems[3].line == 1);
}

TEST_CASE("depth is counted of lists and objects, not of what texts hold") {
    CHECK(!nested_deeper_than(R"({"a": [1, [2]], "b": [[]]})", 3));
    CHECK(nested_deeper_than(R"({"a": [1, [2]], "b": [[]]})", 2));
    CHECK(!nested_deeper_than(R"(["[[[[", "\"[[[[", "\\"])", 1));
    CHECK(!nested_deeper_than("]]]]", 0));
    CHECK(nested_deeper_than(std::string(1'000'000, '['), 64));
}

}  // namespace
}  // namespace wetgate::spec

#include "spec/help.h"

#include <doctest/doctest.h>

#include <sstream>

#include "core/error.h"
#include "spec/pass_schemas.h"

namespace wetgate::spec {
namespace {

TEST_CASE("the list has one line a pass") {
    PassSchemas schemas;
    const std::vector<std::string> names = schemas.names();
    std::istringstream lines(passes_list());
    std::string line;
    std::size_t count = 0;
    while (std::getline(lines, line)) {
        REQUIRE(count < names.size());
        CHECK(line.rfind(names[count] + " ", 0) == 0);
        CHECK(line.size() > names[count].size() + 10);
        ++count;
    }
    CHECK(count == names.size());
}

TEST_CASE("a pass's help names each of its parameters and the common ones, in 100 columns") {
    PassSchemas schemas;
    for (const std::string& name : schemas.names()) {
        CAPTURE(name);
        const std::string help = pass_help(name);
        for (const auto& [key, rule] : schemas.schema(name)["properties"].items()) {
            CHECK(help.find("  " + key + "  (") != std::string::npos);
        }
        CHECK(help.find("  limit_stops  (number; more than 0, at most 16)") != std::string::npos);
        CHECK(help.find("  strength  (number; 0 to 1; default 1") != std::string::npos);
        CHECK(help.find("  pass  (") == std::string::npos);
        std::istringstream lines(help);
        std::string line;
        while (std::getline(lines, line)) {
            const bool is_parameter = line.find("  (") != std::string::npos;  // never broken
            CHECK((is_parameter || line.size() <= 100));
        }
    }
}

TEST_CASE("help for a pass that is not there says which was meant") {
    CHECK_THROWS_WITH_AS(pass_help("sanitise"), doctest::Contains("did you mean \"sanitize\""), Error);
}

}  // namespace
}  // namespace wetgate::spec

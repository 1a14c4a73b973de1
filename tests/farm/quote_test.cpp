#include "farm/quote.h"

#include <doctest/doctest.h>

#include <array>

#include "core/error.h"
#include "farm/command.h"

namespace wetgate::farm {
namespace {

TEST_CASE("plain words stay as they are, others are in single quotes") {
    CHECK(shell_quoted("/p/sh010.####.exr") == "'/p/sh010.####.exr'");
    CHECK(shell_quoted("--frames=1001-1010") == "--frames=1001-1010");
    CHECK(shell_quoted("") == "''");
    CHECK(shell_quoted("it's") == "'it'\\''s'");
    CHECK_THROWS_AS(shell_quoted(std::string_view("a\0b", 3)), Error);
}

TEST_CASE("a real shell reads every byte back as it was") {
    std::string word;
    for (int byte = 1; byte < 256; ++byte) word += static_cast<char>(byte);
    for (const std::string& text : {word, std::string("$(touch x) `id` ${HOME} \\ \" ' !! * ? ~ #"),
                                    std::string("-n"), std::string("\n\n")}) {
        const std::array<std::string, 3> argv{"sh", "-c", "printf '%s.' " + shell_quoted(text)};
        CHECK(run_command(argv).output == text + ".");
    }
}

}  // namespace
}  // namespace wetgate::farm

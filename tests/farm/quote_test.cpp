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

TEST_CASE("a token of a scheduler is not found in a quoted word, which a shell reads as it was") {
    CHECK(shell_quoted("/p/#IFRAME#.exr", "#") == "'/p/#''IFRAME#''.exr'");
    for (const std::string text : {"#FRAMESPEC#", "a'#'b", "#", "$(id)#\\", "'#IFRAME#'"}) {
        const std::string quoted = shell_quoted(text, "#$\\");
        CHECK(quoted.find("#FRAMESPEC#") == std::string::npos);
        CHECK(quoted.find("#IFRAME#") == std::string::npos);
        CHECK(run_command(std::array<std::string, 3>{"sh", "-c", "printf '%s.' " + quoted}).output ==
              text + ".");
        // Inside double quotes of an outer shell, which sees its `$` and `\` first.
        std::string inner = "printf '%s.' " + quoted;
        for (std::size_t at = 0; (at = inner.find('"', at)) != std::string::npos; at += 2)
            inner.insert(at, "\\");
        const std::string outer = "sh -c \"" + inner + "\"";
        CHECK(run_command(std::array<std::string, 3>{"sh", "-c", outer}).output == text + ".");
    }
}

}  // namespace
}  // namespace wetgate::farm

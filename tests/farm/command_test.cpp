#include "farm/command.h"

#include <doctest/doctest.h>

#include <array>
#include <string>

#include "core/error.h"

namespace wetgate::farm {
namespace {

TEST_CASE("a command's status, output and signal come back") {
    CHECK(run_command(std::array<std::string, 3>{"sh", "-c", "echo out; echo err >&2; exit 7"}).code == 7);
    CHECK(run_command(std::array<std::string, 3>{"sh", "-c", "echo out; echo err >&2"}).output ==
          "out\nerr\n");
    CHECK(run_command(std::array<std::string, 3>{"sh", "-c", "kill -TERM $$"}).code == 143);
}

TEST_CASE("a command has no standard input to wait for, and what it floods is cut") {
    CHECK(run_command(std::array<std::string, 1>{"cat"}).output.empty());
    CHECK(run_command(std::array<std::string, 4>{"head", "-c", "3000000", "/dev/zero"}).output.size() ==
          1 << 20);
}

TEST_CASE("a program that is not there is named") {
    CHECK_THROWS_WITH_AS(run_command(std::array<std::string, 1>{"no-such-program"}),
                         doctest::Contains("no-such-program"), Error);
}

TEST_CASE(
    "a refusal may help to try again where the scheduler was not reached, and is final where it answered") {
    const char* unreached =
        "sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)";
    CHECK(kind_of_refusal({1, unreached}) == ErrorKind::Temporary);
    CHECK(kind_of_refusal({75, "Cuebot: not now"}) == ErrorKind::Temporary);
    CHECK(kind_of_refusal({1, "sbatch: error: invalid partition specified: nosuch"}) == ErrorKind::Usage);
    CHECK(kind_of_refusal({1, ""}) == ErrorKind::Usage);
}

}  // namespace
}  // namespace wetgate::farm

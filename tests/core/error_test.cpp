#include "core/error.h"

#include <doctest/doctest.h>

namespace wetgate {

TEST_CASE("an error says where, and outer layers fill in what the inner did not know") {
    const Error inner(ErrorKind::Input, "is truncated", {.file = "a.0007.exr", .shot = {}, .frame = {}});
    const Error outer = inner.within({.file = "ignored", .shot = "sh010", .frame = 7});
    CHECK(std::string(outer.what()) == "shot sh010, frame 7, a.0007.exr: is truncated");
    CHECK(outer.message() == "is truncated");
    CHECK(outer.kind() == ErrorKind::Input);
}

TEST_CASE("exit codes are the documented ones, never OpenCue's 33 and never a signal's") {
    CHECK(exit_code(ErrorKind::Internal) == 1);
    CHECK(exit_code(ErrorKind::Usage) == 2);
    CHECK(exit_code(ErrorKind::Input) == 10);
    CHECK(exit_code(ErrorKind::Output) == 11);
    CHECK(exit_code(ErrorKind::Model) == 12);
    CHECK(exit_code(ErrorKind::NoDevice) == 13);
    CHECK(exit_code(ErrorKind::OutOfMemory) == 14);
    CHECK(exit_code(ErrorKind::Gate) == 15);
    CHECK(exit_code(ErrorKind::SomeFramesFailed) == 20);
    CHECK(exit_code(ErrorKind::Temporary) == 75);
}

}  // namespace wetgate

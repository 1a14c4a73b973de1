#include "core/retry.h"

#include <doctest/doctest.h>

namespace wetgate {

TEST_CASE("a transient fault is tried again, as often as asked and no more") {
    int calls = 0;
    const auto fails_twice = [&calls] {
        if (++calls <= 2) throw Error(ErrorKind::Temporary, "ESTALE");
        return 42;
    };
    CHECK(with_retries(2, fails_twice) == 42);
    CHECK(calls == 3);
    calls = 0;
    CHECK_THROWS_AS(with_retries(1, fails_twice), Error);
    CHECK(calls == 2);
}

TEST_CASE("a fault that will not go away is not tried again") {
    int calls = 0;
    CHECK_THROWS_AS(with_retries(5,
                                 [&calls] {
                                     ++calls;
                                     throw Error(ErrorKind::Output, "full");
                                 }),
                    Error);
    CHECK(calls == 1);
}

}  // namespace wetgate

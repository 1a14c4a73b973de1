#include "framing/banded_program.h"

#include <doctest/doctest.h>

#include <cmath>

#include "core/error.h"
#include "support/scene.h"

namespace wetgate::tests {

using framing::BandedProgram;

TEST_CASE("absolute values find the median, and a limit holds it off") {
    BandedProgram program(1, 1);
    const double one[] = {1};
    for (const double value : {1.0, 2.0, 7.0, 9.0, 10.0}) program.add_absolute(0, one, value, 1);
    CHECK(program.solve({3}).values[0] == doctest::Approx(7).epsilon(1e-6));
    program.add_limit(0, one, 8);
    const auto solution = program.solve({20});
    CHECK(solution.is_solved);
    CHECK(solution.values[0] == doctest::Approx(8).epsilon(1e-6));
    CHECK(solution.values[0] >= 8);
}

TEST_CASE("squares alone are least squares, in one step") {
    // (x - 1)^2 + (y - 3)^2 + (x - y)^2: x = 5 / 3, y = 7 / 3.
    BandedProgram program(2, 2);
    const double one[] = {1}, apart[] = {1, -1};
    program.add_square(0, one, 1, 2);
    program.add_square(1, one, 3, 2);
    program.add_square(0, apart, 0, 2);
    const auto solution = program.solve({0, 0});
    CHECK(solution.values[0] == doctest::Approx(5.0 / 3).epsilon(1e-7));
    CHECK(solution.values[1] == doctest::Approx(7.0 / 3).epsilon(1e-7));
    CHECK(solution.rounds <= 2);
}

TEST_CASE("a square and an absolute value shrink: sign(b) max(0, |b| - w)") {
    for (const double b : {-3.0, -0.5, 0.2, 2.5}) {
        BandedProgram program(1, 1);
        const double one[] = {1};
        program.add_square(0, one, b, 1);
        program.add_absolute(0, one, 0, 1);
        const double expected = std::copysign(std::max(0.0, std::abs(b) - 1), b);
        CHECK(program.solve({5}).values[0] == doctest::Approx(expected).epsilon(1e-6));
    }
}

TEST_CASE("a long row of straight pieces is found through spikes, the same bits each time") {
    constexpr std::size_t count = 3000;
    BandedProgram program(count, 3);
    const double one[] = {1}, bend[] = {1, -2, 1};
    const auto truth = [](std::size_t i) {
        const double t = static_cast<double>(i);
        return t < 1000 ? 0.01 * t : t < 2000 ? 10.0 : 10 - 0.02 * (t - 2000);
    };
    for (std::size_t i = 0; i < count; ++i)
        program.add_absolute(i, one, truth(i) + (hashed(1, i) < 0.2 ? 50 * hashed(2, i) : 0), 1);
    for (std::size_t i = 0; i + 2 < count; ++i) program.add_absolute(i, bend, 0, 100);
    const auto solution = program.solve(std::vector<double>(count));
    REQUIRE(solution.is_solved);
    double worst = 0;
    for (std::size_t i = 0; i < count; ++i) worst = std::max(worst, std::abs(solution.values[i] - truth(i)));
    CHECK(worst < 1e-3);
    CHECK(program.solve(std::vector<double>(count)).values == solution.values);
}

TEST_CASE("terms that do not fit and starts that break a limit are refused") {
    BandedProgram program(2, 1);
    const double one[] = {1}, two[] = {1, 1};
    CHECK_THROWS_AS(program.add_square(0, two, 0, 1), Error);
    CHECK_THROWS_AS(program.add_square(2, one, 0, 1), Error);
    CHECK_THROWS_AS(program.add_square(0, one, std::nan(""), 1), Error);
    CHECK_THROWS_AS(program.add_absolute(0, one, 0, -1), Error);
    program.add_limit(0, one, 1);
    CHECK_THROWS_AS(program.solve({1, 0}), Error);
    CHECK_THROWS_AS(program.solve({2}), Error);
}

}  // namespace wetgate::tests

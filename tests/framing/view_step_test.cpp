#include "framing/view_step.h"

#include <doctest/doctest.h>

#include <cmath>

#include "support/scene.h"

namespace wetgate::tests {
namespace {

using framing::Similarity;
using framing::view_step;
using framing::ViewStep;
using motion::GrayImage;

constexpr int kWidth = 320;
constexpr int kHeight = 200;

/// Fine texture without end, 0..255.
double texture(double x, double y) {
    return 128 +
           40 * std::sin(0.31 * x + 2 * std::sin(0.051 * y)) *
               std::cos(0.27 * y + 1.4 * std::sin(0.043 * x)) +
           30 * std::sin(0.11 * x + 1.3 * std::sin(0.08 * y)) * std::sin(0.09 * y + std::sin(0.077 * x)) +
           25 * std::sin(0.6 * x + std::sin(0.13 * y)) * std::sin(0.53 * y + std::sin(0.077 * x));
}

/// What a camera sees that moved so that the texture's (x, y) lies at map (x, y), about the centre.
GrayImage seen(const Similarity& map, std::uint64_t seed) {
    GrayImage picture{kWidth, kHeight, {}};
    const Similarity back = map.inverse();
    for (int j = 0; j < kHeight; ++j) {
        for (int i = 0; i < kWidth; ++i) {
            const double x = i - framing::middle(kWidth), y = j - framing::middle(kHeight);
            const double value =
                texture(back.a * x - back.b * y + back.dx, back.b * x + back.a * y + back.dy) +
                2 * hashed_normal(seed, static_cast<std::uint64_t>(j * kWidth + i));
            picture.pixels.push_back(
                static_cast<std::uint8_t>(std::lround(std::min(255.0, std::max(0.0, value)))));
        }
    }
    return picture;
}

double corner_error_px(const Similarity& one, const Similarity& other) {
    return std::hypot(one.dx - other.dx, one.dy - other.dy) +
           0.5 * std::hypot(kWidth, kHeight) * std::hypot(one.a - other.a, one.b - other.b);
}

}  // namespace

TEST_CASE("shift, turn and growth of a noisy picture are found to a thirtieth of a pixel at its corners") {
    const GrayImage first = seen({}, 1);
    for (const Similarity& map :
         {Similarity{}, Similarity::of(0.37, -0.61, 0, 1), Similarity::of(5.3, 2.8, 0.7, 1.004),
          Similarity::of(-11.5, 7.25, -2, 0.98)}) {
        const ViewStep step = view_step(first, seen(map, 2));
        REQUIRE(step.is_known());
        CHECK(corner_error_px(step.map, map) < 0.033);
        CHECK(step.agreeing > 0.95 * step.points);
        const auto [x, y] = step.camera.at(framing::middle(kWidth), framing::middle(kHeight));
        CHECK(std::hypot(x - framing::middle(kWidth) - map.dx, y - framing::middle(kHeight) - map.dy) < 0.1);
    }
}

TEST_CASE("something that moves in front of the scene hardly pulls at it") {
    const GrayImage first = seen({}, 1), elsewhere = seen(Similarity::of(-9, 4, 0, 1), 3);
    GrayImage second = seen(Similarity::of(2, 1, 0, 1), 2);
    for (int j = 60; j < 150; ++j)
        for (int i = 90; i < 190; ++i) {
            const auto at = static_cast<std::size_t>(j * kWidth + i);
            second.pixels[at] = elsewhere.pixels[at];
        }
    const ViewStep step = view_step(first, second);
    REQUIRE(step.is_known());
    CHECK(corner_error_px(step.map, Similarity::of(2, 1, 0, 1)) < 0.08);
    CHECK(step == view_step(first, second));
}

TEST_CASE("what shows nothing has no step") {
    const GrayImage flat{kWidth, kHeight, std::vector<std::uint8_t>(kWidth * kHeight, 90)};
    const ViewStep step = view_step(flat, flat);
    CHECK(step.problem == motion::TrackProblem::Flat);
    CHECK(step.map == Similarity{});
    CHECK(step.points == 0);
}

TEST_CASE("similarities chain, undo each other, and turn clockwise on the screen") {
    const Similarity one = Similarity::of(5, -3, 90, 2);
    CHECK(one.a == doctest::Approx(0));
    CHECK(one.b == doctest::Approx(2));  // right goes down
    CHECK(one.scale() == doctest::Approx(2));
    CHECK(one.rotation_deg() == doctest::Approx(90));
    CHECK(corner_error_px(one.then(one.inverse()), {}) < 1e-9);
    const Similarity both = one.then(Similarity::of(1, 0, 0, 3));
    CHECK(both.dx == doctest::Approx(16));
    CHECK(both.dy == doctest::Approx(-9));
    CHECK(both.scale() == doctest::Approx(6));
    const auto [x, y] = framing::about_centre({{0, -2, 5, 2, 0, -3, 0, 0, 1}}, 101, 51).at(60, 25);
    CHECK(x == doctest::Approx(55));
    CHECK(y == doctest::Approx(42));
}

}  // namespace wetgate::tests

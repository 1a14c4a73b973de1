#include "motion/track.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "support/scene.h"

namespace wetgate::tests {
namespace {

using motion::camera_step;
using motion::CameraStep;
using motion::GrayImage;
using motion::Homography;
using motion::TrackProblem;

constexpr int kWidth = 240;
constexpr int kHeight = 160;

/// A texture without end, 0..255.
double texture(double x, double y) {
    return 128 +
           45 * std::sin(0.071 * x + 2 * std::sin(0.031 * y)) *
               std::cos(0.083 * y + 1.4 * std::sin(0.023 * x)) +
           25 * std::sin(0.23 * x + 2 * std::sin(0.051 * y)) *
               std::cos(0.19 * y + 1.4 * std::sin(0.043 * x)) +
           35 * std::sin(0.71 * x + 0.9 * std::sin(0.11 * y)) * std::sin(0.63 * y + std::sin(0.077 * x));
}

/// What a camera sees through which the picture's (x, y) is the texture's map.at(x, y).
GrayImage seen(const Homography& map) {
    GrayImage picture{kWidth, kHeight, {}};
    for (int y = 0; y < kHeight; ++y) {
        for (int x = 0; x < kWidth; ++x) {
            const auto [u, v] = map.at(x, y);
            picture.pixels.push_back(static_cast<std::uint8_t>(std::lround(texture(u, v))));
        }
    }
    return picture;
}

Homography shift(double x, double y) {
    Homography map;
    map.m[2] = x;
    map.m[5] = y;
    return map;
}

/// Largest distance between where two maps take the picture's corners.
double apart_px(const Homography& one, const Homography& other) {
    double most = 0;
    for (const double x : {0.0, kWidth - 1.0}) {
        for (const double y : {0.0, kHeight - 1.0}) {
            const auto [u, v] = one.at(x, y);
            const auto [s, t] = other.at(x, y);
            most = std::max(most, std::hypot(u - s, v - t));
        }
    }
    return most;
}

void cover(GrayImage& picture, int x0, int y0, int width, int height, auto value) {
    for (int y = y0; y < y0 + height; ++y) {
        for (int x = x0; x < x0 + width; ++x)
            picture.pixels[static_cast<std::size_t>(y * kWidth + x)] = static_cast<std::uint8_t>(value(x, y));
    }
}

}  // namespace

TEST_CASE("a pan, a zoom and a turn in perspective are found to a fraction of a pixel") {
    const double turn = 0.03;
    const Homography views[] = {
        shift(7.3, -4.6),
        {{1.04, 0, 3, 0, 1.04, -2, 0, 0, 1}},
        {{std::cos(turn), -std::sin(turn), 5, std::sin(turn), std::cos(turn), 1, 1e-4, -5e-5, 1}}};
    for (const Homography& view : views) {
        // What is at (x, y) of the first picture is the texture's (x, y), which the second sees at view^-1.
        const CameraStep step = camera_step(seen({}), seen(view));
        REQUIRE(step.is_known());
        CHECK(apart_px(step.map, *view.inverse()) < 0.35);
        CHECK(step.inliers > 100);
        CHECK(step.inlier_share > 0.8);
        CHECK(step.residual_px < 0.3);
    }
}

TEST_CASE("what a matte covers does not take part, and without the matte it would") {
    GrayImage first = seen({});
    GrayImage second = seen(shift(6, 3));
    GrayImage matte{kWidth, kHeight, std::vector<std::uint8_t>(first.pixels.size(), 0)};
    const auto mark = [](int x, int y) { return (x / 6 + y / 6) % 2 == 0 ? 30 : 220; };  // stands still
    for (GrayImage* picture : {&first, &second}) cover(*picture, 0, 0, 190, kHeight, mark);
    cover(matte, 0, 0, 190, kHeight, [](int, int) { return 255; });
    const CameraStep with = camera_step(first, second, &matte, &matte);
    REQUIRE(with.is_known());
    CHECK(apart_px(with.map, shift(-6, -3)) < 1.5);  // seen at the right edge only
    const CameraStep without = camera_step(first, second);
    CHECK(apart_px(without.map, shift(-6, -3)) > 4);
}

TEST_CASE("flat, unlike and tiny pictures are said to be so, and give no guess") {
    const GrayImage flat{kWidth, kHeight, std::vector<std::uint8_t>(kWidth * kHeight, 90)};
    CHECK(camera_step(flat, flat).problem == TrackProblem::Flat);
    CHECK(camera_step(seen({}), flat).problem != TrackProblem::None);
    GrayImage noise = flat, other = flat;
    for (std::size_t i = 0; i < noise.pixels.size(); ++i) {
        noise.pixels[i] = static_cast<std::uint8_t>(255 * hashed(1, i));
        other.pixels[i] = static_cast<std::uint8_t>(255 * hashed(2, i));
    }
    const CameraStep step = camera_step(noise, other);
    CHECK_FALSE(step.is_known());
    CHECK(step.map == Homography{});
    CHECK(step.inliers == 0);
    const GrayImage tiny{3, 2, std::vector<std::uint8_t>(6, 0)};
    CHECK(camera_step(tiny, tiny).problem == TrackProblem::Flat);
    CHECK_THROWS_AS(camera_step(flat, tiny), Error);
}

TEST_CASE("the same pictures give the same bits") {
    const CameraStep once = camera_step(seen({}), seen(shift(9, 2)));
    const CameraStep again = camera_step(seen({}), seen(shift(9, 2)));
    CHECK(once.map == again.map);
    CHECK(once.inliers == again.inliers);
}

TEST_CASE("steps chain forwards and backwards, and not over one that is unknown") {
    std::vector<CameraStep> steps(5);
    for (std::size_t i = 1; i < steps.size(); ++i) steps[i].map = shift(static_cast<double>(i), 1);
    CHECK(apart_px(*motion::chained(steps, 0, 4), shift(10, 4)) < 1e-9);
    CHECK(apart_px(*motion::chained(steps, 4, 1), shift(-9, -3)) < 1e-9);
    CHECK(*motion::chained(steps, 2, 2) == Homography{});
    steps[2].problem = TrackProblem::Flat;
    CHECK_FALSE(motion::chained(steps, 0, 4));
    CHECK_FALSE(motion::chained(steps, 3, 1));
    CHECK(motion::chained(steps, 2, 4));
    CHECK_FALSE(motion::chained(steps, 0, 5));
}

TEST_CASE("a map and its inverse undo each other; a place behind the horizon is nowhere") {
    const Homography map{{1.1, 0.02, 5, -0.01, 0.97, -3, 2e-4, -1e-4, 1}};
    CHECK(apart_px(map.then(*map.inverse()), {}) < 1e-9);
    CHECK_FALSE(Homography{{1, 1, 0, 1, 1, 0, 0, 0, 1}}.inverse());
    CHECK(std::isnan(Homography{{1, 0, 0, 0, 1, 0, -0.1, 0, 1}}.at(20, 0)[0]));
}

}  // namespace wetgate::tests

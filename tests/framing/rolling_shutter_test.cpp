#include "framing/rolling_shutter.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "framing/camera_path.h"
#include "support/scene.h"

namespace wetgate::tests {
namespace {

using framing::CameraPath;
using framing::readout_of;
using framing::Similarity;
using framing::ViewStep;

constexpr int kWidth = 640;
constexpr int kHeight = 360;
constexpr double kReadout = 0.6;  // frames

/// Where a hand-held camera's picture lies at a time in frames; smooth, so that it has a speed.
std::array<double, 2> place(double t) {
    return {9 * std::sin(0.45 * t) + 4 * std::sin(0.6 * t + 1),
            7 * std::cos(0.5 * t) + 2 * std::sin(0.37 * t)};
}

/// How far a row at y (from the centre) of frame i is from where it would be if all were read at once.
std::array<double, 2> slide(double i, double y, double readout) {
    const auto now = place(i), then = place(i + readout * y / kHeight);
    return {then[0] - now[0], then[1] - now[1]};
}

std::vector<ViewStep> steps_of(std::size_t count, double readout, double noise) {
    std::vector<ViewStep> steps(count);
    for (std::size_t i = 1; i < count; ++i) {
        const double t = static_cast<double>(i), half = 0.5 * kHeight;
        const auto before = place(t - 1), now = place(t);
        steps[i].map = Similarity::of(now[0] - before[0], now[1] - before[1], 0, 1);
        steps[i].rows.map = steps[i].map;
        const auto row = [&](std::size_t axis) {  // by the edges' difference
            return (slide(t, half, readout)[axis] - slide(t, -half, readout)[axis] -
                    slide(t - 1, half, readout)[axis] + slide(t - 1, -half, readout)[axis]) /
                   kHeight;
        };
        steps[i].rows.row_x = row(0) + noise * hashed_normal(1, i);
        steps[i].rows.row_y = row(1) + noise * hashed_normal(2, i);
    }
    return steps;
}

}  // namespace

TEST_CASE("the readout of a rolling shutter is found, and none where there is none") {
    const auto found = readout_of(steps_of(100, kReadout, 0.001), {}, kHeight);
    CHECK(found.frames == doctest::Approx(kReadout).epsilon(0.12));
    CHECK(readout_of(steps_of(100, -kReadout, 0.001), {}, kHeight).frames ==
          doctest::Approx(-kReadout).epsilon(0.12));
    CHECK(readout_of(steps_of(100, 0, 0.001), {}, kHeight).frames == 0);
    CHECK(readout_of(steps_of(100, kReadout, 0.2), {}, kHeight).frames == 0);   // too noisy to say
    CHECK(readout_of(steps_of(20, kReadout, 0.001), {}, kHeight).frames == 0);  // too short
    CHECK(readout_of({}, {}, kHeight).frames == 0);
}

TEST_CASE("no change of speed is seen across a cut or an unknown step") {
    auto steps = steps_of(120, kReadout, 0.0005);
    steps[60].rows = {Similarity::of(400, -300, 0, 1), 0.3, -0.3};
    steps[90].rows = {Similarity::of(-500, 200, 0, 1), -0.4, 0.1};
    steps[90].problem = motion::TrackProblem::Flat;
    const std::size_t cuts[] = {60};
    CHECK(readout_of(steps, cuts, kHeight).frames == doctest::Approx(kReadout).epsilon(0.12));
}

TEST_CASE("a locked view with its rows stands still in all rows, and stays in the plate") {
    const auto steps = steps_of(100, kReadout, 0);
    for (const bool sees_rows : {false, true}) {
        const CameraPath path =
            solved_path(steps, {}, kWidth, kHeight,
                        {.mode = framing::PathMode::Lock, .most_zoom = 1.2, .sees_rows = sees_rows});
        CHECK((path.readout.frames != 0) == sees_rows);
        REQUIRE(path.scenes[0].is_locked);
        // A place of the world at row y stands at one row and column of the made picture.
        double worst = 0, outside = -1e9;
        for (const double row : {-150.0, 0.0, 150.0}) {
            std::array<double, 2> first{};
            for (std::size_t i = 2; i + 2 < steps.size(); ++i) {
                const double t = static_cast<double>(i);
                const auto at = place(t), slid = slide(t, row + at[1], kReadout);
                const auto map = plate_map(path.views[i], path.scenes[0].zoom, kWidth, kHeight).inverse();
                const auto made = map->at(319.5 + at[0] + slid[0], 179.5 + row + at[1] + slid[1]);
                if (i == 2) first = made;
                worst = std::max(worst, std::hypot(made[0] - first[0], made[1] - first[1]));
            }
        }
        for (std::size_t i = 0; i < steps.size(); ++i) {
            for (const double x : {0.0, 639.0}) {
                for (const double y : {0.0, 359.0}) {
                    const auto at = plate_map(path.views[i], path.scenes[0].zoom, kWidth, kHeight).at(x, y);
                    outside = std::max({outside, -at[0], -at[1], at[0] - 639, at[1] - 359});
                }
            }
        }
        CHECK(outside < 1e-5);
        if (sees_rows) {
            CHECK(worst < 0.9);
        } else {
            CHECK(worst > 2);
        }
    }
}

}  // namespace wetgate::tests

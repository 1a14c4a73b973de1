#include "framing/camera_path.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "support/scene.h"

namespace wetgate::tests {
namespace {

using framing::CameraPath;
using framing::PathMode;
using framing::PathOptions;
using framing::Similarity;
using framing::ViewReason;
using framing::ViewStep;

constexpr int kWidth = 640;
constexpr int kHeight = 360;

/// Where the world's middle lies in frame i of a camera that goes as `place` says.
template <class Place>
std::vector<ViewStep> steps_of(std::size_t count, const Place& place) {
    std::vector<ViewStep> steps(count);
    for (std::size_t i = 1; i < count; ++i) steps[i].map = place(i - 1).inverse().then(place(i));
    return steps;
}

Similarity shake(std::size_t i, double px) {
    return Similarity::of(px * hashed_normal(1, i), px * hashed_normal(2, i),
                          0.004 * px * hashed_normal(3, i), 1 + 0.0003 * px * hashed_normal(4, i));
}

/// How the made picture moves from frame i - 1 to i.
Similarity seen_step(const CameraPath& path, const std::vector<ViewStep>& steps, std::size_t i, double zoom) {
    return view_map(path.views[i - 1], zoom).then(steps[i].map).then(view_map(path.views[i], zoom).inverse());
}

/// How far a map moves the picture's corners at most.
double moves_px(const Similarity& map) {
    double most = 0;
    for (const double x : {-0.5 * kWidth, 0.5 * kWidth})
        for (const double y : {-0.5 * kHeight, 0.5 * kHeight})
            most = std::max(
                most, std::hypot(map.a * x - map.b * y + map.dx - x, map.b * x + map.a * y + map.dy - y));
    return most;
}

/// By how much views leave the plate (<= 0: not at all).
double outside_px(const CameraPath& path) {
    double most = -1e9;
    for (std::size_t s = 0, i = 0; s < path.scenes.size(); ++s) {
        const std::size_t last = s + 1 < path.scenes.size() ? path.scenes[s + 1].first : path.views.size();
        for (; i < last; ++i) {
            const Similarity map = view_map(path.views[i], path.scenes[s].zoom);
            for (const double x : {-319.5, 319.5}) {
                for (const double y : {-179.5, 179.5}) {
                    most = std::max({most, std::abs(map.a * x - map.b * y + map.dx) - 319.5,
                                     std::abs(map.b * x + map.a * y + map.dy) - 179.5});
                }
            }
        }
    }
    return most;
}

double least_scale(const CameraPath& path) {
    double least = 1e9;
    for (const auto& view : path.views) least = std::min(least, view.scale / path.scenes[0].zoom);
    return least;
}

}  // namespace

TEST_CASE("a shaken camera that stands is locked: the made picture does not move at all") {
    const auto steps = steps_of(200, [](std::size_t i) { return shake(i, 3); });
    for (const PathMode mode : {PathMode::Lock, PathMode::Smooth}) {
        const CameraPath path = solved_path(steps, {}, kWidth, kHeight, {.mode = mode});
        REQUIRE(path.scenes.size() == 1);
        CHECK(path.scenes[0].is_locked == (mode == PathMode::Lock));
        double most = 0;
        for (std::size_t i = 1; i < steps.size(); ++i)
            most = std::max(most, moves_px(seen_step(path, steps, i, path.scenes[0].zoom)));
        CHECK(most < (mode == PathMode::Lock ? 1e-6 : 0.02));
        CHECK(outside_px(path) < 1e-6);
        CHECK(least_scale(path) >= 1 / 1.1 - 1e-9);
    }
}

TEST_CASE("whatever the camera does, the view stays in the plate and the zoom in its budget") {
    for (const double px : {1.0, 20.0, 200.0}) {
        const auto steps = steps_of(150, [&](std::size_t i) {
            const double t = static_cast<double>(i);
            return Similarity::of(9 * t, 40 * std::sin(0.1 * t), 0.5 * t, 1 + 0.002 * t).then(shake(i, px));
        });
        for (const double most_zoom : {1.02, 1.1, 1.5}) {
            const CameraPath path = solved_path(steps, {}, kWidth, kHeight, {.most_zoom = most_zoom});
            CHECK(outside_px(path) < 1e-6);
            CHECK(least_scale(path) >= 1 / most_zoom - 1e-9);
            CHECK(std::any_of(path.views.begin(), path.views.end(),
                              [](const auto& view) { return view.reason == ViewReason::AtTheEdge; }));
        }
    }
}

TEST_CASE("a shaken pan becomes a steady one, and keeps its pace") {
    const auto steps = steps_of(120, [](std::size_t i) {
        return Similarity::of(-4.0 * static_cast<double>(i), 0, 0, 1).then(shake(i, 2));
    });
    const CameraPath path = solved_path(steps, {}, kWidth, kHeight);
    double jerk = 0, before = 0, way = 0;
    for (std::size_t i = 1; i < steps.size(); ++i) {
        const Similarity seen = seen_step(path, steps, i, path.scenes[0].zoom);
        if (i > 1) jerk += std::pow(seen.dx - before, 2);
        before = seen.dx;
        way += seen.dx;
    }
    CHECK(std::sqrt(jerk / 118) < 0.06);  // the plate's is 2 sqrt(6) = 4.9 px
    CHECK(way == doctest::Approx(-4.0 * 119 * path.scenes[0].zoom).epsilon(0.15));
}

TEST_CASE("a plate that stands still is left as it is") {
    const auto steps = steps_of(60, [](std::size_t i) { return shake(i, 0.004); });
    const CameraPath path = solved_path(steps, {}, kWidth, kHeight);
    CHECK(path.scenes[0].zoom == 1);
    for (const auto& view : path.views) {
        CHECK(view.dx_px == 0);
        CHECK(view.scale == 1);
        CHECK(view.reason == ViewReason::Untouched);
    }
}

TEST_CASE("a jolt is taken out, and every other frame keeps the plate's own view exactly") {
    const auto wander = [](std::size_t i) {
        const double t = static_cast<double>(i);
        return Similarity::of(2 * t + 6 * std::sin(0.05 * t), 4 * std::cos(0.07 * t), 0, 1)
            .then(shake(i, 0.15));
    };
    // A blow that swings out within five frames, and one that leaves the camera where it threw it.
    const auto blow = [](std::size_t i) {
        const double swing = i >= 80 && i < 86 ? std::exp(-0.4 * static_cast<double>(i - 80)) : 0;
        return Similarity::of(14 * swing, -9 * swing, 0.4 * swing, 1);
    };
    const auto push = [](std::size_t i) { return Similarity::of(i >= 80 ? 12 : 0, 0, 0, 1); };
    for (const bool stays : {false, true}) {
        const auto steps =
            steps_of(160, [&](std::size_t i) { return wander(i).then(stays ? push(i) : blow(i)); });
        const CameraPath path = solved_path(steps, {}, kWidth, kHeight, {.mode = PathMode::Bump});
        CHECK(outside_px(path) < 1e-6);
        CHECK(path.scenes[0].zoom <= 1.1);
        double fastest = 0;
        for (std::size_t i = 1; i < steps.size(); ++i) {
            const auto& view = path.views[i];
            if (i < 70 || i >= 96) {
                CHECK(view.reason == ViewReason::Untouched);
                CHECK(view.dx_px == 0);
                CHECK(view.dy_px == 0);
                CHECK(view.rotation_deg == 0);
                CHECK(view.scale == 1);
            }
            if (i < 2) continue;
            const Similarity here = seen_step(path, steps, i, path.scenes[0].zoom);
            const Similarity last = seen_step(path, steps, i - 1, path.scenes[0].zoom);
            if (i > 70 && i < 96)
                fastest = std::max(fastest, std::hypot(here.dx - last.dx, here.dy - last.dy));
        }
        CHECK(path.views[82].reason == ViewReason::Jolt);
        CHECK(fastest < (stays ? 3.0 : 1.5));  // the plate's: 12 and 22 px
    }
}

TEST_CASE("a pan that begins at once is no jolt") {
    const auto steps = steps_of(160, [](std::size_t i) {
        return Similarity::of(i < 80 ? 0 : 3.0 * static_cast<double>(i - 80), 0, 0, 1).then(shake(i, 0.1));
    });
    const CameraPath path = solved_path(steps, {}, kWidth, kHeight, {.mode = PathMode::Bump});
    for (const auto& view : path.views) CHECK(view.reason == ViewReason::Untouched);
    CHECK(path.scenes[0].zoom == 1);
}

TEST_CASE(
    "a jolt greater than the crop goes as far as the crop allows, or out of the plate where edges are "
    "filled") {
    const auto steps =
        steps_of(100, [](std::size_t i) { return Similarity::of(i >= 50 && i < 53 ? 60 : 0, 0, 0, 1); });
    PathOptions options{.mode = PathMode::Bump};
    const CameraPath held = solved_path(steps, {}, kWidth, kHeight, options);
    CHECK(outside_px(held) < 1e-6);
    CHECK(held.scenes[0].zoom <= 1.1);
    CHECK(held.views[51].reason == ViewReason::AtTheEdge);
    CHECK(held.views[20].dx_px == 0);
    options.fills_edges = true;
    const CameraPath filled = solved_path(steps, {}, kWidth, kHeight, options);
    CHECK(filled.scenes[0].zoom == 1);
    CHECK(outside_px(filled) > 20);
    CHECK(outside_px(filled) < 319.5 * (1 - 1 / 1.1) + 1e-6);
}

TEST_CASE("where edges are filled a smooth path needs no zoom") {
    const auto steps = steps_of(100, [](std::size_t i) { return shake(i, 3); });
    const CameraPath path = solved_path(steps, {}, kWidth, kHeight, {.fills_edges = true});
    CHECK(path.scenes[0].zoom == doctest::Approx(1).epsilon(0.005));
    CHECK(outside_px(path) > 0);
    double most = 0;
    for (std::size_t i = 1; i < steps.size(); ++i)
        most = std::max(most, moves_px(seen_step(path, steps, i, path.scenes[0].zoom)));
    CHECK(most < 0.02);
}

TEST_CASE("a camera that goes too far for the crop is not locked but smoothed") {
    const auto steps = steps_of(100, [](std::size_t i) {
        return Similarity::of(1.5 * static_cast<double>(i), 0, 0, 1).then(shake(i, 1));
    });
    const CameraPath path = solved_path(steps, {}, kWidth, kHeight, {.mode = PathMode::Lock});
    CHECK_FALSE(path.scenes[0].is_locked);
    CHECK(outside_px(path) < 1e-6);
}

TEST_CASE("a scene's path knows nothing of what lies beyond its cuts") {
    const auto first = steps_of(40, [](std::size_t i) { return shake(i, 3); });
    const auto second = steps_of(50, [](std::size_t i) {
        return Similarity::of(3.0 * static_cast<double>(i), 0, 0, 1).then(shake(i + 100, 2));
    });
    std::vector<ViewStep> both = first;
    both.insert(both.end(), second.begin(), second.end());
    both[40].map = Similarity::of(300, 100, 20, 2);
    const std::size_t cuts[] = {40};
    const CameraPath path = solved_path(both, cuts, kWidth, kHeight);
    const CameraPath one = solved_path(first, {}, kWidth, kHeight),
                     two = solved_path(second, {}, kWidth, kHeight);
    REQUIRE(path.scenes.size() == 2);
    CHECK(path.scenes[1].first == 40);
    CHECK(path.scenes[0].zoom == one.scenes[0].zoom);
    CHECK(path.scenes[1].zoom == two.scenes[0].zoom);
    for (std::size_t i = 0; i < both.size(); ++i) {
        const auto& expected = i < 40 ? one.views[i] : two.views[i - 40];
        CHECK(path.views[i].dx_px == expected.dx_px);
        CHECK(path.views[i].rotation_deg == expected.rotation_deg);
    }
}

TEST_CASE("the path leads over steps that are not known") {
    const auto place = [](std::size_t i) { return Similarity::of(2.0 * static_cast<double>(i), 0, 0, 1); };
    auto steps = steps_of(60, place);
    for (std::size_t i = 30; i < 33; ++i) {
        steps[i] = {};
        steps[i].problem = motion::TrackProblem::Flat;
    }
    const CameraPath path = solved_path(steps, {}, kWidth, kHeight);
    CHECK(path.views[31].reason == ViewReason::NoTrack);
    CHECK(path.views[35].reason != ViewReason::NoTrack);
    // The true steps, seen through the views: even motion throughout, but for a third of a pan's pace.
    const auto truth = steps_of(60, place);
    for (std::size_t i = 2; i < truth.size(); ++i) {
        const double here = seen_step(path, truth, i, path.scenes[0].zoom).dx;
        CHECK(std::abs(here - seen_step(path, truth, i - 1, path.scenes[0].zoom).dx) < 0.8);
    }
    for (auto& step : steps) step.problem = motion::TrackProblem::FewMatches;
    CHECK(solved_path(steps, {}, kWidth, kHeight).scenes[0].zoom == 1);
}

TEST_CASE("short shots, and none, have paths; senseless ones are refused") {
    for (std::size_t count = 0; count < 6; ++count) {
        const auto steps = steps_of(count, [](std::size_t i) { return shake(i, 3); });
        for (const PathMode mode : {PathMode::Smooth, PathMode::Bump, PathMode::Lock}) {
            const CameraPath path = solved_path(steps, {}, kWidth, kHeight, {.mode = mode});
            CHECK(path.views.size() == count);
            CHECK(outside_px(path) < 1e-6);
        }
    }
    const std::vector<ViewStep> steps(10);
    const std::size_t early[] = {0}, late[] = {10}, unordered[] = {5, 3};
    for (const std::span<const std::size_t> cuts : {std::span(early), std::span(late)})
        CHECK_THROWS_AS(solved_path(steps, cuts, kWidth, kHeight), Error);
    CHECK_THROWS_AS(solved_path(steps, unordered, kWidth, kHeight), Error);
    CHECK_THROWS_AS(solved_path(steps, {}, kWidth, kHeight, {.most_zoom = 0.9}), Error);
    CHECK_THROWS_AS(solved_path(steps, {}, 1, kHeight), Error);
}

}  // namespace wetgate::tests

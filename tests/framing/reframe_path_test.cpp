#include "framing/reframe_path.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "core/error.h"

namespace wetgate::tests {
namespace {

using framing::Area;
using framing::Crop;
using framing::crop_at;
using framing::FrameEvidence;
using framing::ReframeOptions;
using framing::ReframeSolution;
using framing::solve_reframe;
using framing::Subject;
using framing::SubjectKind;
using framing::Target;
using Frames = std::vector<std::optional<FrameEvidence>>;

constexpr int kWidth = 1920;
constexpr int kHeight = 1080;

FrameEvidence flat(std::vector<Subject> subjects) {
    FrameEvidence evidence{std::move(subjects), 16, 9, {}};
    evidence.weights.assign(16 * 9, 100);
    return evidence;
}

Subject face(double middle_x, double middle_y, double size, double confidence = 0.9) {
    return {SubjectKind::Face,
            {middle_x - size / 2, middle_y - size / 2, middle_x + size / 2, middle_y + size / 2},
            confidence};
}

ReframeOptions upright() {
    ReframeOptions options;
    options.aspect = 9.0 / 16;
    options.rate = 25;
    return options;
}

TEST_CASE("the largest crop of an aspect fills the picture's height or width, also with long pixels") {
    ReframeOptions options = upright();
    CHECK(framing::crop_size(kWidth, kHeight, options) == Crop{0, 0, 607.5, 1080});
    options.aspect = 2.39;
    CHECK(framing::crop_size(kWidth, kHeight, options).w == 1920);
    CHECK(framing::crop_size(kWidth, kHeight, options).h == doctest::Approx(1920 / 2.39).epsilon(1e-5));
    options.aspect = 1;
    options.pixel_aspect = 2;
    CHECK(framing::crop_size(kWidth, kHeight, options).w == 540);
    options.closer = 2;
    CHECK(framing::crop_size(kWidth, kHeight, options).h == 540);
}

TEST_CASE("a face that does not move is framed by one key") {
    const Frames frames(100, flat({face(0.7, 0.4, 0.08)}));
    const ReframeSolution solution = solve_reframe(kWidth, kHeight, 1001, frames, {}, {}, upright());
    REQUIRE(solution.path.scenes.size() == 1);
    REQUIRE(solution.path.scenes[0].keys.size() == 1);
    CHECK(solution.path.scenes[0].first == 1001);
    CHECK(solution.path.scenes[0].last == 1100);
    const Crop crop = solution.path.scenes[0].keys[0].crop;
    CHECK(crop.x <= 0.65 * kWidth);
    CHECK(crop.x + crop.w >= 0.75 * kWidth);
    CHECK(crop.y == 0);
    CHECK(crop.h == kHeight);
    // Its canvas lies on whole pixels of the plate: nothing is resampled.
    const double left = crop.x + 0.5 * (crop.w - canvas_of(crop).width);
    CHECK(left == doctest::Approx(std::round(left)).epsilon(1e-9));
    CHECK(solution.left_out.empty());
}

TEST_CASE("a face of a few frames is chance: the crop does not move for it") {
    Frames frames(100, flat({face(0.3, 0.4, 0.08)}));
    for (std::size_t i = 50; i < 54; ++i) frames[i]->subjects = {face(0.85, 0.4, 0.1, 0.95)};
    const ReframeSolution solution = solve_reframe(kWidth, kHeight, 0, frames, {}, {}, upright());
    REQUIRE(solution.path.scenes[0].keys.size() == 1);
    const Crop crop = solution.path.scenes[0].keys[0].crop;
    CHECK(crop.x <= 0.26 * kWidth);
    CHECK(crop.x + crop.w >= 0.34 * kWidth);
}

TEST_CASE(
    "of two faces that do not fit together the larger is kept whole, the other is reported, none is split") {
    const Frames frames(100, flat({face(0.15, 0.4, 0.12), face(0.8, 0.4, 0.07)}));
    const ReframeSolution solution = solve_reframe(kWidth, kHeight, 0, frames, {}, {}, upright());
    const Crop crop = crop_at(solution.path, 50);
    CHECK(crop.x <= 0.09 * kWidth);
    CHECK(crop.x + crop.w >= 0.21 * kWidth);
    CHECK(crop.x + crop.w <= 0.765 * kWidth);
    REQUIRE(solution.left_out.size() == 1);
    CHECK(solution.left_out[0] ==
          framing::LeftOut{"face", 0, 99, "does not fit beside the subject of most weight"});
}

TEST_CASE("two faces that fit together are both kept") {
    const Frames frames(100, flat({face(0.4, 0.4, 0.08), face(0.58, 0.4, 0.07)}));
    const ReframeSolution solution = solve_reframe(kWidth, kHeight, 0, frames, {}, {}, upright());
    const Crop crop = crop_at(solution.path, 50);
    CHECK(crop.x <= 0.36 * kWidth);
    CHECK(crop.x + crop.w >= 0.615 * kWidth);
    CHECK(solution.left_out.empty());
}

TEST_CASE("a subject that walks has more room before it than behind it") {
    Frames frames;
    for (int i = 0; i < 250; ++i) frames.emplace_back(flat({face(0.2 + 0.6 * i / 249.0, 0.4, 0.05)}));
    const ReframeSolution solution = solve_reframe(kWidth, kHeight, 0, frames, {}, {}, upright());
    double ahead = 0;
    for (int i = 60; i < 190; ++i) {
        const Crop crop = crop_at(solution.path, i);
        ahead += ((crop.x + crop.w / 2) / kWidth - (0.2 + 0.6 * i / 249.0)) / 130;
    }
    CHECK(ahead > 0.005);
    CHECK(solution.left_out.empty());
}

TEST_CASE("a cut starts a scene of its own, and the crop jumps there") {
    Frames frames(60, flat({face(0.2, 0.4, 0.08)}));
    frames.resize(120, flat({face(0.8, 0.4, 0.08)}));
    const std::vector<int> cuts = {60};
    const ReframeSolution solution = solve_reframe(kWidth, kHeight, 100, frames, cuts, {}, upright());
    REQUIRE(solution.path.scenes.size() == 2);
    CHECK(solution.path.scenes[1].first == 160);
    CHECK(crop_at(solution.path, 159).x < 0.1 * kWidth);
    CHECK(crop_at(solution.path, 160).x > 0.6 * kWidth);
}

TEST_CASE("targets override faces, and are linear between their frames") {
    const Frames frames(101, flat({face(0.8, 0.4, 0.1)}));
    const std::vector<Target> targets = {{0, {0.15, 0.3, 0.25, 0.6}}, {100, {0.35, 0.3, 0.45, 0.6}}};
    const ReframeSolution solution = solve_reframe(kWidth, kHeight, 0, frames, {}, targets, upright());
    for (int i = 0; i <= 100; ++i) {
        const Crop crop = crop_at(solution.path, i);
        CHECK(crop.x <= (0.15 + 0.002 * i) * kWidth);
        CHECK(crop.x + crop.w >= (0.25 + 0.002 * i) * kWidth);
    }
    CHECK(solution.left_out.empty());
}

TEST_CASE("a push-in keeps the headroom above a face") {
    ReframeOptions options = upright();
    options.closer = 2;
    const Frames frames(50, flat({face(0.5, 0.5, 0.1)}));
    const ReframeSolution solution = solve_reframe(kWidth, kHeight, 0, frames, {}, {}, options);
    const Crop crop = crop_at(solution.path, 20);
    CHECK(crop.h == 540);
    CHECK(crop.y <= (0.45 - 0.5 * 0.1) * kHeight);
    CHECK(crop.y + crop.h >= 0.55 * kHeight);
}

TEST_CASE("a crop that moves both ways keeps its limits both ways") {
    ReframeOptions options = upright();
    options.closer = 2;
    Frames frames;
    for (int i = 0; i < 200; ++i) {
        const double t = std::clamp((i - 60) / 80.0, 0.0, 1.0);
        const double s = std::clamp((i - 90) / 70.0, 0.0, 1.0);
        frames.emplace_back(flat({face(0.2 + 0.6 * t, 0.25 + 0.5 * s, 0.08)}));
    }
    const ReframeSolution solution = solve_reframe(kWidth, kHeight, 0, frames, {}, {}, options);
    std::vector<double> x;
    std::vector<double> y;
    for (int i = 0; i < 200; ++i) {
        x.push_back(crop_at(solution.path, i).x / kWidth);
        y.push_back(crop_at(solution.path, i).y / kHeight);
    }
    for (const std::vector<double>& axis : {x, y}) {
        std::vector<double> pixels = axis;
        for (double& at : pixels) at *= 1000;
        const framing::PathMotion motion = framing::motion_of(pixels);
        CHECK(motion.moves >= 1);
        CHECK(motion.most_velocity / 1000 * options.rate <= options.limits.most_velocity * (1 + 1e-6));
        CHECK(motion.most_acceleration / 1000 * options.rate * options.rate <=
              options.limits.most_acceleration * (1 + 1e-2));
        CHECK(motion.smallest_move / 1000 >= options.limits.dead_zone);
    }
}

TEST_CASE("frames of which nothing is known are bridged") {
    Frames frames(100, flat({face(0.7, 0.4, 0.08)}));
    for (std::size_t i = 40; i < 48; ++i) frames[i].reset();
    const ReframeSolution solution = solve_reframe(kWidth, kHeight, 0, frames, {}, {}, upright());
    CHECK(solution.path.scenes[0].keys.size() == 1);
    const Frames nothing(20, std::nullopt);
    const ReframeSolution middle = solve_reframe(kWidth, kHeight, 0, nothing, {}, {}, upright());
    CHECK(crop_at(middle.path, 0).x == doctest::Approx((kWidth - 607.5) / 2).epsilon(0.02));
}

TEST_CASE("options out of range and targets out of order are refused") {
    const Frames frames(5, flat({}));
    ReframeOptions options = upright();
    options.aspect = 0;
    CHECK_THROWS_AS(solve_reframe(kWidth, kHeight, 0, frames, {}, {}, options), Error);
    const std::vector<Target> late = {{4, {0.1, 0.1, 0.2, 0.2}}, {2, {0.1, 0.1, 0.2, 0.2}}};
    CHECK_THROWS_AS(solve_reframe(kWidth, kHeight, 0, frames, {}, late, upright()), Error);
    CHECK_THROWS_AS(solve_reframe(kWidth, kHeight, 0, Frames{}, {}, {}, upright()), Error);
}

}  // namespace
}  // namespace wetgate::tests

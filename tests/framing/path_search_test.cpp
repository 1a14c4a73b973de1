#include "framing/path_search.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <vector>

namespace wetgate::tests {
namespace {

using framing::AxisCosts;
using framing::AxisPath;
using framing::middles;
using framing::motion_of;
using framing::MotionLimits;
using framing::PathMotion;
using framing::search_path;

/// The subject is a box of a tenth of the side around `middle(frame)`: lost outside of the crop, better
/// centred.
AxisCosts following(int frames, double rate, double length, const std::function<double(int)>& middle) {
    AxisCosts costs;
    costs.rate = rate;
    costs.length = length;
    costs.positions = framing::positions_for(length);
    for (int frame = 0; frame < frames; ++frame) {
        for (int p = 0; p < costs.positions; ++p) {
            const double off = std::abs(middle(frame) - costs.middle(p));
            const double over = off + 0.05 - length / 2;
            costs.cost.push_back(static_cast<float>(std::clamp(over / 0.1, 0.0, 1.0) + 0.1 * off * off));
        }
    }
    return costs;
}

void check_limits(const std::vector<double>& path, const AxisCosts& costs, const MotionLimits& limits) {
    const PathMotion motion = motion_of(path);
    CHECK(motion.most_velocity * costs.rate <= limits.most_velocity * (1 + 1e-6));
    CHECK(motion.most_acceleration * costs.rate * costs.rate <= limits.most_acceleration * (1 + 1e-6));
    if (motion.moves > 0) CHECK(motion.smallest_move >= limits.dead_zone * (1 - 1e-6));
    for (const double at : path) {
        CHECK(at >= costs.length / 2 - 1e-9);
        CHECK(at <= 1 - costs.length / 2 + 1e-9);
    }
}

TEST_CASE("a subject that stays within the crop moves nothing: one key, centred on it") {
    const AxisCosts costs =
        following(200, 25, 0.4, [](int frame) { return 0.6 + 0.04 * std::sin(0.2 * frame); });
    const AxisPath path = search_path(costs, {});
    REQUIRE(path.keys.size() == 1);
    CHECK(path.keys[0].middle == doctest::Approx(0.6).epsilon(0.02));
}

TEST_CASE("a subject that walks through the picture is followed within the limits and never lost") {
    const auto walk = [](int frame) { return 0.25 + 0.5 * std::clamp((frame - 50) / 100.0, 0.0, 1.0); };
    const AxisCosts costs = following(200, 25, 0.3, walk);
    const MotionLimits limits;
    const std::vector<double> path = middles(search_path(costs, limits), 200);
    check_limits(path, costs, limits);
    for (int frame = 0; frame < 200; ++frame)
        CHECK(std::abs(path[static_cast<std::size_t>(frame)] - walk(frame)) + 0.05 <= 0.15 + 0.01);
    CHECK(motion_of(path).moves == 1);
}

TEST_CASE("a subject that jumps faster than the limit is reached at the limit, in one move") {
    const auto jump = [](int frame) { return frame < 60 ? 0.2 : 0.8; };
    const AxisCosts costs = following(200, 24, 0.3, jump);
    const MotionLimits limits;
    const std::vector<double> path = middles(search_path(costs, limits), 200);
    check_limits(path, costs, limits);
    CHECK(motion_of(path).moves == 1);
    CHECK(path.back() >= 0.7);  // the box is inside: further is of no use
    CHECK(motion_of(path).most_velocity * 24 > 0.8 * limits.most_velocity);
}

TEST_CASE("whatever the subject does, no limit is broken and no move is smaller than the dead zone") {
    std::uint32_t seed = 12345;
    const auto random = [&] {
        seed = seed * 1664525U + 1013904223U;
        return static_cast<double>(seed >> 8) / (1 << 24);
    };
    for (int round = 0; round < 24; ++round) {
        const double rate = std::vector<double>{24, 25, 30, 60, 12, 120}[static_cast<std::size_t>(round % 6)];
        MotionLimits limits;
        limits.most_velocity = 0.05 + random();
        limits.most_acceleration = 0.1 + 2 * random();
        limits.dead_zone = 0.1 * random();
        const int frames = 20 + static_cast<int>(400 * random());
        std::vector<double> walk = {random()};
        for (int i = 1; i < frames; ++i) {
            const double step = random() < 0.05 ? random() - 0.5 : 0.05 * (random() - 0.5);
            walk.push_back(std::clamp(walk.back() + step, 0.05, 0.95));
        }
        const AxisCosts costs = following(frames, rate, 0.1 + 0.8 * random(),
                                          [&](int frame) { return walk[static_cast<std::size_t>(frame)]; });
        check_limits(middles(search_path(costs, limits), frames), costs, limits);
    }
}

TEST_CASE("a crop as long as the side stands in its middle") {
    const AxisCosts costs = following(50, 24, 1.0, [](int) { return 0.2; });
    const AxisPath path = search_path(costs, {});
    REQUIRE(path.keys.size() == 1);
    CHECK(path.keys[0].middle == 0.5);
}

TEST_CASE("a scene of one frame has one key") {
    const AxisCosts costs = following(1, 24, 0.5, [](int) { return 0.3; });
    const AxisPath path = search_path(costs, {});
    REQUIRE(path.keys.size() == 1);
    CHECK(path.keys[0].middle == doctest::Approx(0.3).epsilon(0.02));
}

}  // namespace
}  // namespace wetgate::tests

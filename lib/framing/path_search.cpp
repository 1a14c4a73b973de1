#include "framing/path_search.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>

#include "framing/path_calm.h"

namespace wetgate::framing {
namespace {

constexpr double knots_a_second = 5;
constexpr double position_step = 0.004;  // share of the side
constexpr int most_positions = 241;
constexpr int most_speeds = 60;         // either way
constexpr double limit_margin = 0.999;  // what keys lose by rounding
constexpr int most_attempts = 12;

// What motion costs, against 1 for a subject lost for a second.
constexpr double start_cost = 0.5;
constexpr double way_cost = 0.3;     // of a whole side
constexpr double speed_cost = 0.4;   // of a change by one side a second
constexpr double moving_cost = 0.1;  // a second

/// What of a scene the search needs.
struct Knots {
    int spacing = 1;  ///< frames
    int count = 1;
    int speeds = 0;                  ///< highest, in position steps from a knot to the next
    std::vector<double> cost;        ///< [knot][position]
    std::vector<double> start_cost;  ///< [knot]
};

Knots knots_of(const AxisCosts& costs, const MotionLimits& limits) {
    Knots knots;
    const int frames = costs.frames();
    knots.spacing = std::max(1, static_cast<int>(std::lround(costs.rate / knots_a_second)));
    knots.count = (frames - 1 + knots.spacing - 1) / knots.spacing + 1;
    const auto positions = static_cast<std::size_t>(costs.positions);
    const double step = costs.positions > 1 ? costs.middle(1) - costs.middle(0) : 1.0;
    knots.speeds = static_cast<int>(std::min<double>(
        most_speeds, limits.most_velocity * limit_margin * knots.spacing / costs.rate / step));
    knots.cost.assign(static_cast<std::size_t>(knots.count) * positions, 0.0);
    for (int frame = 0; frame < frames; ++frame) {
        const auto knot = static_cast<std::size_t>((frame + knots.spacing / 2) / knots.spacing);
        const std::size_t at = std::min(knot, static_cast<std::size_t>(knots.count) - 1) * positions;
        const std::size_t from = static_cast<std::size_t>(frame) * positions;
        for (std::size_t p = 0; p < positions; ++p)
            knots.cost[at + p] += static_cast<double>(costs.cost[from + p]) / costs.rate;
    }
    knots.start_cost.assign(static_cast<std::size_t>(knots.count), start_cost);
    return knots;
}

/// Position index at each knot.
std::vector<int> cheapest(const AxisCosts& costs, const Knots& knots) {
    const int positions = costs.positions;
    const int speeds = 2 * knots.speeds + 1;
    const auto index = [&](int position, int speed) {
        return static_cast<std::size_t>(position) * static_cast<std::size_t>(speeds) +
               static_cast<std::size_t>(speed);
    };
    const double infinite = std::numeric_limits<double>::infinity();
    const double seconds = knots.spacing / costs.rate;
    const double step = positions > 1 ? costs.middle(1) - costs.middle(0) : 1.0;
    const double change_cost = speed_cost * step / seconds;
    const std::size_t states = index(positions - 1, speeds - 1) + 1;
    std::vector<double> best(states, infinite);
    std::vector<double> next(states);
    // The speed before, for each knot and state.
    std::vector<std::uint8_t> back(static_cast<std::size_t>(knots.count) * states, 0);
    const auto knot_cost = [&](int knot, int position) {
        return knots.cost[static_cast<std::size_t>(knot) * static_cast<std::size_t>(positions) +
                          static_cast<std::size_t>(position)];
    };
    const int rest = knots.speeds;
    for (int p = 0; p < positions; ++p) best[index(p, rest)] = knot_cost(0, p);
    std::vector<double> reach(static_cast<std::size_t>(speeds));
    std::vector<int> from(static_cast<std::size_t>(speeds));
    for (int knot = 1; knot < knots.count; ++knot) {
        std::fill(next.begin(), next.end(), infinite);
        std::uint8_t* const came = back.data() + static_cast<std::size_t>(knot) * states;
        for (int p = 0; p < positions; ++p) {
            // The cheapest way to each speed: from another speed by as much change as lies between, ...
            for (int s = 0; s < speeds; ++s) {
                reach[static_cast<std::size_t>(s)] = s == rest ? infinite : best[index(p, s)];
                from[static_cast<std::size_t>(s)] = s;
            }
            const auto spread = [&](int s, int other) {
                const double way = reach[static_cast<std::size_t>(other)] + change_cost;
                if (way < reach[static_cast<std::size_t>(s)]) {
                    reach[static_cast<std::size_t>(s)] = way;
                    from[static_cast<std::size_t>(s)] = from[static_cast<std::size_t>(other)];
                }
            };
            for (int s = 1; s < speeds; ++s) spread(s, s - 1);
            for (int s = speeds - 2; s >= 0; --s) spread(s, s + 1);
            for (int s = 0; s < speeds; ++s) {
                const int to = p + s - rest;
                if (to < 0 || to >= positions) continue;
                double cost = reach[static_cast<std::size_t>(s)];
                int speed = from[static_cast<std::size_t>(s)];
                // ... or from rest, which also costs a start.
                const double start = s == rest ? 0.0 : knots.start_cost[static_cast<std::size_t>(knot) - 1];
                const double from_rest = best[index(p, rest)] + change_cost * std::abs(s - rest) + start;
                if (from_rest <= cost) {
                    cost = from_rest;
                    speed = rest;
                }
                if (s != rest) cost += way_cost * step * std::abs(s - rest) + moving_cost * seconds;
                cost += knot_cost(knot, to);
                if (cost < next[index(to, s)]) {
                    next[index(to, s)] = cost;
                    came[index(to, s)] = static_cast<std::uint8_t>(speed);
                }
            }
        }
        std::swap(best, next);
    }
    int position = 0;
    int speed = rest;
    for (int p = 0; p < positions; ++p) {
        for (int s = 0; s < speeds; ++s) {
            if (best[index(p, s)] < best[index(position, speed)]) {
                position = p;
                speed = s;
            }
        }
    }
    std::vector<int> path(static_cast<std::size_t>(knots.count));
    for (int knot = knots.count - 1; knot >= 0; --knot) {
        path[static_cast<std::size_t>(knot)] = position;
        if (knot == 0) break;
        const int before = back[static_cast<std::size_t>(knot) * states + index(position, speed)];
        position -= speed - rest;
        speed = before;
    }
    return path;
}

double line(const AxisKey& a, const AxisKey& b, int frame) {
    return a.middle + (b.middle - a.middle) * (frame - a.frame) / (b.frame - a.frame);
}

/// The corners of the path through all knots, less those that a straight way passes within a step.
std::vector<AxisKey> corners(const AxisCosts& costs, const Knots& knots, const std::vector<int>& path) {
    std::vector<AxisKey> all;
    for (int knot = 0; knot < knots.count; ++knot)
        all.push_back({knot * knots.spacing, costs.middle(path[static_cast<std::size_t>(knot)]), 0});
    std::vector<std::size_t> kept = {0};
    for (std::size_t i = 1; i + 1 < all.size(); ++i) {
        const double before = all[i].middle - all[i - 1].middle;
        const double after = all[i + 1].middle - all[i].middle;
        if (path[i] - path[i - 1] == path[i + 1] - path[i]) continue;
        // A way that goes on in one direction may be taken at one speed.
        const AxisKey& from = all[kept.back()];
        bool is_straight = before * after > 0 && (all[i].middle - from.middle) * after > 0;
        for (std::size_t k = kept.back() + 1; is_straight && k <= i; ++k) {
            is_straight = std::abs(line(from, all[i + 1], all[k].frame) - all[k].middle) <= position_step &&
                          (all[k].middle - all[k - 1].middle) * after > 0;
        }
        if (!is_straight) kept.push_back(i);
    }
    std::vector<AxisKey> keys;
    for (const std::size_t at : kept) keys.push_back(all[at]);
    const int last = costs.frames() - 1;
    if (all.size() > 1) keys.push_back({last, line(all[all.size() - 2], all.back(), last), 0});
    const bool rests = std::all_of(keys.begin(), keys.end(),
                                   [&](const AxisKey& key) { return key.middle == keys.front().middle; });
    if (rests) keys.resize(1);
    return keys;
}

struct Broken {
    int first = 0, last = 0;  ///< frames of the offending move
};

/// The first and worst things that the path does against the limits.
std::vector<Broken> broken_by(const std::vector<double>& path, const AxisCosts& costs,
                              const MotionLimits& limits) {
    constexpr double tiny = 1e-9;
    const double velocity = limits.most_velocity / costs.rate + tiny;
    const double acceleration = limits.most_acceleration / costs.rate / costs.rate + tiny;
    std::vector<Broken> broken;
    const auto count = static_cast<int>(path.size());
    const auto at = [&](int i) { return path[static_cast<std::size_t>(i)]; };
    int from = 0;
    for (int i = 1; i < count; ++i) {
        const double step = at(i) - at(i - 1);
        const bool too_fast =
            std::abs(step) > velocity || (i >= 2 && std::abs(step - at(i - 1) + at(i - 2)) > acceleration);
        const bool is_outside = at(i) < costs.length / 2 - tiny || at(i) > 1 - costs.length / 2 + tiny;
        if (too_fast || is_outside) broken.push_back({i - 1, i});
        const double next = i + 1 < count ? at(i + 1) - at(i) : 0.0;
        if (step * next <= 0 || std::abs(next) < tiny) {  // a move ends here
            const double moved = std::abs(at(i) - at(from));
            if (moved > tiny && moved < limits.dead_zone) broken.push_back({from, i});
            from = i;
        }
    }
    return broken;
}

std::optional<AxisPath> eased(std::vector<AxisKey> keys, const AxisCosts& costs, const MotionLimits& limits,
                              std::vector<Broken>& broken) {
    double most_change = 0;
    for (std::size_t i = 1; i + 1 < keys.size(); ++i) {
        const double before = (keys[i].middle - keys[i - 1].middle) / (keys[i].frame - keys[i - 1].frame);
        const double after = (keys[i + 1].middle - keys[i].middle) / (keys[i + 1].frame - keys[i].frame);
        most_change = std::max(most_change, std::abs(after - before));
    }
    const double acceleration = limits.most_acceleration / costs.rate / costs.rate;
    const int longest =
        static_cast<int>(std::ceil(3 * limits.most_velocity / limits.most_acceleration * costs.rate)) + 1;
    AxisPath path{std::move(keys)};
    int ease = most_change > 0 ? static_cast<int>(std::ceil(1.5 * most_change / acceleration)) : 0;
    while (true) {
        for (AxisKey& key : path.keys) key.ease = ease;
        broken = broken_by(middles(path, costs.frames()), costs, limits);
        if (broken.empty()) return path;
        if (ease >= longest) return std::nullopt;
        ease = std::min(longest, ease + std::max(1, ease / 4));
    }
}

}  // namespace

double AxisCosts::middle(double position) const {
    if (positions < 2) return 0.5;
    return length / 2 + (1 - length) * position / (positions - 1);
}

int positions_for(double length) {
    const double travel = 1 - length;
    if (travel < 1e-6) return 1;
    return std::clamp(static_cast<int>(std::ceil(travel / position_step)) + 1, 2, most_positions);
}

std::vector<double> middles(const AxisPath& path, int first, int last, int frames) {
    CropScene scene;
    scene.last = frames - 1;
    for (const AxisKey& key : path.keys) scene.keys.push_back({key.frame, {key.middle, 0, 0, 0}, key.ease});
    std::vector<double> result;
    for (int frame = first; frame <= last; ++frame) result.push_back(crop_at(scene, frame).x);
    return result;
}

std::vector<double> middles(const AxisPath& path, int frames) {
    return middles(path, 0, frames - 1, frames);
}

bool keeps_limits(const std::vector<double>& middles, const AxisCosts& costs, const MotionLimits& limits) {
    return broken_by(middles, costs, limits).empty();
}

AxisPath search_path(const AxisCosts& costs, const MotionLimits& limits) {
    Knots knots = knots_of(costs, limits);
    const int around = static_cast<int>(std::lround(knots_a_second));
    for (int attempt = 0; attempt < most_attempts && knots.speeds > 0 && knots.count > 1; ++attempt) {
        std::vector<Broken> broken;
        std::optional<AxisPath> path =
            eased(corners(costs, knots, cheapest(costs, knots)), costs, limits, broken);
        if (path) return calmed(std::move(*path), costs, limits);
        for (const Broken& place : broken) {
            const int from = std::max(0, place.first / knots.spacing - around);
            const int to = std::min(knots.count - 1, place.last / knots.spacing + around);
            for (int knot = from; knot <= to; ++knot) {
                // Once an attempt, however many frames of the move are broken.
                double& start = knots.start_cost[static_cast<std::size_t>(knot)];
                start = std::max(start, start_cost * std::pow(4.0, attempt + 1));
            }
        }
    }
    // Where it cannot move, it stands where the whole scene is cheapest.
    int best = 0;
    double least = std::numeric_limits<double>::infinity();
    for (int p = 0; p < costs.positions; ++p) {
        double sum = 0;
        for (int frame = 0; frame < costs.frames(); ++frame)
            sum += static_cast<double>(
                costs.cost[static_cast<std::size_t>(frame) * static_cast<std::size_t>(costs.positions) +
                           static_cast<std::size_t>(p)]);
        if (sum < least) {
            least = sum;
            best = p;
        }
    }
    return {{{0, costs.middle(best), 0}}};
}

}  // namespace wetgate::framing

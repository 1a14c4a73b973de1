#include "framing/path_calm.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <utility>
#include <vector>

namespace wetgate::framing {
namespace {

// What motion costs, against 1 for a subject lost for a second.
constexpr double jerk_cost = 1;  // a side a second, a second
constexpr double lost_cost = 4;  // more, of what a frame costs beyond `allowed`
constexpr double allowed = 0.6;  // above the frame's best place: a subject is cut or lost there
constexpr double way_cost = 0.3;
constexpr double start_cost = 0.5;
constexpr int most_rounds = 12;
constexpr std::size_t most_keys = 400;  // more: a path that never rests, left as it is

class Calmer {
public:
    Calmer(AxisPath path, const AxisCosts& costs, const MotionLimits& limits)
        : costs_(costs), limits_(limits), path_(std::move(path)), at_(middles(path_, costs.frames())) {
        const auto positions = static_cast<std::ptrdiff_t>(costs.positions);
        for (auto row = costs.cost.begin(); row != costs.cost.end(); row += positions)
            least_.push_back(static_cast<double>(*std::min_element(row, row + positions)));
    }

    AxisPath result() {
        if (path_.keys.size() < 2 || path_.keys.size() > most_keys) return path_;
        for (int round = 0; round < most_rounds; ++round) {
            has_gained_ = false;
            join_rests();
            for (std::size_t k = 0; k < path_.keys.size(); ++k) {
                for (const double seconds : {0.04, 0.2, 0.8}) {
                    stretch(k, seconds);
                    stretch(k, -seconds);
                    shift(k, seconds);
                    shift(k, -seconds);
                }
                for (const double by : {2.5, 1.3, 0.7}) ease(k, by);
                for (const double step : {0.003, 0.015, 0.06}) {
                    level(k, step);
                    level(k, -step);
                }
            }
            if (!has_gained_) break;
        }
        return path_;
    }

private:
    int last_frame() const { return costs_.frames() - 1; }
    int frames_of(double seconds) const {
        const int frames = std::max(1, static_cast<int>(std::lround(std::abs(seconds) * costs_.rate)));
        return seconds < 0 ? -frames : frames;
    }
    bool is_inner(std::size_t k) const { return k > 0 && k + 1 < path_.keys.size(); }

    /// Keys around `k` that rest at its level: [first, last].
    std::pair<std::size_t, std::size_t> rest_around(std::size_t k) const {
        const auto& keys = path_.keys;
        std::size_t first = k, last = k;
        while (first > 0 && keys[first - 1].middle == keys[k].middle) --first;
        while (last + 1 < keys.size() && keys[last + 1].middle == keys[k].middle) ++last;
        return {first, last};
    }

    void shift(std::size_t k, double seconds) {
        if (!is_inner(k)) return;
        AxisPath other = path_;
        other.keys[k].frame += frames_of(seconds);
        take_if_better(std::move(other), k, k);
    }

    void ease(std::size_t k, double by) {
        if (!is_inner(k)) return;
        AxisPath other = path_;
        other.keys[k].ease = static_cast<int>(std::lround(std::max(1.0, other.keys[k].ease * by)));
        take_if_better(std::move(other), k, k);
    }

    /// The move from key k to the next, slower or faster, eased all the way.
    void stretch(std::size_t k, double seconds) {
        if (k + 1 >= path_.keys.size() || path_.keys[k].middle == path_.keys[k + 1].middle) return;
        AxisPath other = path_;
        AxisKey& from = other.keys[k];
        AxisKey& to = other.keys[k + 1];
        const int by = frames_of(seconds);
        if (is_inner(k)) from.frame -= by;
        if (is_inner(k + 1)) to.frame += by;
        if (to.frame <= from.frame) return;
        for (const std::size_t at : {k, k + 1}) {
            if (is_inner(at)) other.keys[at].ease = to.frame - from.frame;
        }
        take_if_better(std::move(other), k, k + 1);
    }

    void level(std::size_t k, double step) {
        const auto [first, last] = rest_around(k);
        if (first != k) return;  // once a rest
        AxisPath other = path_;
        const double middle =
            std::clamp(other.keys[k].middle + step, costs_.length / 2, 1 - costs_.length / 2);
        for (std::size_t i = first; i <= last; ++i) other.keys[i].middle = middle;
        take_if_better(std::move(other), first, last);
    }

    /// Two rests that follow each other, as one.
    void join_rests() {
        for (std::size_t k = 0; k + 1 < path_.keys.size(); ++k) {
            const auto [first, last] = rest_around(k);
            if (last + 1 >= path_.keys.size()) return;
            const auto [next, end] = rest_around(last + 1);
            const double a = path_.keys[last].middle;
            const double b = path_.keys[next].middle;
            for (const double t : {0.0, 0.25, 0.5, 0.75, 1.0}) {
                AxisPath other = path_;
                for (std::size_t i = first; i <= end; ++i) other.keys[i].middle = a + t * (b - a);
                if (take_if_better(std::move(other), first, end, start_cost)) break;
            }
            k = last;
        }
    }

    /// What frames [from, to] cost, of a path whose values are value(i).
    template <class Value>
    double cost(int from, int to, const Value& value) const {
        double sum = 0;
        for (int i = from; i <= to; ++i) {
            sum += picture_cost(i, value(i)) / costs_.rate;
            if (i > 0) sum += way_cost * std::abs(value(i) - value(i - 1));
            if (i > 2) {
                const double jerk = value(i) - 3 * value(i - 1) + 3 * value(i - 2) - value(i - 3);
                sum += jerk_cost * std::abs(jerk) * costs_.rate * costs_.rate;
            }
        }
        return sum;
    }

    double picture_cost(int frame, double middle) const {
        const auto positions = static_cast<std::size_t>(costs_.positions);
        const float* row = costs_.cost.data() + static_cast<std::size_t>(frame) * positions;
        const double travel = 1 - costs_.length;
        const double place =
            std::clamp((middle - costs_.length / 2) / travel, 0.0, 1.0) * static_cast<double>(positions - 1);
        const auto before = std::min(static_cast<std::size_t>(place), positions - 2);
        const double t = place - static_cast<double>(before);
        const double cost =
            (1 - t) * static_cast<double>(row[before]) + t * static_cast<double>(row[before + 1]);
        return cost + lost_cost * std::max(0.0, cost - least_[static_cast<std::size_t>(frame)] - allowed);
    }

    /// Takes `other`, which differs in the keys [first, last], where it is better by more than rounding and
    /// keeps the limits.
    bool take_if_better(AxisPath other, std::size_t first, std::size_t last, double bonus = 0) {
        const auto& keys = other.keys;
        const auto is_whole = [&](std::size_t k) {
            const int half = (keys[k].ease + 1) / 2;
            return (k == 0 || (keys[k].frame > keys[k - 1].frame && keys[k].frame >= half)) &&
                   (k + 1 == keys.size() ||
                    (keys[k].frame < keys[k + 1].frame && keys[k].frame + half <= last_frame()));
        };
        for (std::size_t k = first; k <= last; ++k) {
            if (is_inner(k) && !is_whole(k)) return false;
        }
        int longest = 0;
        for (const AxisPath* path : {&path_, &other}) {
            for (const AxisKey& key : path->keys) longest = std::max(longest, key.ease);
        }
        const std::size_t before = first > 0 ? first - 1 : 0;
        const std::size_t after = std::min(last + 1, keys.size() - 1);
        const int reach = longest / 2 + 4;
        const int from = std::max(0, std::min(keys[before].frame, path_.keys[before].frame) - reach);
        const int to = std::min(last_frame(), std::max(keys[after].frame, path_.keys[after].frame) + reach);
        const std::vector<double> now = middles(other, from, to, costs_.frames());
        const auto old_value = [&](int i) { return at_[static_cast<std::size_t>(i)]; };
        const auto new_value = [&](int i) {
            return i < from ? old_value(i) : now[static_cast<std::size_t>(i - from)];
        };
        if (!(cost(from, to, new_value) - bonus < cost(from, to, old_value) - 1e-6)) return false;
        std::vector<double> whole = at_;
        std::copy(now.begin(), now.end(), whole.begin() + from);
        if (!keeps_limits(whole, costs_, limits_)) return false;
        at_ = std::move(whole);
        path_ = std::move(other);
        has_gained_ = true;
        return true;
    }

    const AxisCosts& costs_;
    const MotionLimits& limits_;
    AxisPath path_;
    std::vector<double> at_;     // the path on each frame
    std::vector<double> least_;  // that any place costs, of each frame
    bool has_gained_ = false;
};

/// Without keys that change nothing.
AxisPath without_idle_keys(AxisPath path) {
    std::vector<AxisKey> kept;
    for (std::size_t k = 0; k < path.keys.size(); ++k) {
        const bool is_inner = k > 0 && k + 1 < path.keys.size();
        if (is_inner && path.keys[k].middle == kept.back().middle &&
            path.keys[k].middle == path.keys[k + 1].middle)
            continue;
        kept.push_back(path.keys[k]);
    }
    if (kept.size() == 2 && kept[0].middle == kept[1].middle) kept.resize(1);
    return {std::move(kept)};
}

}  // namespace

AxisPath calmed(AxisPath path, const AxisCosts& costs, const MotionLimits& limits) {
    if (costs.positions < 2) return path;
    return without_idle_keys(Calmer(std::move(path), costs, limits).result());
}

}  // namespace wetgate::framing

#include "framing/target_tracks.h"

#include <algorithm>
#include <cstddef>

#include "framing/follow.h"

namespace wetgate::framing {
namespace {

Area mixed(const Area& a, const Area& b, double t) {
    return {a.left + t * (b.left - a.left), a.top + t * (b.top - a.top), a.right + t * (b.right - a.right),
            a.bottom + t * (b.bottom - a.bottom)};
}

/// How far to believe two ways between targets that lie `frames` apart, 0..1: by what they have in common in
/// the middle, where either is far from its target. Ways that do not meet there are lost, and say nothing
/// against each other.
double agreement(const std::vector<Area>& there, const std::vector<Area>& back, int frames) {
    double sum = 0;
    int count = 0;
    for (int k = (frames + 2) / 3; k <= frames - (frames + 2) / 3; ++k) {
        const auto i = static_cast<std::size_t>(k);
        const auto j = static_cast<std::size_t>(frames - k);
        if (i >= there.size() || j >= back.size()) continue;
        sum += overlap(there[i], back[j]);
        ++count;
    }
    constexpr double none = 0.2;  // of both: they are on two things
    constexpr double full = 0.5;
    return count == 0 ? 1 : std::clamp((sum / count - none) / (full - none), 0.0, 1.0);
}

class Tracks {
public:
    Tracks(std::span<const motion::GrayImage> looks, int frames, double rate) : looks_(looks), rate_(rate) {
        result_.areas.resize(static_cast<std::size_t>(frames));
    }

    /// From a target to the scene's border `to`.
    void go_to_border(int from, const Area& area, int to) {
        const int way = to >= from ? 1 : -1;
        const std::vector<Area> known = known_from(from, area, to);
        const int reach = static_cast<int>(known.size());
        for (int k = 0; k <= (to - from) * way; ++k)
            at(from + k * way) = known[static_cast<std::size_t>(std::min(k, reach - 1))];
        if (reach <= (to - from) * way)
            result_.lost.push_back({std::min(from + reach * way, to), std::max(from + reach * way, to)});
    }

    void go_between(int from, const Area& area, int to, const Area& next) {
        const int way = to - from;
        const std::vector<Area> there = known_from(from, area, to);
        const std::vector<Area> back = known_from(to, next, from);
        const int reach = static_cast<int>(there.size());
        const int reach_back = static_cast<int>(back.size());
        const double trust = agreement(there, back, way);
        for (int k = 0; k <= way; ++k) {
            // Each way counts less the further it is from its target, nothing where it is lost.
            const double weight = std::max(0.0, 1 - static_cast<double>(k) / std::min(reach, way));
            const double weight_back =
                std::max(0.0, 1 - static_cast<double>(way - k) / std::min(reach_back, way));
            const Area& one = there[static_cast<std::size_t>(std::min(k, reach - 1))];
            const Area& other = back[static_cast<std::size_t>(std::min(way - k, reach_back - 1))];
            if (weight + weight_back > 0) {
                at(from + k) = mixed(mixed(area, next, static_cast<double>(k) / way),
                                     mixed(one, other, weight_back / (weight + weight_back)), trust);
                continue;
            }
            // Lost by both: straight on, from where the one lost it to where the other does.
            const int gap = way - reach_back - reach + 2;
            at(from + k) = mixed(one, other, static_cast<double>(k - reach + 1) / gap);
        }
        if (reach + reach_back <= way) result_.lost.push_back({from + reach, to - reach_back});
    }

    TrackedTargets take() { return std::move(result_); }

private:
    Area& at(int frame) { return result_.areas[static_cast<std::size_t>(frame)]; }

    std::vector<Area> known_from(int from, const Area& area, int to) const {
        if (!looks_.empty())
            return follow(looks_, static_cast<std::size_t>(from), static_cast<std::size_t>(to), area, rate_);
        return std::vector<Area>(static_cast<std::size_t>(std::abs(to - from)) + 1, area);
    }

    std::span<const motion::GrayImage> looks_;
    double rate_;
    TrackedTargets result_;
};

}  // namespace

std::optional<TrackedTargets> track_targets(std::span<const Target> targets, int first_frame, int frames,
                                            std::span<const motion::GrayImage> looks, double rate) {
    Tracks tracks(looks, frames, rate);
    std::optional<Target> last;
    for (Target target : targets) {
        target.frame -= first_frame;
        if (target.frame < 0 || target.frame >= frames) continue;
        if (last) {
            tracks.go_between(last->frame, last->area, target.frame, target.area);
        } else {
            tracks.go_to_border(target.frame, target.area, 0);
        }
        last = target;
    }
    if (!last) return std::nullopt;
    tracks.go_to_border(last->frame, last->area, frames - 1);
    return tracks.take();
}

}  // namespace wetgate::framing

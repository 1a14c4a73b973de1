#include "passes/deflicker_solve.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "motion/cuts.h"
#include "passes/deflicker_band.h"
#include "passes/median.h"

namespace wetgate::passes::deflicker {
namespace {

constexpr double least_share = 0.03;  // of the picture; pairs that agree over less say nothing
constexpr double spread_floor =
    0.003;  // natural log; keeps a still picture's pairs from having infinite weight
constexpr double residual_floor = 0.001;  // natural log, of the robust scale over pairs
constexpr int robust_steps = 8;
constexpr double normal_mad = 1.4826;  // standard deviation over median absolute deviation of a normal
constexpr double noise_margin = 2.0;   // flicker must exceed the measurement's own contradictions this often

struct Pair {
    std::size_t frame = 0;
    std::size_t earlier = 0;
    const PairFact* fact = nullptr;
};

/// Pairs that count: they agree somewhere and no cut lies between their frames.
std::vector<Pair> usable_pairs(std::span<const std::optional<std::vector<PairFact>>> frames,
                               const std::vector<int>& cuts) {
    std::vector<Pair> pairs;
    for (std::size_t frame = 0; frame < frames.size(); ++frame) {
        if (!frames[frame]) continue;
        for (const PairFact& fact : *frames[frame]) {
            const int earlier = static_cast<int>(frame) - fact.back;
            if (earlier < 0 || fact.share < least_share || !frames[static_cast<std::size_t>(earlier)])
                continue;
            const auto cut = std::upper_bound(cuts.begin(), cuts.end(), earlier);
            if (cut != cuts.end() && *cut <= static_cast<int>(frame)) continue;
            pairs.push_back({frame, static_cast<std::size_t>(earlier), &fact});
        }
    }
    return pairs;
}

std::vector<int> all_cuts(std::span<const std::optional<std::vector<PairFact>>> frames,
                          const SolveOptions& options) {
    if (!options.detect_cuts) {
        std::vector<int> cuts = options.cuts;
        std::sort(cuts.begin(), cuts.end());
        cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
        return cuts;
    }
    std::vector<std::vector<motion::FrameLink>> links(frames.size());
    for (std::size_t frame = 0; frame < frames.size(); ++frame) {
        if (!frames[frame]) continue;
        for (const PairFact& fact : *frames[frame]) {
            links[frame].push_back({fact.back, fact.share, fact.histogram_distance});
        }
    }
    return motion::find_cuts(links);
}

/// Frames joined by pairs, each group ascending; frames without a pair are in none.
std::vector<std::vector<std::size_t>> groups_of(std::size_t frame_count, const std::vector<Pair>& pairs) {
    std::vector<std::size_t> parent(frame_count);
    std::iota(parent.begin(), parent.end(), std::size_t{0});
    const auto root = [&](std::size_t frame) {
        while (parent[frame] != frame) frame = parent[frame] = parent[parent[frame]];
        return frame;
    };
    for (const Pair& pair : pairs) {
        const std::size_t a = root(pair.frame);
        const std::size_t b = root(pair.earlier);
        parent[std::max(a, b)] = std::min(a, b);
    }
    std::map<std::size_t, std::vector<std::size_t>> by_root;
    for (std::size_t frame = 0; frame < frame_count; ++frame) by_root[root(frame)].push_back(frame);
    std::vector<std::vector<std::size_t>> groups;
    for (auto& [first, group] : by_root) {
        if (group.size() > 1) groups.push_back(std::move(group));
    }
    return groups;
}

/// Exposures of all frames in one channel, up to a constant for each group, and each pair's final weight in
/// [0,1].
struct Exposures {
    std::vector<double> log;
    std::vector<double> residual;
    std::vector<double> pull;
};

/// Weighted least squares over all pairs; pairs that contradict the rest lose weight (Cauchy).
Exposures chain(std::size_t frame_count, const std::vector<Pair>& pairs, std::size_t channel) {
    std::size_t longest = 1;
    std::vector<double> base(pairs.size());
    double heaviest = 0.0;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
        const PairFact& fact = *pairs[i].fact;
        const double spread = fact.spread[channel] + spread_floor;
        base[i] = fact.share / (static_cast<double>(fact.back) * spread * spread);
        heaviest = std::max(heaviest, base[i]);
        longest = std::max(longest, static_cast<std::size_t>(fact.back));
    }
    Exposures result{std::vector<double>(frame_count, 0.0), std::vector<double>(pairs.size(), 0.0),
                     std::vector<double>(pairs.size(), 1.0)};
    for (int step = 0; step < robust_steps; ++step) {
        BandMatrix normal(frame_count, longest);
        std::vector<double> right(frame_count, 0.0);
        for (std::size_t frame = 0; frame < frame_count; ++frame)
            normal.cell(frame, frame) = 1e-9 * heaviest + 1e-12;
        for (std::size_t i = 0; i < pairs.size(); ++i) {
            const double weight = base[i] * result.pull[i];
            normal.cell(pairs[i].frame, pairs[i].frame) += weight;
            normal.cell(pairs[i].earlier, pairs[i].earlier) += weight;
            normal.cell(pairs[i].frame, pairs[i].earlier) -= weight;
            right[pairs[i].frame] += weight * pairs[i].fact->log_ratio[channel];
            right[pairs[i].earlier] -= weight * pairs[i].fact->log_ratio[channel];
        }
        normal.factorize();
        result.log = normal.solve(std::move(right));
        std::vector<double> sizes(pairs.size());
        for (std::size_t i = 0; i < pairs.size(); ++i) {
            result.residual[i] =
                pairs[i].fact->log_ratio[channel] - result.log[pairs[i].frame] + result.log[pairs[i].earlier];
            sizes[i] = std::abs(result.residual[i]);
        }
        const double scale = std::max(residual_floor, 2.0 * normal_mad * median(std::move(sizes)));
        for (std::size_t i = 0; i < pairs.size(); ++i) {
            const double off = result.residual[i] / scale;
            result.pull[i] = 1.0 / (1.0 + off * off);
        }
    }
    return result;
}

/// Shifts the flicker so that it vanishes at the anchors: constant beyond the outer ones, linear between two.
void hold_anchors(const std::vector<std::size_t>& group, const std::vector<int>& anchors,
                  std::vector<std::array<double, 3>>& flicker) {
    std::vector<std::size_t> held;
    for (std::size_t i = 0; i < group.size(); ++i) {
        if (std::find(anchors.begin(), anchors.end(), static_cast<int>(group[i])) != anchors.end())
            held.push_back(i);
    }
    if (held.empty()) return;
    const std::vector<std::array<double, 3>> before = flicker;
    for (std::size_t i = 0; i < group.size(); ++i) {
        const auto next = std::lower_bound(held.begin(), held.end(), i);
        const std::size_t right = next == held.end() ? held.back() : *next;
        const std::size_t left =
            next == held.begin() ? held.front() : (next == held.end() ? right : *(next - 1));
        const double share = right == left ? 0.0
                                           : static_cast<double>(group[i] - group[left]) /
                                                 static_cast<double>(group[right] - group[left]);
        for (std::size_t c = 0; c < 3; ++c) {
            flicker[i][c] -= (1.0 - share) * before[left][c] + share * before[right][c];
        }
    }
}

std::array<double, 3> stops_of(const std::array<double, 3>& flicker, double max_stops) {
    std::array<double, 3> stops{};
    double largest = 0.0;
    for (std::size_t c = 0; c < 3; ++c) {
        stops[c] = -flicker[c] / std::log(2.0);
        largest = std::max(largest, std::abs(stops[c]));
    }
    if (largest > max_stops) {  // all channels together: a limit must not tint the picture
        for (double& stop : stops) stop *= max_stops / largest;
    }
    return stops;
}

/// Exposure and colour are split apart, since their flicker differs in size by far (Note [Flicker or drift]).
std::vector<std::array<double, 3>> flicker_of(const std::vector<std::size_t>& group,
                                              const std::array<Exposures, 3>& exposures,
                                              const SolveOptions& options, Segment& segment) {
    std::vector<double> common(group.size(), 0.0);
    for (std::size_t i = 0; i < group.size(); ++i) {
        for (const Exposures& channel : exposures) common[i] += channel.log[group[i]] / 3.0;
    }
    const double threshold = std::max(options.threshold, noise_margin * segment.measurement_sigma);
    const Split exposure = split_flicker(common, options.smooth_frames);
    segment.exposure_sigma = exposure.sigma;
    segment.trend = exposure.trend;
    std::array<Split, 3> color;
    double power = 0.0;
    for (std::size_t c = 0; c < 3; ++c) {
        std::vector<double> difference(group.size());
        for (std::size_t i = 0; i < group.size(); ++i) difference[i] = exposures[c].log[group[i]] - common[i];
        color[c] = split_flicker(difference, options.smooth_frames);
        power += color[c].sigma * color[c].sigma / 3.0;
    }
    segment.color_sigma = std::sqrt(power);
    const bool exposure_flickers = segment.exposure_sigma > threshold;
    const bool color_flickers = options.per_channel && segment.color_sigma > threshold;
    segment.corrected = exposure_flickers || color_flickers;
    std::vector<std::array<double, 3>> flicker(group.size(), {0.0, 0.0, 0.0});
    for (std::size_t i = 0; i < group.size(); ++i) {
        for (std::size_t c = 0; c < 3; ++c) {
            flicker[i][c] = (exposure_flickers ? exposure.flicker[i] : 0.0) +
                            (color_flickers ? color[c].flicker[i] : 0.0);
        }
    }
    return flicker;
}

}  // namespace

Curve solve_curve(std::span<const std::optional<std::vector<PairFact>>> frames, const SolveOptions& options) {
    Curve curve;
    curve.stops.assign(frames.size(), {0.0, 0.0, 0.0});
    curve.confidence.assign(frames.size(), 0.0);
    curve.exposures.assign(frames.size(), {0.0, 0.0, 0.0});
    curve.cuts = all_cuts(frames, options);
    const std::vector<Pair> pairs = usable_pairs(frames, curve.cuts);
    if (pairs.empty()) return curve;
    std::array<Exposures, 3> exposures;
    for (std::size_t c = 0; c < 3; ++c) exposures[c] = chain(frames.size(), pairs, c);

    for (std::size_t t = 0; t < frames.size(); ++t)
        for (std::size_t c = 0; c < 3; ++c) curve.exposures[t][c] = exposures[c].log[t];

    std::vector<double> support(frames.size(), 0.0);
    for (std::size_t i = 0; i < pairs.size(); ++i) {
        const double share = pairs[i].fact->share * exposures[1].pull[i];
        for (const std::size_t frame : {pairs[i].frame, pairs[i].earlier})
            support[frame] = std::max(support[frame], share);
    }
    for (const std::vector<std::size_t>& group : groups_of(frames.size(), pairs)) {
        Segment segment;
        segment.first = static_cast<int>(group.front());
        segment.last = static_cast<int>(group.back());
        std::vector<double> sizes;
        for (std::size_t i = 0; i < pairs.size(); ++i) {
            if (!std::binary_search(group.begin(), group.end(), pairs[i].frame)) continue;
            const double mean =
                (exposures[0].residual[i] + exposures[1].residual[i] + exposures[2].residual[i]) / 3.0;
            sizes.push_back(std::abs(mean) / std::sqrt(static_cast<double>(pairs[i].fact->back)));
        }
        segment.measurement_sigma = normal_mad * median(std::move(sizes));
        std::vector<std::array<double, 3>> flicker = flicker_of(group, exposures, options, segment);
        if (segment.corrected) hold_anchors(group, options.anchors, flicker);
        for (std::size_t i = 0; i < group.size(); ++i) {
            curve.stops[group[i]] = stops_of(flicker[i], options.max_stops);
            curve.confidence[group[i]] = support[group[i]];
        }
        curve.segments.push_back(segment);
    }
    // An unreadable frame may be made by holding its neighbour: it then needs that neighbour's gain.
    for (std::size_t frame = 1; frame < frames.size(); ++frame) {
        const bool cut = std::binary_search(curve.cuts.begin(), curve.cuts.end(), static_cast<int>(frame));
        if (!frames[frame] && !cut) curve.stops[frame] = curve.stops[frame - 1];
    }
    return curve;
}

}  // namespace wetgate::passes::deflicker

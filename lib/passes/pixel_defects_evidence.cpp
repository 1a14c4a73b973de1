#include "passes/pixel_defects_evidence.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <utility>

namespace wetgate::passes::pixel_defects {
namespace {

constexpr double kScoreSpread = 1.05;
constexpr double kQuiet = 0.95;          // chance to be listed, from which on a frame counts as quiet
constexpr double kLeastInQuarter = 0.1;  // of the frames expected there
constexpr double kSizeShare = 0.25;      // sightings that may look smaller than the group is
constexpr double kSteadyLevel = 0.35;    // spread of a stuck photosite's level over that of its surround

template <class Number>
Number median_of(std::vector<Number> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

template <class Number>
Number spread_of(const std::vector<Number>& values) {
    const Number middle = median_of(values);
    std::vector<Number> distances;
    distances.reserve(values.size());
    for (const Number value : values) distances.push_back(std::abs(value - middle));
    return static_cast<Number>(1.4826 * median_of(std::move(distances)));
}

bool by_place(const Sighting& a, const Sighting& b) {
    if (a.candidate.y != b.candidate.y) return a.candidate.y < b.candidate.y;
    if (a.candidate.x != b.candidate.x) return a.candidate.x < b.candidate.x;
    return a.frame < b.frame;
}

double normal_cdf(double value) {
    return 0.5 * std::erfc(-value / std::sqrt(2.0));
}

std::size_t quarter_of(std::size_t frame, const std::vector<Frame>& frames) {
    return frame * kQuarters / frames.size();
}

}  // namespace

std::vector<Sighting> sorted_sightings(const std::vector<Frame>& frames) {
    std::vector<Sighting> sightings;
    for (std::size_t frame = 0; frame < frames.size(); ++frame) {
        for (const Candidate& candidate : frames[frame].facts.candidates)
            sightings.push_back({frame, candidate});
    }
    std::sort(sightings.begin(), sightings.end(), by_place);
    return sightings;
}

Evidence evidence_of(const std::vector<Frame>& frames, std::span<const Sighting> place) {
    Evidence evidence;
    std::array<int, 3> votes{};
    for (const Sighting& sighting : place) ++votes[sighting.candidate.channel];
    evidence.channel = static_cast<std::size_t>(std::max_element(votes.begin(), votes.end()) - votes.begin());
    const std::size_t channel = evidence.channel;

    std::vector<double> values;
    std::vector<double> surrounds;
    std::vector<const Sighting*> above;
    std::vector<const Sighting*> below;
    for (const Sighting& sighting : place) {
        const Candidate& candidate = sighting.candidate;
        (candidate.score[channel] >= 0 ? above : below).push_back(&sighting);
        if (candidate.channel != channel) continue;
        values.push_back(candidate.value * kLevelStep);
        surrounds.push_back(candidate.surround * kLevelStep);
    }
    evidence.value = median_of(values);
    evidence.surround = median_of(surrounds);
    evidence.bright = above.size() >= below.size();
    // A stuck photosite keeps its level while its surround varies: both signs count.
    evidence.constant = values.size() >= 3 && spread_of(values) < kSteadyLevel * spread_of(surrounds);
    if (evidence.constant) {
        for (const Sighting& sighting : place) evidence.seen.push_back(&sighting);
    } else {
        evidence.seen = evidence.bright ? std::move(above) : std::move(below);
    }

    std::vector<double> scores;
    std::vector<double> scores_sigmas;
    std::vector<int> sizes;
    for (const Sighting* sighting : evidence.seen) {
        const Candidate& candidate = sighting->candidate;
        const Frame& frame = frames[sighting->frame];
        const double score = std::abs(candidate.score[channel]) * kScoreStep;
        scores_sigmas.push_back(score);
        sizes.push_back(candidate.size);
        scores.push_back(score * sigma_in(frame, *block_in(frame, candidate.x, candidate.y), channel));
    }
    std::sort(sizes.begin(), sizes.end());
    evidence.size = sizes[static_cast<std::size_t>(kSizeShare * static_cast<double>(sizes.size()))];
    evidence.strength = median_of(std::move(scores));
    evidence.strength_sigmas = median_of(std::move(scores_sigmas));
    return evidence;
}

Expectation expectation_of(const std::vector<Frame>& frames, const Evidence& evidence, int x, int y) {
    Expectation expectation;
    std::set<int> scenes;
    const std::size_t tile = tile_of(frames, x, y);
    std::vector<bool> seen(frames.size(), false);
    for (const Sighting* sighting : evidence.seen) seen[sighting->frame] = true;
    std::optional<double> listed_before;
    for (std::size_t index = 0; index < frames.size(); ++index) {
        const Frame& frame = frames[index];
        const auto block = block_in(frame, x, y);
        if (!block) continue;
        ++expectation.looked_at;
        expectation.density += static_cast<double>(frame.density[*block]);
        scenes.insert(frame.scenes[tile]);
        const double sigma = sigma_in(frame, *block, evidence.channel);
        double score = evidence.strength / sigma;
        if (evidence.constant) {
            const double level = frame.facts.grid.level[evidence.channel][*block] / kGridLevels;
            score = std::fabs(evidence.value - level) / sigma - kScoreLoss;
        }
        const double listed = normal_cdf((score - frame.facts.threshold) / kScoreSpread);
        expectation.frames += listed;
        if (listed > kQuiet) {
            ++expectation.quiet;
            expectation.missed_in_quiet += seen[index] ? 0 : 1;
        }
        expectation.in_quarter[quarter_of(index, frames)] += listed;
        if (listed_before) {
            expectation.turns += seen[index] != seen[index - 1] ? 1 : 0;
            expectation.expected_turns += listed * (1 - *listed_before) + *listed_before * (1 - listed);
        }
        listed_before = listed;
    }
    expectation.scenes = static_cast<int>(scenes.size());
    return expectation;
}

bool seen_throughout(const std::vector<Frame>& frames, const Evidence& evidence,
                     const Expectation& expectation) {
    std::array<int, kQuarters> seen{};
    for (const Sighting* sighting : evidence.seen) ++seen[quarter_of(sighting->frame, frames)];
    for (std::size_t quarter = 0; quarter < kQuarters; ++quarter) {
        const double expected = expectation.in_quarter[quarter];
        if (expected >= 2 && seen[quarter] < kLeastInQuarter * expected) return false;
    }
    return true;
}

int count_scenes(const std::vector<Frame>& frames, const Evidence& evidence) {
    std::set<int> scenes;
    for (const Sighting* sighting : evidence.seen) {
        scenes.insert(
            frames[sighting->frame].scenes[tile_of(frames, sighting->candidate.x, sighting->candidate.y)]);
    }
    return static_cast<int>(scenes.size());
}

std::vector<Ring> rings_of(const std::vector<Frame>& frames, const Evidence& evidence) {
    std::vector<Ring> rings;
    for (const Sighting* sighting : evidence.seen) {
        const Candidate& candidate = sighting->candidate;
        if (candidate.channel != evidence.channel) continue;
        const Frame& frame = frames[sighting->frame];
        const auto block = block_in(frame, candidate.x, candidate.y);
        rings.push_back(
            {sighting->frame, candidate.surround * kLevelStep, sigma_in(frame, *block, evidence.channel)});
    }
    return rings;
}

int count_beside(const std::vector<Frame>& frames, const std::vector<Sighting>& all, int x, int y,
                 const Evidence& evidence) {
    std::vector<bool> beside(frames.size(), false);
    for (int j = y - kBeside; j <= y + kBeside; ++j) {
        Sighting first;
        first.candidate.x = x - kBeside;
        first.candidate.y = j;
        for (auto it = std::lower_bound(all.begin(), all.end(), first, by_place);
             it != all.end() && it->candidate.y == j && it->candidate.x <= x + kBeside; ++it) {
            if (j == y && it->candidate.x == x) continue;
            const int score = it->candidate.score[evidence.channel];
            if (evidence.bright ? score > 0 : score < 0) beside[it->frame] = true;
        }
    }
    for (const Sighting* sighting : evidence.seen) beside[sighting->frame] = false;
    return static_cast<int>(std::count(beside.begin(), beside.end(), true));
}

}  // namespace wetgate::passes::pixel_defects

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

#include "passes/pixel_defects_evidence.h"

// Note [What a defect is]
// Light that reaches a photosite has passed a lens; a fault of the photosite has not. So a fault stays at its
// place while the picture moves, and that is the only evidence used: a star, a specular point or the texture
// of a locked-off plate stays as well, and no statistic of one place tells them apart when they are as sharp
// as a photosite. A place counts when
//  1. it stands out, with one sign (an offset) or at one level (stuck: it vanishes where the picture has that
//     level), in min_persist of the frames in which such a defect would have been listed, and in nearly all
//     of those that can hardly miss it. What would have been listed follows from the noise of the frame's
//     block: behind foliage, a weak defect is not expected to show;
//  2. where it misses more than a tenth of those, or shows in few of all frames: content alone would show so
//     often at one place with a chance below kLargestChance; every quarter of the shot shows it and it comes
//     and goes as noise would have it (what a codec skips stays for one group of pictures, then is gone); and
//     the neighbours do not show it in the other frames (a highlight that trembles with a tracked car is next
//     door);
//  3. it was seen in min_scenes different surroundings. See Note [Whether the picture moved].
// A plate that never moves yields an empty map that says `undecidable` (static_ok overrides).

namespace wetgate::passes::pixel_defects {
namespace {

constexpr double kNearlyAlways = 0.9;  // of the expected frames and
constexpr double kMostFrames = 0.6;    // of all frames: needs no further evidence
constexpr double kLargestChance = -9;  // log10, at one place
constexpr double kMostBeside = 0.15;   // frames with a neighbour instead, over frames with the place itself
constexpr double kMostMissedInQuiet = 0.3;  // share of the quiet frames that may not show it
constexpr double kLeastTurns = 0.45;  // from shown to not shown or back, over those that noise would make
constexpr double kEnoughTurns = 5;    // expected, to judge by them
constexpr double kBlackLevel = 0.03;  // coded: working linear 0.003
constexpr std::size_t kMostRefusedRows = 200;
constexpr const char* kHardlyMoves = "the picture hardly moves here";

struct Verdict {
    int x = 0, y = 0;
    std::array<bool, 3> channels{};
    std::string kind;
    double value = 0;   // working linear, median
    double offset = 0;  // to its surround, working linear, median
    double z = 0;
    int seen = 0, expected = 0, scenes = 0;
    int first = 0, last = 0;
    std::string refused;  // why it is not repaired; empty: it is
};

bool same_place(const Sighting& a, const Sighting& b) {
    return a.candidate.x == b.candidate.x && a.candidate.y == b.candidate.y;
}

/// log10 of the chance that content alone shows up at one place in `seen` of `scenes` scenes.
double chance(int seen, int scenes, double probability) {
    const double ways =
        std::lgamma(scenes + 1.0) - std::lgamma(seen + 1.0) - std::lgamma(scenes - seen + 1.0);
    return (ways + seen * std::log(std::clamp(probability, 1e-9, 1.0))) / std::log(10.0);
}

/// What the sightings of one place say; nothing where they do not persist as a defect does.
std::optional<Verdict> judge(const std::vector<Frame>& frames, std::span<const Sighting> place,
                             const std::vector<Sighting>& all, const Settings& settings) {
    const int x = place.front().candidate.x;
    const int y = place.front().candidate.y;
    const Evidence evidence = evidence_of(frames, place);
    const double z = evidence.strength_sigmas + kScoreLoss;
    const auto count = static_cast<double>(evidence.seen.size());
    const double least = std::max(0.6 * settings.min_frames, 0.2 * static_cast<double>(frames.size()));
    if (z < 0.7 * settings.threshold_sigma || count < least) return std::nullopt;

    const Expectation expectation = expectation_of(frames, evidence, x, y);
    if (count < settings.min_persist * expectation.frames) return std::nullopt;
    if (expectation.missed_in_quiet > std::max(2.0, kMostMissedInQuiet * expectation.quiet))
        return std::nullopt;
    const int scenes = count_scenes(frames, evidence);
    const double own = count / (frames.front().facts.grid.block_px() * frames.front().facts.grid.block_px());
    const double density = std::max(1e-3, (expectation.density - own) / expectation.looked_at);
    if (!evidence.constant) {
        const double by_chance = kBeside * (kBeside + 1) * 2 * density *
                                 (expectation.looked_at - count);  // neighbours, half of them to this side
        const double beside = count_beside(frames, all, x, y, evidence);
        if (beside - by_chance > kMostBeside * count) return std::nullopt;
    }
    if (count < kNearlyAlways * expectation.frames || count < kMostFrames * expectation.looked_at) {
        const double in_a_scene = density / 2 * expectation.looked_at / expectation.scenes;
        if (chance(scenes, expectation.scenes, in_a_scene) > kLargestChance) return std::nullopt;
        if (!seen_throughout(frames, evidence, expectation)) return std::nullopt;
        if (expectation.expected_turns >= kEnoughTurns &&
            expectation.turns < kLeastTurns * expectation.expected_turns) {
            return std::nullopt;
        }
    }

    Verdict verdict;
    verdict.x = x;
    verdict.y = y;
    for (std::size_t channel = 0; channel < 3; ++channel) {
        double sum = 0;
        for (const Sighting* sighting : evidence.seen)
            sum += std::abs(sighting->candidate.score[channel]) * kScoreStep;
        verdict.channels[channel] = channel == evidence.channel || sum / count > 1.0;
    }
    if (evidence.constant) {
        verdict.kind = evidence.value < kBlackLevel ? "dead" : "stuck";
    } else {
        verdict.kind = evidence.bright ? "hot" : "dead";
    }
    verdict.value = static_cast<double>(linear_from_coded(static_cast<float>(evidence.value)));
    verdict.offset =
        verdict.value - static_cast<double>(linear_from_coded(static_cast<float>(evidence.surround)));
    verdict.z = z;
    verdict.seen = static_cast<int>(evidence.seen.size());
    verdict.expected = static_cast<int>(std::lround(expectation.frames));
    verdict.first = frames[evidence.seen.front()->frame].number;
    verdict.last = frames[evidence.seen.back()->frame].number;
    if (evidence.size > settings.max_cluster) verdict.refused = "part of something larger";
    verdict.scenes = std::min(scenes, surroundings_of(frames, x, y, rings_of(frames, evidence)));
    if (verdict.scenes < settings.min_scenes && !settings.static_ok) {
        verdict.refused = kHardlyMoves;
    }
    return verdict;
}

/// Refuses connected groups of more than `max_cluster` pixels: they are no fault of single photosites.
void refuse_clusters(std::vector<Verdict>& verdicts, int max_cluster) {
    std::map<std::pair<int, int>, std::size_t> places;
    for (std::size_t index = 0; index < verdicts.size(); ++index) {
        if (verdicts[index].refused.empty()) places[{verdicts[index].y, verdicts[index].x}] = index;
    }
    std::vector<bool> reached(verdicts.size(), false);
    for (const auto& [start, start_index] : places) {
        if (reached[start_index]) continue;
        std::vector<std::size_t> cluster{start_index};
        reached[start_index] = true;
        for (std::size_t next = 0; next < cluster.size(); ++next) {
            const Verdict& here = verdicts[cluster[next]];
            for (int y = here.y - 1; y <= here.y + 1; ++y) {
                for (int x = here.x - 1; x <= here.x + 1; ++x) {
                    const auto found = places.find({y, x});
                    if (found == places.end() || reached[found->second]) continue;
                    reached[found->second] = true;
                    cluster.push_back(found->second);
                }
            }
        }
        if (cluster.size() <= static_cast<std::size_t>(max_cluster)) continue;
        for (const std::size_t index : cluster) {
            verdicts[index].refused = "one of " + std::to_string(cluster.size()) + " touching pixels";
        }
    }
}

/// A number as a person wants to read it, the same on every machine.
double rounded(double value) {
    return std::round(value * 1e5) / 1e5;
}

nlohmann::json row_of(const Verdict& verdict) {
    std::string channels;
    for (std::size_t channel = 0; channel < 3; ++channel) {
        if (verdict.channels[channel]) channels.push_back("RGB"[channel]);
    }
    nlohmann::json row = {{"x", verdict.x},
                          {"y", verdict.y},
                          {"channels", channels},
                          {"kind", verdict.kind},
                          {"value", rounded(verdict.value)},
                          {"offset", rounded(verdict.offset)},
                          {"z", rounded(verdict.z)},
                          {"seen_frames", verdict.seen},
                          {"expected_frames", verdict.expected},
                          {"scenes", verdict.scenes},
                          {"first_frame", verdict.first},
                          {"last_frame", verdict.last}};
    if (!verdict.refused.empty()) row["refused"] = verdict.refused;
    return row;
}

int most_scenes(const std::vector<Frame>& frames) {
    int most = 0;
    for (const int scene : frames.back().scenes) most = std::max(most, scene + 1);
    return most;
}

}  // namespace

nlohmann::json solve_shot(std::span<const nlohmann::json> all_frames, int first_frame,
                          const Settings& settings) {
    std::vector<Frame> frames;
    for (std::size_t index = 0; index < all_frames.size(); ++index) {
        if (all_frames[index].is_null()) continue;
        Frame frame;
        frame.number = first_frame + static_cast<int>(index);
        frame.facts = facts_from_json(all_frames[index]);
        if (!frame.facts.grid.blocks.empty()) frames.push_back(std::move(frame));
    }
    nlohmann::json artefact = {{"schema", kArtefactSchema},
                               {"usable_frames", frames.size()},
                               {"defects", nlohmann::json::array()},
                               {"refused", nlohmann::json::array()},
                               {"refused_count", 0}};
    if (frames.empty() || static_cast<int>(frames.size()) < settings.min_frames) {
        artefact["decision"] = "undecidable";
        artefact["reason"] = "fewer than " + std::to_string(settings.min_frames) + " usable frames";
        return artefact;
    }
    number_scenes(frames);
    const int scenes = most_scenes(frames);
    artefact["scenes"] = scenes;
    if (scenes < settings.min_scenes && !settings.static_ok) {
        artefact["decision"] = "undecidable";
        artefact["reason"] = "the picture hardly moves: a defect and a point of the scene look alike";
        return artefact;
    }

    const std::vector<Sighting> sightings = sorted_sightings(frames);
    const std::size_t least = std::max<std::size_t>(3, frames.size() / 5);
    std::vector<Verdict> verdicts;
    for (std::size_t begin = 0; begin < sightings.size();) {
        std::size_t end = begin;
        while (end < sightings.size() && same_place(sightings[begin], sightings[end])) ++end;
        if (end - begin >= least) {
            const std::span<const Sighting> place(sightings.data() + begin, end - begin);
            if (auto verdict = judge(frames, place, sightings, settings))
                verdicts.push_back(std::move(*verdict));
        }
        begin = end;
    }
    refuse_clusters(verdicts, settings.max_cluster);
    std::size_t refused = 0;
    std::size_t undecided = 0;
    for (const Verdict& verdict : verdicts) {
        undecided += verdict.refused == kHardlyMoves ? 1 : 0;
        if (verdict.refused.empty()) {
            artefact["defects"].push_back(row_of(verdict));
        } else if (++refused <= kMostRefusedRows) {
            artefact["refused"].push_back(row_of(verdict));
        }
    }
    artefact["refused_count"] = refused;
    artefact["decision"] = artefact["defects"].empty() ? "clean" : "mapped";
    if (artefact["decision"] == "clean" && undecided > 0) {
        artefact["decision"] = "undecidable";
        artefact["reason"] = std::to_string(undecided) + " places persist where the picture hardly moves";
    }
    return artefact;
}

}  // namespace wetgate::passes::pixel_defects

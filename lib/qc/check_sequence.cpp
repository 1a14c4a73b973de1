#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "qc/check_makers.h"
#include "qc/series.h"

// Frames that are not there, stand still or come twice.

namespace wetgate::qc {
namespace {

double seconds(const ShotFacts& shot, std::size_t frames) {
    return static_cast<double>(frames) / shot.rate.fps();
}

class Black final : public Check {
public:
    using Check::Check;
    std::vector<Occurrence> find(const ShotFacts& shot, Side side, double threshold) const override {
        return runs_above(
            shot, threshold,
            of_pictures(shot, side, [](const PictureFacts& picture) { return picture.light.dark; }),
            [&](const Occurrence& run) {
                return fmt::format("black for {} frames ({:.2f} s): is this a hole in the shot, or a fade?",
                                   run.end - run.first, seconds(shot, run.end - run.first));
            });
    }
};

/// Frames whose stored bits, or whose cells, are those of the frame before. A run begins with the frame that
/// is repeated.
std::vector<Occurrence> still_runs(const ShotFacts& shot, Side side) {
    constexpr double same_mean = 5e-5;
    const Series moved = motion(shot, side);
    std::vector<Occurrence> runs;
    for (std::size_t i = 1; i < moved.size(); ++i) {
        if (!moved[i] || *moved[i] > same_mean) continue;
        if (runs.empty() || runs.back().end != i) runs.push_back({i - 1, i, 0, "", {}});
        runs.back().end = i + 1;
    }
    for (Occurrence& run : runs) run.value = seconds(shot, run.end - run.first);
    return runs;
}

class Freeze final : public Check {
public:
    using Check::Check;
    std::vector<Occurrence> find(const ShotFacts& shot, Side side, double threshold) const override {
        std::vector<Occurrence> runs = still_runs(shot, side);
        std::erase_if(runs, [&](const Occurrence& run) { return run.value < threshold; });
        for (Occurrence& run : runs) {
            run.message = fmt::format("the picture stands still for {} frames ({:.2f} s)",
                                      run.end - run.first, run.value);
        }
        return runs;
    }
};

bool is_exact(const ShotFacts& shot, Side side, const Occurrence& run) {
    for (std::size_t i = run.first + 1; i < run.end; ++i) {
        if (shot.picture(side, i)->hash != shot.picture(side, run.first)->hash) return false;
    }
    return true;
}

/// How many frames apart repeated frames come, where they come evenly: pulldown or a rate conversion.
std::optional<std::size_t> even_pace(const std::vector<Occurrence>& repeats) {
    constexpr std::size_t least_repeats = 4;
    if (repeats.size() < least_repeats) return std::nullopt;
    std::vector<std::size_t> paces;
    for (std::size_t i = 1; i < repeats.size(); ++i) paces.push_back(repeats[i].first - repeats[i - 1].first);
    std::sort(paces.begin(), paces.end());
    const std::size_t pace = paces[paces.size() / 2];
    const auto near = std::count_if(paces.begin(), paces.end(),
                                    [&](std::size_t p) { return p + 1 >= pace && p <= pace + 1; });
    return near * 10 >= static_cast<std::ptrdiff_t>(paces.size()) * 9 ? std::optional(pace) : std::nullopt;
}

constexpr double freeze_seconds = 2;

/// Repeats that are no freeze, in a picture that otherwise moves: coders repeat what stands still anyhow.
std::vector<Occurrence> repeats(const ShotFacts& shot, Side side) {
    std::vector<Occurrence> runs = still_runs(shot, side);
    std::erase_if(runs, [](const Occurrence& run) { return run.value >= freeze_seconds; });
    // A still, or a hold drawn on twos, has more repeats than moves.
    std::size_t repeated = 0;
    for (const Occurrence& run : runs) repeated += run.end - run.first - 1;
    constexpr double least_motion = 5e-4;
    std::vector<double> moves;
    for (const auto& moved : motion(shot, side))
        if (moved && *moved > 0) moves.push_back(*moved);
    if (median_of(std::move(moves)).value_or(0) < least_motion || 2 * repeated >= shot.frames.size())
        runs.clear();
    return runs;
}

class Duplicate final : public Check {
public:
    using Check::Check;
    std::vector<Occurrence> find(const ShotFacts& shot, Side side, double threshold) const override {
        std::vector<Occurrence> runs = repeats(shot, side);
        if (even_pace(runs)) return {};  // the cadence check has them
        for (Occurrence& run : runs) {
            run.message = fmt::format("{} again {} frame {}",
                                      run.end - run.first == 2 ? "one frame shows" : "frames show",
                                      is_exact(shot, side, run) ? "bit for bit" : "nearly",
                                      shot.range.first + static_cast<int>(run.first));
            run.value = static_cast<double>(run.end - run.first - 1);
            ++run.first;  // the first of them is the original
        }
        std::erase_if(runs, [&](const Occurrence& run) { return run.value < threshold; });
        return runs;
    }
};

class Cadence final : public Check {
public:
    using Check::Check;
    std::vector<Occurrence> find(const ShotFacts& shot, Side side, double threshold) const override {
        const std::vector<Occurrence> runs = repeats(shot, side);
        const auto pace = even_pace(runs);
        if (!pace || static_cast<double>(runs.size()) < threshold) return {};
        return {{runs.front().first,
                 runs.back().end,
                 static_cast<double>(runs.size()),
                 fmt::format(
                     "a repeated frame every {} frames, {} times: pulldown or a rate conversion is suspected",
                     *pace, runs.size()),
                 {}}};
    }
};

/// A step that is larger than the even steps around it: something was left out there.
class Dropped final : public Check {
public:
    using Check::Check;
    std::vector<Occurrence> find(const ShotFacts& shot, Side side, double threshold) const override {
        constexpr std::size_t around = 4;
        constexpr double least_motion = 0.008, most_spread = 0.2;
        const Series moved = motion(shot, side);
        std::vector<Occurrence> found;
        for (std::size_t i = 1; i < moved.size(); ++i) {
            std::vector<double> others;
            bool has_repeat = false;
            for (std::size_t k = i > around ? i - around : 1; k <= i + around && k < moved.size(); ++k) {
                if (k == i || !moved[k]) continue;
                if (*moved[k] == 0)
                    has_repeat = true;
                else
                    others.push_back(*moved[k]);
            }
            if (!moved[i] || others.size() < 5) continue;
            const double middle = *median_of(others);
            std::vector<double> spread;
            for (const double other : others) spread.push_back(std::abs(other - middle));
            const double ratio = middle > 0 ? *moved[i] / middle : 0;
            const bool is_even = *median_of(spread) <= most_spread * middle / 2 &&
                                 *std::max_element(others.begin(), others.end()) < middle * (1 + ratio) / 2;
            // Beyond three steps it is a cut or a flash, which are not for this check.
            if (middle < least_motion || ratio < threshold || ratio > 3.5 || !is_even) continue;
            found.push_back({i,
                             i + 1,
                             ratio,
                             fmt::format("the step into this frame is {:.1f} times its neighbours'{}: a "
                                         "dropped frame is suspected",
                                         ratio, has_repeat ? ", and a frame is repeated near by" : ""),
                             {}});
        }
        return found;
    }
};

/// Goes by the first address that a file says: the job may give the shot another one.
class TimecodeGoesOn final : public Check {
public:
    using Check::Check;
    bool applies(const ShotFacts& shot, Side side) const override {
        return first_address(shot, side).has_value();
    }
    std::vector<Occurrence> find(const ShotFacts& shot, Side side, double threshold) const override {
        const std::optional<Timecode> first = first_address(shot, side);
        if (!first) return {};
        const auto expected = [&](std::size_t i) {
            return to_string(advanced(*first, static_cast<std::int64_t>(i)));
        };
        return runs_above(
            shot, threshold,
            [&](std::size_t i) -> std::optional<double> {
                const PictureFacts* picture = shot.picture(side, i);
                if (picture == nullptr) return std::nullopt;
                return picture->timecode == expected(i) ? 0.0 : 1.0;
            },
            [&](const Occurrence& run) {
                const std::string& said = shot.picture(side, run.first)->timecode;
                return fmt::format("timecode {} where {} is due: addresses must go on by one a frame",
                                   said.empty() ? "none" : said, expected(run.first));
            });
    }

private:
    /// What the first picture that has an address makes the first frame's.
    static std::optional<Timecode> first_address(const ShotFacts& shot, Side side) {
        for (std::size_t i = 0; i < shot.frames.size(); ++i) {
            const PictureFacts* picture = shot.picture(side, i);
            if (picture == nullptr || picture->timecode.empty()) continue;
            const auto address = parse_timecode(picture->timecode, shot.rate);
            return address ? std::optional(advanced(*address, -static_cast<std::int64_t>(i))) : std::nullopt;
        }
        return std::nullopt;
    }
};

}  // namespace

void add_sequence_checks(Checks& checks) {
    checks.push_back(std::make_unique<Black>(
        CheckInfo{"black", "Black frames", "VIDEO", "Frame Error", Severity::Issue,
                  "share of the pixels at or below a tenth of the coded range, as shown; runs of frames",
                  "FFmpeg blackdetect (pixel 0.10, picture 0.98); Netflix Frame Error - Black Frame", 0.98,
                  "share", "0.98 (FFmpeg blackdetect)"}));
    checks.push_back(std::make_unique<Freeze>(CheckInfo{
        "freeze", "Frozen picture", "VIDEO", "Freeze Frame", Severity::Issue,
        "runs of frames whose stored bits, or whose 64 x 36 cells within 0.005 %, are those of the frame "
        "before",
        "FFmpeg freezedetect; Netflix LowVarianceFile", freeze_seconds, "s", "2 s (FFmpeg freezedetect)"}));
    checks.push_back(std::make_unique<Duplicate>(CheckInfo{
        "duplicate", "Repeated frames", "VIDEO", "Duplicate Frame", Severity::Issue,
        "shorter runs of the same kind in a picture that moves; not where most frames repeat (stills, twos)",
        "", 1, "frames", "1 (wetgate)"}));
    checks.push_back(std::make_unique<Cadence>(
        CheckInfo{"cadence", "Repeats at an even pace", "VIDEO", "Cadence", Severity::Issue,
                  "four or more repeated frames whose distances differ by a frame at most",
                  "Netflix TelecineDetected", 4, "repeats", "4 (wetgate)"}));
    checks.push_back(std::make_unique<Dropped>(
        CheckInfo{"dropped", "Dropped frame", "VIDEO", "Dropped Frame", Severity::Issue,
                  "a step between frames that is a multiple of the even steps around it (64 x 36 cells)", "",
                  1.6, "ratio", "1.6 (wetgate)"}));
    checks.push_back(std::make_unique<TimecodeGoesOn>(
        CheckInfo{"timecode", "Timecode goes on", "VIDEO", "Incorrect Timecode", Severity::Issue,
                  "each frame's own address is the first one's plus its distance, drop-frame counted",
                  "SMPTE ST 12-1", 1, "frames", "any"}));
}

}  // namespace wetgate::qc

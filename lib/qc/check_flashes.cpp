#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "qc/check_makers.h"
#include "qc/flashes.h"
#include "qc/series.h"

// Note [Flashes]
// A flash is a pair of opposing changes. Luminance: by a tenth of the display's white or more, the darker
// state below 0.80 of it (20 and 160 cd/m2 of a 200 cd/m2 display: ITU-R BT.1702, WCAG 2.3.1). Red: either
// state a saturated red, R / (R + G + B) >= 0.8, and a change of max(0, R - G - B) * 320 by more than 20
// (WCAG 2.3.1). They count where more than a quarter of the screen changes; more than three in any second
// fail. Each of the 64 x 36 cells follows its own turning points, so that slow ramps add up and a fine
// checker that inverts is no flash. Of a frame in which parts go up and others down, only the way that goes
// on with the alternation counts: any one place sees one change. Cells that changed within the same three
// frames belong together. This screens; it does not replace a certified test.

namespace wetgate::qc {
namespace {

constexpr double luminance_step = 0.1, darker_below = 0.8;
constexpr double red_step = 20.0 / 320;
constexpr double least_area = 0.25;
constexpr double least_part = 0.05;
constexpr std::size_t together_frames = 3;
constexpr int most_transitions = 6;

/// The turning points of one cell.
class Cell {
public:
    /// +1 or -1 where a change is complete with this frame, else 0.
    int next(double value, bool is_red, FlashKind kind) {
        if (!is_begun_) {
            is_begun_ = true;
            low_ = high_ = value;
            low_is_red_ = high_is_red_ = is_red;
            return 0;
        }
        if (value < low_) low_ = value, low_is_red_ = is_red;
        if (value > high_) high_ = value, high_is_red_ = is_red;
        // Cells come from a record of 16 bits: a change of exactly a tenth counts.
        constexpr double slack = 2e-4;
        const auto counts = [&](double from, double to, bool one_is_red) {
            if (kind == FlashKind::Red) return std::abs(to - from) > red_step && one_is_red;
            return std::abs(to - from) >= luminance_step * (1 - slack) && std::min(from, to) < darker_below;
        };
        if (direction_ <= 0 && counts(low_, value, low_is_red_ || is_red) && value > low_) {
            direction_ = 1;
            high_ = low_ = value;
            high_is_red_ = low_is_red_ = is_red;
            return 1;
        }
        if (direction_ >= 0 && counts(high_, value, high_is_red_ || is_red) && value < high_) {
            direction_ = -1;
            high_ = low_ = value;
            high_is_red_ = low_is_red_ = is_red;
            return -1;
        }
        return 0;
    }

private:
    bool is_begun_ = false;
    double low_ = 0, high_ = 0;
    bool low_is_red_ = false, high_is_red_ = false;
    int direction_ = 0;
};

/// Share of the cells that lie in connected parts of a size.
double connected_share(std::vector<std::uint8_t> is_set, int columns, int rows) {
    std::size_t counted = 0;
    std::vector<int> part;
    for (std::size_t start = 0; start < is_set.size(); ++start) {
        if (is_set[start] == 0) continue;
        part.assign(1, static_cast<int>(start));
        is_set[start] = 0;
        for (std::size_t next = 0; next < part.size(); ++next) {
            const int x = part[next] % columns, y = part[next] / columns;
            const auto visit = [&](int nx, int ny) {
                if (nx < 0 || ny < 0 || nx >= columns || ny >= rows) return;
                std::uint8_t& other = is_set[static_cast<std::size_t>(ny * columns + nx)];
                if (other == 0) return;
                other = 0;
                part.push_back(ny * columns + nx);
            };
            visit(x - 1, y);
            visit(x + 1, y);
            visit(x, y - 1);
            visit(x, y + 1);
        }
        if (static_cast<double>(part.size()) >= least_part * static_cast<double>(is_set.size()))
            counted += part.size();
    }
    return static_cast<double>(counted) / static_cast<double>(is_set.size());
}

/// Share of the screen that changed one way: all of it where hardly anything changed the other way, else what
/// hangs together.
double flashing_share(const std::vector<std::uint8_t>& changed, const std::vector<std::uint8_t>& against,
                      const Grid& grid) {
    const auto all = std::count(changed.begin(), changed.end(), 1),
               others = std::count(against.begin(), against.end(), 1);
    if (4 * others < all) return static_cast<double>(all) / static_cast<double>(grid.size());
    return connected_share(changed, grid.columns, grid.rows);
}

}  // namespace

std::vector<Transition> transitions(const ShotFacts& shot, Side side, FlashKind kind) {
    std::vector<Transition> found;
    std::vector<Cell> cells;
    std::vector<std::size_t> up_at, down_at;  // frame + 1 of each cell's last change that is not counted yet
    int last_sign = 0;
    for (std::size_t i = 0; i < shot.frames.size(); ++i) {
        const PictureFacts* picture = shot.picture(side, i);
        if (picture == nullptr || picture->light.grid.size() == 0) {
            cells.clear();
            last_sign = 0;
            continue;
        }
        const Grid& grid = picture->light.grid;
        if (cells.size() != grid.size()) {
            cells.assign(grid.size(), {});
            last_sign = 0;
            up_at.assign(grid.size(), 0);
            down_at.assign(grid.size(), 0);
        }
        for (std::size_t c = 0; c < grid.size(); ++c) {
            const double value =
                static_cast<double>(kind == FlashKind::Red ? grid.red[c] : grid.luminance[c]);
            const int sign = cells[c].next(value, grid.is_red[c] != 0, kind);
            if (sign != 0) {  // a change back takes the place of the last one
                up_at[c] = sign > 0 ? i + 1 : 0;
                down_at[c] = sign < 0 ? i + 1 : 0;
            }
        }
        const auto changed = [&](const std::vector<std::size_t>& at) {
            std::vector<std::uint8_t> is_set(at.size());
            for (std::size_t c = 0; c < at.size(); ++c)
                is_set[c] = at[c] > 0 && at[c] + together_frames > i + 1 ? 1 : 0;
            return is_set;
        };
        const std::vector<std::uint8_t> rose = changed(up_at), fell = changed(down_at);
        const double up = flashing_share(rose, fell, grid), down = flashing_share(fell, rose, grid);
        const bool goes_up = up > least_area && last_sign <= 0,
                   goes_down = down > least_area && last_sign >= 0;
        if (!goes_up && !goes_down) continue;
        const bool is_up = goes_up && (!goes_down || up >= down);
        found.push_back({i, is_up, is_up ? up : down});
        last_sign = is_up ? 1 : -1;
        std::fill(up_at.begin(), up_at.end(), 0);
        std::fill(down_at.begin(), down_at.end(), 0);
    }
    return found;
}

std::vector<int> transitions_a_second(const std::vector<Transition>& transitions, std::size_t frames,
                                      const Rate& rate) {
    const auto second = static_cast<std::size_t>(std::ceil(rate.fps() - 1e-9));
    std::vector<int> counts(frames);
    for (const Transition& transition : transitions)
        for (std::size_t i = transition.frame; i < std::min(frames, transition.frame + second); ++i)
            ++counts[i];
    return counts;
}

namespace {

class Flashes final : public Check {
public:
    Flashes(CheckInfo info, FlashKind kind) : Check(std::move(info)), kind_(kind) {}

    std::vector<Occurrence> find(const ShotFacts& shot, Side side, double threshold) const override {
        const std::vector<Transition> all = transitions(shot, side, kind_);
        const std::vector<int> counts = transitions_a_second(all, shot.frames.size(), shot.rate);
        std::vector<Occurrence> runs = runs_above(
            shot, 2 * threshold + 0.5, [&](std::size_t i) { return std::optional<double>(counts[i]); },
            [&](const Occurrence& run) {
                return fmt::format(
                    "{:.1f} {} in a second over more than a quarter of the picture: it may harm people with "
                    "photosensitive epilepsy",
                    run.value / 2, kind_ == FlashKind::Red ? "red flashes" : "flashes");
            });
        const auto second = static_cast<std::size_t>(std::ceil(shot.rate.fps() - 1e-9));
        std::vector<Occurrence> joined;
        for (Occurrence& run : runs) {
            // From the first change of the second that is too full; flashes that go on are one finding.
            const auto first = std::find_if(all.begin(), all.end(), [&](const Transition& transition) {
                return transition.frame + second > run.first;
            });
            if (first != all.end()) run.first = std::min(run.first, first->frame);
            run.value /= 2;
            if (!joined.empty() && run.first <= joined.back().end) {
                if (run.value > joined.back().value) joined.back().message = run.message;
                joined.back().value = std::max(joined.back().value, run.value);
                joined.back().end = run.end;
            } else {
                joined.push_back(std::move(run));
            }
        }
        return joined;
    }

private:
    FlashKind kind_;
};

/// Two or three flashes a second that go on and on.
class LongFlashes final : public Check {
public:
    using Check::Check;
    std::vector<Occurrence> find(const ShotFacts& shot, Side side, double threshold) const override {
        std::vector<Occurrence> found;
        for (const FlashKind kind : {FlashKind::Luminance, FlashKind::Red}) {
            const std::vector<int> counts =
                transitions_a_second(transitions(shot, side, kind), shot.frames.size(), shot.rate);
            const auto window = static_cast<std::size_t>(std::ceil(5 * shot.rate.fps()));
            Series share(counts.size());
            std::size_t risky = 0;
            for (std::size_t i = 0; i < counts.size(); ++i) {
                risky += is_risky(counts[i]) ? 1 : 0;
                if (i >= window) risky -= is_risky(counts[i - window]) ? 1 : 0;
                share[i] = static_cast<double>(risky) / shot.rate.fps();
            }
            for (Occurrence& run : runs_above(
                     shot, threshold, [&](std::size_t i) { return share[i]; },
                     [&](const Occurrence& run) {
                         return fmt::format("two to three {} a second for {:.1f} of five seconds",
                                            kind == FlashKind::Red ? "red flashes" : "flashes", run.value);
                     })) {
                run.first = run.first + 1 > window ? run.first + 1 - window : 0;
                found.push_back(std::move(run));
            }
        }
        return found;
    }

private:
    static bool is_risky(int count) { return count >= 4 && count <= most_transitions; }
};

class Stripes final : public Check {
public:
    using Check::Check;
    std::vector<Occurrence> find(const ShotFacts& shot, Side side, double threshold) const override {
        std::vector<Occurrence> runs = runs_above(
            shot, threshold,
            of_pictures(shot, side, [](const PictureFacts& picture) { return picture.light.stripes; }),
            [](const Occurrence& run) {
                return fmt::format("light and dark stripes, five pairs or more, over {:.0f} % of the picture",
                                   100 * run.value);
            });
        constexpr double least_seconds = 0.5;
        std::erase_if(runs, [&](const Occurrence& run) {
            return static_cast<double>(run.end - run.first) < least_seconds * shot.rate.fps();
        });
        return runs;
    }
};

constexpr const char* note = "; screens, is not a certified replacement";

}  // namespace

void add_flash_checks(Checks& checks) {
    checks.push_back(
        std::make_unique<Flashes>(CheckInfo{"pse_luminance", "Photosensitive flashes", "VIDEO",
                                            "Photosensitive Epilepsy", Severity::Blocker,
                                            std::string("pairs of opposing changes by a tenth of white, the "
                                                        "darker below 0.8 of it, over a quarter of the "
                                                        "picture, in any second") +
                                                note,
                                            "ITU-R BT.1702-3, WCAG 2.3.1 (SDR, white = 200 cd/m2)", 3,
                                            "flashes a second", "3 (ITU-R BT.1702-3)"},
                                  FlashKind::Luminance));
    checks.push_back(std::make_unique<Flashes>(
        CheckInfo{"pse_red", "Photosensitive red flashes", "VIDEO", "Photosensitive Epilepsy",
                  Severity::Blocker,
                  std::string("pairs of opposing changes of (R - G - B) * 320 by more than 20, either state "
                              "a saturated red "
                              "(R / (R + G + B) >= 0.8), over a quarter of the picture, in any second") +
                      note,
                  "ITU-R BT.1702-3, WCAG 2.3.1", 3, "flashes a second", "3 (ITU-R BT.1702-3)"},
        FlashKind::Red));
    checks.push_back(std::make_unique<LongFlashes>(CheckInfo{
        "pse_extended", "Flashes that go on", "VIDEO", "Photosensitive Epilepsy", Severity::Issue,
        std::string("seconds, of any five, in which there are two to three flashes a second") + note,
        "Ofcom guidance, annex 1", 4, "s", "4 s of 5 s (EA IRIS)"}));
    checks.push_back(std::make_unique<Stripes>(CheckInfo{
        "pse_pattern", "Stripes", "VIDEO", "Photosensitive Epilepsy", Severity::Fyi,
        std::string(
            "share of the picture under runs of five or more even light-dark pairs, for half a second") +
            note,
        "ITU-R BT.1702-3, annex 1", 0.4, "share", "40 % (ITU-R BT.1702-3, static patterns)"}));
}

}  // namespace wetgate::qc

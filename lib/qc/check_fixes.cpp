#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "qc/check_makers.h"
#include "qc/series.h"

// What the passes did: whether it stays within its bounds, sits still and has the plate's grain.

namespace wetgate::qc {
namespace {

class LimitHit final : public Check {
public:
    using Check::Check;
    bool applies(const ShotFacts& shot, Side side) const override {
        return side == Side::Output &&
               std::any_of(shot.frames.begin(), shot.frames.end(),
                           [](const FrameFacts& frame) { return !frame.limited.empty(); });
    }
    std::vector<Occurrence> find(const ShotFacts& shot, Side, double threshold) const override {
        std::map<std::size_t, std::string> passes;  // by index: two may have one name
        for (const FrameFacts& frame : shot.frames)
            for (const LimitedPass& pass : frame.limited) passes[pass.index] = pass.pass;
        std::vector<Occurrence> found;
        for (const auto& [index, name] : passes) {
            const auto share = [&shot, index = index](std::size_t i) -> std::optional<double> {
                for (const LimitedPass& pass : shot.frames[i].limited)
                    if (pass.index == index) return pass.max_stops / std::max(1e-9, pass.limit_stops);
                return std::nullopt;
            };
            for (Occurrence& run : runs_above(shot, threshold, share, [&name = name](const Occurrence&) {
                     return fmt::format(
                         "the pass '{}' changes pixels by as much as its limit_stops allows: it may want "
                         "more",
                         name);
                 })) {
                run.subject = std::to_string(index);
                found.push_back(std::move(run));
            }
        }
        return found;
    }
};

/// Restlessness of the parts that passes changed over that of what surrounds them, over windows of frames.
class TemporalResidual final : public Check {
public:
    using Check::Check;
    bool applies(const ShotFacts&, Side side) const override { return side == Side::Output; }
    std::vector<Occurrence> find(const ShotFacts& shot, Side, double threshold) const override {
        const std::size_t count = shot.frames.size();
        std::vector<Turns> made(count), given(count);
        for (std::size_t i = 1; i + 1 < count; ++i) {
            made[i] = turns(shot, Side::Output, i);
            given[i] = turns(shot, Side::Input, i);
        }
        Series series(count);
        for (std::size_t begin = 0; begin + window_frames <= count; ++begin) {
            const auto after = ratio(made, begin), before = ratio(given, begin);
            if (!after) continue;
            // A lively thing that was there before is lively still.
            const double value = before ? std::min(*after, *after / *before * least_growth) : *after;
            for (std::size_t i = begin; i < begin + window_frames; ++i)
                series[i] = std::max(series[i].value_or(0), value);
        }
        return runs_above(
            shot, threshold, [&](std::size_t i) { return series[i]; },
            [](const Occurrence& run) {
                return fmt::format(
                    "what the passes made changes {:.1f} times as much from frame to frame as what surrounds "
                    "it",
                    run.value);
            });
    }

private:
    static constexpr std::size_t window_frames = 8;
    static constexpr double least_growth = 1.25;
    static constexpr std::uint8_t covered = 128;
    static constexpr double floor = 1e-3;  // of the coded range: rounding

    struct Turns {
        double inside = 0, around = 0;  // sums of squares
        int inside_cells = 0, around_cells = 0;
    };

    /// Cells that are touched on three frames, and those next to them that are not.
    static Turns turns(const ShotFacts& shot, Side side, std::size_t i) {
        const Grid* grid[3] = {};
        const Grid* touch[3] = {};
        for (std::size_t k = 0; k < 3; ++k) {
            const PictureFacts *picture = shot.picture(side, i + k - 1),
                               *output = shot.picture(Side::Output, i + k - 1);
            if (picture == nullptr || output == nullptr || output->light.grid.touched.empty()) return {};
            grid[k] = &picture->light.grid;
            touch[k] = &output->light.grid;
            if (grid[k]->size() != grid[0]->size() || touch[k]->size() != grid[0]->size()) return {};
        }
        const int columns = grid[0]->columns, rows = grid[0]->rows;
        const auto cell = [&](int x, int y) {
            return static_cast<std::size_t>(y) * static_cast<std::size_t>(columns) +
                   static_cast<std::size_t>(x);
        };
        const auto is_inside = [&](std::size_t c) {
            return touch[0]->touched[c] >= covered && touch[1]->touched[c] >= covered &&
                   touch[2]->touched[c] >= covered;
        };
        const auto is_outside = [&](std::size_t c) {
            return touch[0]->touched[c] + touch[1]->touched[c] + touch[2]->touched[c] == 0;
        };
        Turns sums;
        for (int y = 0; y < rows; ++y) {
            for (int x = 0; x < columns; ++x) {
                const std::size_t c = cell(x, y);
                const bool inside = is_inside(c);
                bool around = false;
                if (!inside && is_outside(c)) {
                    for (int dy = -2; dy <= 2; ++dy)
                        for (int dx = -2; dx <= 2; ++dx)
                            around = around || (x + dx >= 0 && x + dx < columns && y + dy >= 0 &&
                                                y + dy < rows && is_inside(cell(x + dx, y + dy)));
                }
                if (!inside && !around) continue;
                const auto coded = [&](std::size_t k) {
                    return std::pow(static_cast<double>(grid[k]->luminance[c]), 1 / 2.4);
                };
                const double turn = coded(1) - (coded(0) + coded(2)) / 2;
                (inside ? sums.inside : sums.around) += turn * turn;
                (inside ? sums.inside_cells : sums.around_cells) += 1;
            }
        }
        return sums;
    }

    static std::optional<double> ratio(const std::vector<Turns>& turns, std::size_t begin) {
        Turns sum;
        for (std::size_t i = begin; i < begin + window_frames; ++i) {
            sum.inside += turns[i].inside;
            sum.around += turns[i].around;
            sum.inside_cells += turns[i].inside_cells;
            sum.around_cells += turns[i].around_cells;
        }
        constexpr int least_cells = 2 * window_frames;
        if (sum.inside_cells < least_cells || sum.around_cells < least_cells) return std::nullopt;
        return std::sqrt((sum.inside / sum.inside_cells + floor * floor) /
                         (sum.around / sum.around_cells + floor * floor));
    }
};

class GrainRatio final : public Check {
public:
    using Check::Check;
    bool applies(const ShotFacts&, Side side) const override { return side == Side::Output; }
    std::vector<Occurrence> find(const ShotFacts& shot, Side, double threshold) const override {
        return runs_above(
            shot, threshold,
            [&](std::size_t i) -> std::optional<double> {
                const auto after = ratio(shot.frames[i].output.get()),
                           before = ratio(shot.frames[i].input.get());
                if (!after) return std::nullopt;
                // A part that had less grain than its surroundings has less still.
                if (before && off(*before) >= 0.9 * off(*after)) return 1.0;
                return off(*after);
            },
            [&](const Occurrence& run) {
                std::size_t worst = run.first;
                for (std::size_t i = run.first; i < run.end; ++i)
                    if (off(*ratio(shot.frames[i].output.get())) == run.value) worst = i;
                const bool is_less = *ratio(shot.frames[worst].output.get()) < 1;
                return fmt::format(
                    "grain where passes were at work is {} than around it by a factor of {:.2f}",
                    is_less ? "weaker" : "stronger", run.value);
            });
    }

private:
    /// Inside over around.
    static std::optional<double> ratio(const PictureFacts* picture) {
        constexpr double least = 4e-4;  // a tenth of an 8-bit code: no grain to speak of
        if (picture == nullptr || !picture->texture.grain_inside || !picture->texture.grain_around)
            return std::nullopt;
        return (*picture->texture.grain_inside + least) / (*picture->texture.grain_around + least);
    }
    static double off(double ratio) { return std::max(ratio, 1 / ratio); }
};

}  // namespace

void add_fix_checks(Checks& checks) {
    checks.push_back(std::make_unique<LimitHit>(
        CheckInfo{"limit_hit", "A pass at its limit", "VIDEO", "Plate integrity", Severity::Fyi,
                  "greatest change of a pass, in stops, over its limit_stops", "", 0.99, "share",
                  "the job's limit_stops"}));
    checks.push_back(std::make_unique<TemporalResidual>(
        CheckInfo{"temporal_residual", "Restless fix", "VIDEO", "Plate integrity", Severity::Issue,
                  "changes from frame to frame inside what passes touched over those of the cells around it, "
                  "8 frames; not where the "
                  "source was as restless",
                  "", 1.5, "ratio", "1.5 (wetgate)"}));
    checks.push_back(std::make_unique<GrainRatio>(CheckInfo{
        "grain_ratio", "Grain of a fix", "VIDEO", "Plate integrity", Severity::Fyi,
        "median ripple inside what passes touched against that of 16 pixels around it, either over the other",
        "", 1.25, "ratio", "0.8 to 1.25 (wetgate)"}));
}

}  // namespace wetgate::qc

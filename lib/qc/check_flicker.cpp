#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "qc/check_makers.h"
#include "qc/series.h"

// Light that changes by itself from frame to frame.

namespace wetgate::qc {
namespace {

// Gains that are independent from frame to frame, of deviation s, leave s * sqrt(1.5) in a frame less the
// mean of its neighbours.
const double of_white_flicker = std::sqrt(1.5);

constexpr int window_frames = 12;

/// Of squared turns, in stops. A flash shows in its two neighbours as well, at half its size: the greatest
/// three are left out.
double trimmed_deviation(std::vector<double> squares) {
    std::sort(squares.begin(), squares.end());
    double sum = 0;
    for (std::size_t i = 0; i + 3 < squares.size(); ++i) sum += squares[i];
    return std::sqrt(sum / static_cast<double>(squares.size() - 3)) / of_white_flicker;
}

/// Deviation, in stops, of steady flicker over windows of `window_frames`, each entry the greatest of the
/// windows around it. A single frame that stands out is a flash, not flicker.
Series flicker_of(const Series& unsteady) {
    const std::size_t count = unsteady.size();
    Series series(count);
    for (std::size_t begin = 0; begin + window_frames <= count; ++begin) {
        std::vector<double> squares;
        for (std::size_t i = begin; i < begin + window_frames; ++i)
            if (unsteady[i]) squares.push_back(*unsteady[i] * *unsteady[i]);
        if (squares.size() < window_frames - 2) continue;
        const double deviation = trimmed_deviation(std::move(squares));
        for (std::size_t i = begin; i < begin + window_frames; ++i)
            series[i] = std::max(series[i].value_or(0), deviation);
    }
    return series;
}

/// The frequency that the unsteadiness of [first, end) has most of, in Hz: a plain Fourier sum.
double main_frequency(const Series& unsteady, std::size_t first, std::size_t last, double fps) {
    constexpr std::size_t most_frames = 512;
    const std::size_t end = std::min(last, first + most_frames);
    double most = 0, at = 0;
    const std::size_t length = end - first;
    for (std::size_t k = 1; 2 * k <= length; ++k) {
        double re = 0, im = 0;
        for (std::size_t i = first; i < end; ++i) {
            const double angle =
                2 * std::acos(-1.0) * static_cast<double>(k * (i - first)) / static_cast<double>(length);
            re += unsteady[i].value_or(0) * std::cos(angle);
            im += unsteady[i].value_or(0) * std::sin(angle);
        }
        if (re * re + im * im > most) {
            most = re * re + im * im;
            at = static_cast<double>(k) * fps / static_cast<double>(length);
        }
    }
    return at;
}

class Flicker final : public Check {
public:
    using Check::Check;
    std::vector<Occurrence> find(const ShotFacts& shot, Side side, double threshold) const override {
        const Series unsteady = unsteadiness(shot, side);
        const Series flicker = flicker_of(unsteady);
        return runs_above(
            shot, threshold, [&](std::size_t i) { return flicker[i]; },
            [&](const Occurrence& run) {
                return fmt::format(
                    "exposure flickers by {:.3f} stop (deviation), mostly at {:.1f} Hz; the pass 'deflicker' "
                    "takes it out",
                    run.value, main_frequency(unsteady, run.first, run.end, shot.rate.fps()));
            });
    }
};

/// Parts of the picture that flicker each by themselves: gains of an 8 x 8 (or so) grid less that of the
/// whole.
class LocalFlicker final : public Check {
public:
    using Check::Check;
    std::vector<Occurrence> find(const ShotFacts& shot, Side side, double threshold) const override {
        const Series whole = unsteadiness(shot, side);
        const auto parts = static_cast<std::size_t>(columns) * rows;
        std::vector<std::vector<std::optional<double>>> turns(shot.frames.size());
        for (std::size_t i = 1; i + 1 < turns.size(); ++i)
            turns[i] = turns_of(shot, side, i, whole[i].value_or(0));
        Series share(shot.frames.size());
        Series size(shot.frames.size());
        for (std::size_t begin = 0; begin + window_frames <= turns.size(); ++begin) {
            std::vector<double> flickering;
            std::size_t known = 0;
            for (std::size_t part = 0; part < parts; ++part) {
                const auto deviation = flicker_in(turns, begin, part);
                known += deviation ? 1 : 0;
                if (deviation && *deviation >= threshold) flickering.push_back(*deviation);
            }
            if (known * 4 < parts) continue;
            const double here = static_cast<double>(flickering.size()) / static_cast<double>(known);
            for (std::size_t i = begin; i < begin + window_frames; ++i) {
                if (share[i].value_or(-1) >= here) continue;
                share[i] = here;
                size[i] = median_of(flickering);
            }
        }
        std::vector<Occurrence> runs = runs_above(
            shot, least_share, [&](std::size_t i) { return share[i]; },
            [](const Occurrence&) { return std::string(); });
        for (Occurrence& run : runs) {
            const double parts_share = run.value;
            run.value = 0;
            for (std::size_t i = run.first; i < run.end; ++i)
                run.value = std::max(run.value, size[i].value_or(0));
            run.message = fmt::format(
                "{:.0f} % of the picture's parts flicker by themselves, by {:.3f} stop; 'deflicker' with "
                "mode local or rolling takes it out",
                100 * parts_share, run.value);
        }
        return runs;
    }

private:
    static constexpr int columns = 8, rows = 9;
    static constexpr double least_share = 0.25;
    static constexpr int least_turned_back = 5;  // of nine pairs of turns; independent gains: 6.6

    /// Of each part, in stops, less that of the whole: the middle of its cells' turns. Light moves all cells
    /// of a part alike, what passes through them moves each by itself. nullopt where too many cells are
    /// black.
    static std::vector<std::optional<double>> turns_of(const ShotFacts& shot, Side side, std::size_t i,
                                                       double whole) {
        const Grid* grid[3] = {};
        for (std::size_t k = 0; k < 3; ++k) {
            const PictureFacts* picture = shot.picture(side, i + k - 1);
            if (picture == nullptr) return {};
            grid[k] = &picture->light.grid;
            if (grid[k]->size() != grid[0]->size()) return {};
        }
        const int across = grid[0]->columns, down = grid[0]->rows;
        if (across < 4 * columns || down < 2 * rows) return {};
        std::vector<std::vector<double>> cells(static_cast<std::size_t>(columns) * rows);
        for (std::size_t c = 0; c < grid[0]->size(); ++c) {
            const int x = static_cast<int>(c) % across, y = static_cast<int>(c) / across;
            const double here = cell_stops(grid[1]->luminance[c]);
            if (here <= darkest_stops) continue;
            const double beside = (cell_stops(grid[0]->luminance[c]) + cell_stops(grid[2]->luminance[c])) / 2;
            cells[static_cast<std::size_t>((y * rows / down) * columns + x * columns / across)].push_back(
                here - beside - whole);
        }
        const std::size_t least = grid[0]->size() / cells.size() / 2;
        std::vector<std::optional<double>> turns;
        for (std::vector<double>& part : cells)
            turns.push_back(part.size() < least ? std::nullopt : median_of(std::move(part)));
        return turns;
    }

    /// Deviation of a part's own flicker over a window; nullopt where it is not known on every frame, or
    /// where something large that passes by explains it: light that flickers turns back at once.
    static std::optional<double> flicker_in(const std::vector<std::vector<std::optional<double>>>& turns,
                                            std::size_t begin, std::size_t part) {
        std::vector<double> squares;
        int turned_back = 0;
        for (std::size_t i = begin + 1; i + 1 < begin + window_frames; ++i) {
            if (turns[i].empty() || !turns[i][part]) return std::nullopt;
            squares.push_back(*turns[i][part] * *turns[i][part]);
            if (i > begin + 1) turned_back += *turns[i][part] * *turns[i - 1][part] < 0 ? 1 : 0;
        }
        if (turned_back < least_turned_back) return 0.0;
        return trimmed_deviation(std::move(squares));
    }
};

/// One frame (or two) unlike what comes before and after, which are alike.
class Flash final : public Check {
public:
    using Check::Check;
    std::vector<Occurrence> find(const ShotFacts& shot, Side side, double threshold) const override {
        std::vector<Occurrence> found;
        std::size_t last_end = 0;
        for (std::size_t i = 1; i + 1 < shot.frames.size(); ++i) {
            for (std::size_t length = 1; length <= 2 && i + length < shot.frames.size() && i >= last_end;
                 ++length) {
                const auto apart = light_apart(shot, side, i, length);
                if (!apart || std::abs(*apart) < threshold) continue;
                found.push_back({i,
                                 i + length,
                                 std::abs(*apart),
                                 fmt::format("{} {:.2f} stop {} than what comes before and after",
                                             length == 1 ? "one frame is" : "two frames are",
                                             std::abs(*apart), *apart > 0 ? "brighter" : "darker"),
                                 {}});
                last_end = i + length;
            }
            if (i < last_end) continue;
            if (const auto ratio = other_picture(shot, side, i)) {
                found.push_back(
                    {i,
                     i + 1,
                     *ratio,
                     "one frame shows another picture than the frames before and after, which are alike",
                     {}});
                last_end = i + 1;
            }
        }
        return found;
    }

private:
    static double cell_median(const Grid& a, const Grid& b) {
        std::vector<double> cells;
        for (std::size_t c = 0; c < a.size(); ++c)
            cells.push_back(cell_stops(a.luminance[c]) - cell_stops(b.luminance[c]));
        return median_of(std::move(cells)).value_or(0);
    }

    /// Stops between frames [i, i + length) and both neighbours, the lesser of the two; nullopt where the
    /// neighbours differ by as much, or the frames among themselves.
    static std::optional<double> light_apart(const ShotFacts& shot, Side side, std::size_t i,
                                             std::size_t length) {
        const PictureFacts *before = shot.picture(side, i - 1), *after = shot.picture(side, i + length);
        if (before == nullptr || after == nullptr || before->light.grid.size() != after->light.grid.size())
            return {};
        double least = 1e9;
        for (std::size_t k = i; k < i + length; ++k) {
            const PictureFacts* here = shot.picture(side, k);
            if (here == nullptr || here->light.grid.size() != before->light.grid.size()) return {};
            for (const PictureFacts* other : {before, after}) {
                const double stops = cell_median(here->light.grid, other->light.grid);
                if (least < 1e8 && (stops > 0) != (least > 0)) return {};
                if (std::abs(stops) < std::abs(least)) least = stops;
            }
        }
        const double drift = std::abs(cell_median(after->light.grid, before->light.grid));
        return drift > std::abs(least) / 2 ? std::nullopt : std::optional(least);
    }

    static std::optional<double> other_picture(const ShotFacts& shot, Side side, std::size_t i) {
        const PictureFacts *before = shot.picture(side, i - 1), *here = shot.picture(side, i),
                           *after = shot.picture(side, i + 1);
        if (before == nullptr || here == nullptr || after == nullptr) return {};
        const auto one = grid_difference(before->light.grid, here->light.grid),
                   two = grid_difference(here->light.grid, after->light.grid),
                   across = grid_difference(before->light.grid, after->light.grid);
        if (!one || !two || !across) return {};
        constexpr double least_difference = 0.05, least_ratio = 2.5;
        const double least = std::min(*one, *two);
        if (least < least_difference || least < least_ratio * *across) return {};
        return least / std::max(1e-4, *across);
    }
};

/// Where the blacks go up or down at once and stay there, while the middle of the picture does not.
class BlackLevel final : public Check {
public:
    using Check::Check;
    std::vector<Occurrence> find(const ShotFacts& shot, Side side, double threshold) const override {
        std::vector<Occurrence> found;
        for (std::size_t i = around; i + around <= shot.frames.size(); ++i) {
            const auto step = step_at(shot, side, i);
            if (!step || std::abs(*step) < threshold) continue;
            if (!found.empty() && found.back().first + around > i) {  // the same step, seen from next to it
                if (std::abs(*step) <= found.back().value) continue;
                found.pop_back();
            }
            found.push_back({i,
                             i + 1,
                             std::abs(*step),
                             fmt::format("the blacks go {} by {:.2f} stop at this frame and stay there",
                                         *step > 0 ? "up" : "down", std::abs(*step)),
                             {}});
        }
        return found;
    }

private:
    static constexpr std::size_t around = 6;
    static constexpr double least_visible =
        0.01;  // of the coded range: a stop far down in the blacks is less

    /// From the six frames before to the six from `i` on, in stops; nullopt where it is no step.
    static std::optional<double> step_at(const ShotFacts& shot, Side side, std::size_t i) {
        struct Six {
            double low = 1e9, high = -1e9;
            std::vector<double> middles;
            std::vector<double> cells;  // sums of coded luminance
        } before, after;
        for (std::size_t k = i - around; k < i + around; ++k) {
            const PictureFacts* picture = shot.picture(side, k);
            if (picture == nullptr || picture->light.grid.size() == 0) return std::nullopt;
            const LightFacts& light = picture->light;
            Six& six = k < i ? before : after;
            six.low = std::min(six.low, light.p1);
            six.high = std::max(six.high, light.p1);
            six.middles.push_back(light.p50);
            six.cells.resize(light.grid.size());
            for (std::size_t c = 0; c < six.cells.size(); ++c)
                six.cells[c] += std::pow(static_cast<double>(light.grid.luminance[c]), 1 / 2.4);
        }
        if (before.cells.size() != after.cells.size()) return std::nullopt;
        const double up = after.low - before.high, down = before.low - after.high;
        const double step = up > down ? up : -down;
        const double spread = std::max(before.high - before.low, after.high - after.low);
        const double middle = std::abs(*median_of(after.middles) - *median_of(before.middles));
        if (std::max(up, down) <= 0 || std::abs(step) < 2 * spread || middle > std::abs(step) / 2)
            return std::nullopt;
        // The blacks of the whole picture: something dark that comes in changes a few cells.
        std::vector<double> sorted = before.cells;
        const auto tenth = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 10);
        std::nth_element(sorted.begin(), tenth, sorted.end());
        std::vector<double> changes;
        for (std::size_t c = 0; c < before.cells.size(); ++c)
            if (before.cells[c] <= *tenth) changes.push_back((after.cells[c] - before.cells[c]) / around);
        const double change = median_of(std::move(changes)).value_or(0);
        return std::abs(change) < least_visible || (change > 0) != (step > 0) ? std::nullopt
                                                                              : std::optional(step);
    }
};

}  // namespace

void add_flicker_checks(Checks& checks) {
    checks.push_back(
        std::make_unique<Flash>(CheckInfo{"flash_frame", "Flash frame", "VIDEO", "Video Hit", Severity::Issue,
                                          "one or two frames brighter or darker than both neighbours (median "
                                          "of 64 x 36 cells), or with another picture",
                                          "Netflix Video Hits", 0.5, "stop", "0.5 stop (wetgate)"}));
    checks.push_back(std::make_unique<Flicker>(
        CheckInfo{"flicker", "Luminance flicker", "VIDEO", "Luminance Flicker", Severity::Issue,
                  "deviation, over 12 frames, of each frame's light from the mean of its neighbours (median "
                  "of 64 x 36 cells)",
                  "Netflix Luminance Flicker", 0.03, "stop", "0.03 stop (wetgate: about 2 %)"}));
    checks.push_back(std::make_unique<LocalFlicker>(
        CheckInfo{"flicker_local", "Local flicker or bands", "VIDEO", "Luminance Flicker", Severity::Issue,
                  "the same in 72 parts of the picture, less that of the whole; a quarter of them",
                  "Netflix Luminance Flicker", 0.05, "stop", "0.05 stop (wetgate)"}));
    checks.push_back(std::make_unique<BlackLevel>(
        CheckInfo{"black_level", "Shift in black levels", "VIDEO", "Shift in Black Levels", Severity::Issue,
                  "a step of the darkest hundredth's edge between six frames and the next six, with the "
                  "median of the picture at rest",
                  "Netflix Shift in Black Levels", 0.1, "stop", "0.1 stop (wetgate)"}));
}

}  // namespace wetgate::qc

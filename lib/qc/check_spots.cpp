#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "qc/check_makers.h"
#include "qc/series.h"
#include "qc/texture.h"

// Small places that stand out: always at one photosite (a defect of the sensor), or on one frame only (dirt).

namespace wetgate::qc {
namespace {

bool near(const Spot& a, const Spot& b, int px) {
    return std::abs(a.x - b.x) <= px && std::abs(a.y - b.y) <= px && (a.step > 0) == (b.step > 0);
}

class DeadPixels final : public Check {
public:
    using Check::Check;
    bool applies(const ShotFacts& shot, Side) const override { return shot.frames.size() >= least_frames; }

    std::vector<Occurrence> find(const ShotFacts& shot, Side side, double threshold) const override {
        struct Place {
            std::size_t count = 0, first = 0, last = 0;
            double step = 0;
        };
        std::map<std::pair<int, int>, Place> places;
        std::size_t known = 0;
        for (std::size_t i = 0; i < shot.frames.size(); ++i) {
            const PictureFacts* picture = shot.picture(side, i);
            if (picture == nullptr) continue;
            ++known;
            for (const Spot& spot : picture->spots) {
                if (spot.size > 1) continue;
                Place& place = places.try_emplace({spot.x, spot.y}, Place{0, i, i, 0}).first->second;
                ++place.count;
                place.last = i;
                place.step += spot.step;
            }
        }
        std::vector<Occurrence> found;
        if (known < least_frames) return found;
        for (const auto& [at, place] : places) {
            const double share = static_cast<double>(place.count) / static_cast<double>(known);
            if (share < threshold || !scene_moves(shot, side, at.first, at.second)) continue;
            const double step = place.step / static_cast<double>(place.count);
            found.push_back({place.first,
                             place.last + 1,
                             share,
                             fmt::format("the pixel at ({}, {}) is {} in {:.0f} % of the frames while the "
                                         "picture moves; the pass "
                                         "'pixel_defects' mends it",
                                         at.first, at.second, step > 0 ? "bright" : "dark", 100 * share),
                             {},
                             fmt::format("{},{}", at.first, at.second)});
            if (found.size() == most_places) break;
        }
        return found;
    }

private:
    static constexpr std::size_t least_frames = 24, most_places = 100;

    /// A point of a scene that stands still cannot be told from a defect.
    static bool scene_moves(const ShotFacts& shot, Side side, int x, int y) {
        constexpr double least_change = 0.003;  // of the cell's coded luminance, on every other frame
        std::vector<double> values;
        for (std::size_t i = 0; i < shot.frames.size(); ++i) {
            const PictureFacts* picture = shot.picture(side, i);
            if (picture == nullptr || picture->light.grid.size() == 0 || picture->window.empty()) continue;
            const Grid& grid = picture->light.grid;
            const int column = std::clamp(x * grid.columns / picture->window.width(), 0, grid.columns - 1);
            const int row = std::clamp(y * grid.rows / picture->window.height(), 0, grid.rows - 1);
            values.push_back(std::pow(
                static_cast<double>(
                    grid.luminance[static_cast<std::size_t>(row) * static_cast<std::size_t>(grid.columns) +
                                   static_cast<std::size_t>(column)]),
                1 / 2.4));
        }
        std::vector<double> changes;
        for (std::size_t i = 1; i < values.size(); ++i)
            changes.push_back(std::abs(values[i] - values[i - 1]));
        return median_of(std::move(changes)).value_or(0) >= least_change;
    }
};

class Dust final : public Check {
public:
    using Check::Check;
    std::vector<Occurrence> find(const ShotFacts& shot, Side side, double threshold) const override {
        Series series(shot.frames.size());
        std::vector<double> known;
        for (std::size_t i = 0; i < series.size(); ++i) {
            series[i] = alone(shot, side, i);
            if (series[i]) known.push_back(*series[i]);
        }
        // Leaves and water twinkle on every frame.
        const double usual = median_of(std::move(known)).value_or(0);
        return runs_above(
            shot, threshold + 3 * usual, [&](std::size_t i) { return series[i]; },
            [](const Occurrence& run) {
                return fmt::format(
                    "up to {:.0f} specks a frame that the frames before and after do not have; the pass "
                    "'dust' takes "
                    "dirt out",
                    run.value);
            });
    }

    /// Spots that have none like them near by in either neighbour.
    static std::optional<double> alone(const ShotFacts& shot, Side side, std::size_t i) {
        if (i == 0 || i + 1 >= shot.frames.size()) return std::nullopt;
        const PictureFacts *before = shot.picture(side, i - 1), *here = shot.picture(side, i),
                           *after = shot.picture(side, i + 1);
        if (before == nullptr || here == nullptr || after == nullptr) return std::nullopt;
        // A list that is full says nothing of what is not in it.
        if (std::max({before->spots.size(), here->spots.size(), after->spots.size()}) >= most_spots)
            return std::nullopt;
        const int reach = std::max(8, here->window.width() / 48);
        double count = 0;
        for (const Spot& spot : here->spots) {
            const auto has = [&](const PictureFacts* other) {
                return std::any_of(other->spots.begin(), other->spots.end(),
                                   [&](const Spot& o) { return near(spot, o, reach); });
            };
            count += has(before) || has(after) ? 0 : 1;
        }
        return count;
    }
};

}  // namespace

void add_spot_checks(Checks& checks) {
    checks.push_back(std::make_unique<DeadPixels>(
        CheckInfo{"dead_pixels", "Dead or hot pixels", "VIDEO", "Pixel Error", Severity::Issue,
                  "single pixels that stand out from a plain surrounding at one place, by 0.06 of the eye's "
                  "range and six deviations; "
                  "24 frames or more, only where the scene moves",
                  "Netflix Pixel Error", 0.6, "share of the frames",
                  "60 % (wetgate: texture hides a pixel at times)"}));
    checks.push_back(
        std::make_unique<Dust>(CheckInfo{"dust", "Dust and dirt", "VIDEO", "Dirt", Severity::Fyi,
                                         "small places that stand out from a plain surrounding on one frame "
                                         "and have none like them near by on the "
                                         "next and the last; over three times the shot's usual number",
                                         "", 6, "specks a frame", "6 (wetgate)"}));
}

}  // namespace wetgate::qc

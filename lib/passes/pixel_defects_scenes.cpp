#include "passes/pixel_defects_scenes.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

// Note [Whether the picture moved]
// Motion is read from small pictures (cells of 8 px and more) of local contrast, a cell's level over the mean
// of its 5x5 cells: light that brightens or fades over the whole or a part of the picture leaves them as they
// are. The change between two of them over the slope in a 3x3 of cells is the smallest shift that can have
// made it, in cells. A tile starts a new scene when three quarters of the detailed places in and around it
// have shifted by kMovedPx: an actor who passes by does not make the wall behind him a moving picture, and
// the centre of a zoom stands still. A tile is generous; what a place was really seen against is asked of the
// 3x3 cells around it, and only of the frames that show it. Where the camera stands still, the eight pixels
// around it must have changed as well: grass beside a man who moves is hidden by him or is the same grass.

namespace wetgate::passes::pixel_defects {
namespace {

constexpr int kTileCells = 8;
constexpr double kMovedPx =
    3;  // a point that stays at one photosite does not belong to a picture that moved so far
constexpr double kUnlikeSigmas = 3;   // a ring of 8 pixels has a third of the noise of one
constexpr double kUnlikeShare = 0.2;  // of coded level: more than light that drifts

void fill_density(Frame& frame) {
    const Grid& grid = frame.facts.grid;
    frame.density.assign(grid.blocks.area(), 0.0F);
    const float share = 1.0F / static_cast<float>(grid.block_px() * grid.block_px());
    for (const Candidate& candidate : frame.facts.candidates) {
        frame.density[*block_in(frame, candidate.x, candidate.y)] += share;
    }
}

/// Small pictures whose values light hardly changes, but content does: a cell's level over the mean of its
/// 5x5 cells.
struct Contrast {
    int width = 0, height = 0;
    std::vector<float> value;
    std::vector<float> slope_squared;  // per cell, of `value`

    float at(int x, int y) const {
        return value[static_cast<std::size_t>(std::clamp(y, 0, height - 1) * width +
                                              std::clamp(x, 0, width - 1))];
    }
};

/// A cell's coded level. `x`, `y`: cells from the grid's first one.
double luma_at(const Frame& frame, int x, int y) {
    const Grid& grid = frame.facts.grid;
    return grid.luma[static_cast<std::size_t>(y * grid.cells.width() + x)] / kLumaLevels;
}

/// Of the cells inside `part`, cells from the grid's first one.
Contrast contrast_of(const Frame& frame, const Box& part) {
    Contrast contrast{part.width(), part.height(), {}, {}};
    std::vector<double> sums(static_cast<std::size_t>((contrast.width + 1) * (contrast.height + 1)));
    const auto sum_at = [&](int x, int y) -> double& {
        return sums[static_cast<std::size_t>(y * (contrast.width + 1) + x)];
    };
    for (int y = 0; y < contrast.height; ++y) {
        for (int x = 0; x < contrast.width; ++x) {
            const double level = luma_at(frame, part.x0 + x, part.y0 + y);
            sum_at(x + 1, y + 1) = level + sum_at(x, y + 1) + sum_at(x + 1, y) - sum_at(x, y);
        }
    }
    for (int y = 0; y < contrast.height; ++y) {
        for (int x = 0; x < contrast.width; ++x) {
            const int x0 = std::max(0, x - 2), x1 = std::min(contrast.width, x + 3);
            const int y0 = std::max(0, y - 2), y1 = std::min(contrast.height, y + 3);
            const double sum = sum_at(x1, y1) - sum_at(x0, y1) - sum_at(x1, y0) + sum_at(x0, y0);
            const double mean = sum / ((x1 - x0) * (y1 - y0));
            const double level = luma_at(frame, part.x0 + x, part.y0 + y);
            contrast.value.push_back(static_cast<float>((level - mean) / std::max(mean, 0.01)));
        }
    }
    for (int y = 0; y < contrast.height; ++y) {
        for (int x = 0; x < contrast.width; ++x) {
            const float across = 0.5F * (contrast.at(x + 1, y) - contrast.at(x - 1, y));
            const float down = 0.5F * (contrast.at(x, y + 1) - contrast.at(x, y - 1));
            contrast.slope_squared.push_back(across * across + down * down);
        }
    }
    return contrast;
}

/// How far the picture has moved in `part` (cells), in cells: the shift that would make the change seen, as
/// the quantile `share` over places with detail. Nothing where there is too little detail to tell.
std::optional<double> shift_between(const Contrast& before, const Contrast& now,
                                    const std::vector<float>& noise, const Box& part, double share,
                                    std::size_t enough) {
    std::vector<double> shifts;
    for (int y = part.y0 + 1; y + 1 < part.y1; y += 2) {
        for (int x = part.x0 + 1; x + 1 < part.x1; x += 2) {
            double change = 0;
            double slope = 0;
            for (int j = y - 1; j <= y + 1; ++j) {
                for (int i = x - 1; i <= x + 1; ++i) {
                    const auto cell = static_cast<std::size_t>(j * before.width + i);
                    const double difference = now.value[cell] - before.value[cell];
                    change += difference * difference;
                    slope += before.slope_squared[cell];
                }
            }
            const double blur = noise[static_cast<std::size_t>(y * before.width + x)];
            if (slope > 9 * std::max(0.01 * 0.01, 16 * blur * blur))
                shifts.push_back(std::sqrt(change / slope));
        }
    }
    if (shifts.size() < enough) return std::nullopt;
    const auto place =
        shifts.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(shifts.size()));
    std::nth_element(shifts.begin(), place, shifts.end());
    return *place;
}

/// The noise of the contrast of each cell of `part`.
std::vector<float> contrast_noise(const Frame& frame, const Box& part) {
    const Grid& grid = frame.facts.grid;
    std::vector<float> noise;
    for (int y = part.y0; y < part.y1; ++y) {
        for (int x = part.x0; x < part.x1; ++x) {
            const int block_x = floor_divide(x + grid.cells.x0, 2) - grid.blocks.x0;
            const int block_y = floor_divide(y + grid.cells.y0, 2) - grid.blocks.y0;
            const auto block = static_cast<std::size_t>(block_y * grid.blocks.width() + block_x);
            const double level = std::max(0.01, luma_at(frame, x, y));
            noise.push_back(static_cast<float>(sigma_in(frame, block, 1) / grid.cell_px / level));
        }
    }
    return noise;
}

/// A coordinate of the picture in cells from the grid's first one.
std::pair<int, int> cell_of(const Grid& grid, int x, int y) {
    return {std::clamp(floor_divide(x, grid.cell_px) - grid.cells.x0, 0, grid.cells.width() - 1),
            std::clamp(floor_divide(y, grid.cell_px) - grid.cells.y0, 0, grid.cells.height() - 1)};
}

}  // namespace

std::optional<std::size_t> block_in(const Frame& frame, int x, int y) {
    const Box& window = frame.facts.window;
    const Grid& grid = frame.facts.grid;
    if (x < window.x0 || x >= window.x1 || y < window.y0 || y >= window.y1) return std::nullopt;
    return static_cast<std::size_t>(floor_divide(y, grid.block_px()) - grid.blocks.y0) *
               static_cast<std::size_t>(grid.blocks.width()) +
           static_cast<std::size_t>(floor_divide(x, grid.block_px()) - grid.blocks.x0);
}

double sigma_in(const Frame& frame, std::size_t block, std::size_t channel) {
    return static_cast<double>(sigma_from_grid(frame.facts.grid.sigma[channel][block]));
}

void number_scenes(std::vector<Frame>& frames) {
    const Grid& grid = frames.front().facts.grid;
    const Box cells{0, 0, grid.cells.width(), grid.cells.height()};
    const int across = (cells.x1 + kTileCells - 1) / kTileCells;
    const int down = (cells.y1 + kTileCells - 1) / kTileCells;
    const double moved = kMovedPx / grid.cell_px;
    std::vector<Contrast> contrasts;  // of the frames that are a reference of some tile
    std::vector<std::size_t> reference(static_cast<std::size_t>(across * down), 0);
    std::vector<int> scene(reference.size(), 0);
    std::size_t whole_reference = 0;
    int whole_scene = 0;
    for (std::size_t index = 0; index < frames.size(); ++index) {
        Frame& frame = frames[index];
        fill_density(frame);
        frame.scenes = scene;
        frame.whole_scene = whole_scene;
        contrasts.push_back(contrast_of(frame, cells));
        const Contrast& now = contrasts.back();
        if (index == 0 || frame.facts.grid.cells != grid.cells) continue;
        const std::vector<float> noise = contrast_noise(frame, cells);
        const std::size_t many = std::max<std::size_t>(16, now.value.size() / 400);
        const auto whole = shift_between(contrasts[whole_reference], now, noise, cells, 0.5, many);
        const bool whole_moved = whole && *whole > moved;
        if (whole_moved) {
            whole_reference = index;
            ++whole_scene;
        }
        frame.whole_scene = whole_scene;
        for (int y = 0; y < down; ++y) {
            for (int x = 0; x < across; ++x) {
                const auto tile = static_cast<std::size_t>(y * across + x);
                const Box part = intersection(cells, {(x - 1) * kTileCells, (y - 1) * kTileCells,
                                                      (x + 2) * kTileCells, (y + 2) * kTileCells});
                const auto shift = shift_between(contrasts[reference[tile]], now, noise, part, 0.25, 8);
                if (shift ? *shift > moved : whole_moved) {
                    reference[tile] = index;
                    ++scene[tile];
                }
            }
        }
        frame.scenes = scene;
        // Frames that no tile refers to any more need not be kept.
        std::set<std::size_t> used(reference.begin(), reference.end());
        used.insert(whole_reference);
        for (std::size_t old = 0; old <= index; ++old) {
            if (!used.contains(old) && !contrasts[old].value.empty()) contrasts[old] = Contrast{};
        }
    }
}

std::size_t tile_of(const std::vector<Frame>& frames, int x, int y) {
    const Grid& grid = frames.front().facts.grid;
    const int across = (grid.cells.width() + kTileCells - 1) / kTileCells;
    const auto [column, row] = cell_of(grid, x, y);
    return static_cast<std::size_t>(row / kTileCells * across + column / kTileCells);
}

int surroundings_of(const std::vector<Frame>& frames, int x, int y, std::span<const Ring> seen) {
    struct Surrounding {
        Contrast contrast;
        double ring = 0;
        int whole_scene = 0;
    };
    const Grid& grid = frames.front().facts.grid;
    const double moved = kMovedPx / grid.cell_px;
    const auto [column, row] = cell_of(grid, x, y);
    const int left = std::max(0, std::min(column - 1, grid.cells.width() - 3));
    const int top = std::max(0, std::min(row - 1, grid.cells.height() - 3));
    const Box part{left, top, std::min(left + 3, grid.cells.width()), std::min(top + 3, grid.cells.height())};
    const Box asked{0, 0, part.width(), part.height()};
    std::vector<Surrounding> known;
    for (const Ring& ring : seen) {
        const Frame& frame = frames[ring.frame];
        if (frame.facts.grid.cells != grid.cells) continue;
        Surrounding now{contrast_of(frame, part), ring.level, frame.whole_scene};
        const std::vector<float> noise = contrast_noise(frame, part);
        const double unlike = std::max(kUnlikeSigmas * ring.sigma, kUnlikeShare * std::fabs(ring.level));
        const bool differs = std::all_of(known.begin(), known.end(), [&](const Surrounding& before) {
            const bool camera_moved = now.whole_scene != before.whole_scene;
            const auto shift = shift_between(before.contrast, now.contrast, noise, asked, 0, 1);
            if (camera_moved) return !shift || *shift > moved;
            return shift && *shift > moved && std::fabs(now.ring - before.ring) > unlike;
        });
        if (differs) known.push_back(std::move(now));
    }
    return static_cast<int>(known.size());
}

}  // namespace wetgate::passes::pixel_defects

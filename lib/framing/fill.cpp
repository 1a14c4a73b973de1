#include "framing/fill.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>

#include "framing/fill_match.h"
#include "framing/fill_smooth.h"

// Note [How edges are filled]
// The pictures lie on each other like prints on a table: the own one on top, the neighbours under it, the
// nearest in time highest. Each fades out over `seam_px` towards its edge, so that what is under it comes
// through there, and what the last one leaves of a place's weight is made up for by those that are there. Of
// the own picture only the sides fade beyond which the canvas has something to fill.

namespace wetgate::framing {
namespace {

constexpr double seam_px = 8;
constexpr float least_weight = 1e-3F;  // below it what is divided by it is noise
constexpr int tile_px = 64;
constexpr int taps_px = 34;  // what resampling reads around a place, at its most
using Value = std::array<float, 4>;

/// How far inside a picture over `window` a place lies; negative outside, NaN for no place.
double depth_px(Point place, const Box& window, const Sides& sides) {
    double least = INFINITY;
    if (std::isnan(place.x) || std::isnan(place.y)) return NAN;
    if (sides.left) least = std::min(least, place.x - (window.x0 - 0.5));
    if (sides.right) least = std::min(least, window.x1 - 0.5 - place.x);
    if (sides.top) least = std::min(least, place.y - (window.y0 - 0.5));
    if (sides.bottom) least = std::min(least, window.y1 - 0.5 - place.y);
    return least;
}

constexpr Sides all_sides{true, true, true, true};

/// 0 at an edge and beyond it, 1 from `seam_px` inside on.
float weight_at(double depth) {
    if (!(depth > 0)) return 0;
    const double t = std::min(1.0, depth / seam_px);
    return static_cast<float>(t * t * (3 - 2 * t));
}

/// The sides of the own picture beyond which the canvas shows something.
Sides open_sides(const Box& window, const Warp& to_own, const Box& own) {
    Sides open;
    for (int y = window.y0; y < window.y1; ++y) {
        for (int x = window.x0; x < window.x1; ++x) {
            const Point place = to_own.at(x, y);
            open.left = open.left || place.x < own.x0 - 0.5;
            open.right = open.right || place.x > own.x1 - 0.5;
            open.top = open.top || place.y < own.y0 - 0.5;
            open.bottom = open.bottom || place.y > own.y1 - 0.5;
        }
    }
    return open;
}

void grow(Box& box, const Box& by) {
    if (box.empty()) box = by;
    box = {std::min(box.x0, by.x0), std::min(box.y0, by.y0), std::max(box.x1, by.x1),
           std::max(box.y1, by.y1)};
}

class Filler {
public:
    Filler(MovablePicture& made, const MovablePicture& own, const Warp& to_own,
           std::span<const FillNeighbour> neighbours)
        : made_(made), own_(own), to_own_(to_own), neighbours_(neighbours), seen_(neighbours.size()) {}

    FillCount fill() {
        const Box& window = made_.rgb.window;
        open_ = open_sides(window, to_own_, own_.rgb.window);
        unseen_.assign(window.area(), 0);
        for (int y = window.y0; y < window.y1; y += tile_px)
            for (int x = window.x0; x < window.x1; x += tile_px)
                fill_tile(intersection({x, y, x + tile_px, y + tile_px}, window));
        for (std::size_t i = 0; i < seen_.size(); ++i)
            if (seen_[i] && seen_[i]->is_used) count_.from.push_back(neighbours_[i].frame);
        std::sort(count_.from.begin(), count_.from.end());
        if (count_.synthesised > 0) continue_smoothly(made_, unseen_);
        return count_;
    }

private:
    /// A neighbour that was looked at.
    struct Seen {
        MovablePicture picture;
        std::optional<FillMatch> match;
        bool is_used = false;
    };
    /// A place of the canvas that the own picture does not show alone.
    struct Gap {
        std::size_t index;  // into the canvas
        int x, y;
        Point place;  // in the own picture
        float left;   // of its weight
        Value sum{0, 0, 0, 0};
        bool is_covered;  // by the own picture
        bool is_filled = false;
    };

    Value value_at(const MovablePicture& picture, std::size_t index) const {
        Value value{0, 0, 0, 1};
        for (int c = 0; c < 3; ++c) value[static_cast<std::size_t>(c)] = picture.rgb.channel(c)[index];
        if (picture.alpha) value[3] = (*picture.alpha)[index];
        return value;
    }

    std::vector<Gap> gaps_of(const Box& tile) const {
        std::vector<Gap> gaps;
        const Box& window = made_.rgb.window;
        for (int y = tile.y0; y < tile.y1; ++y) {
            for (int x = tile.x0; x < tile.x1; ++x) {
                const Point place = to_own_.at(x, y);
                const double depth = depth_px(place, own_.rgb.window, open_);
                if (depth >= seam_px) continue;
                Gap gap{static_cast<std::size_t>(y - window.y0) * static_cast<std::size_t>(window.width()) +
                            static_cast<std::size_t>(x - window.x0),
                        x,
                        y,
                        place,
                        1,
                        {},
                        depth >= 0};
                if (gap.is_covered) {
                    const Value own = value_at(made_, gap.index);
                    // What is broken stays so: a mean would hide it.
                    if (!std::all_of(own.begin(), own.end(), [](float v) { return std::isfinite(v); }))
                        continue;
                    const float weight = weight_at(depth);
                    for (std::size_t c = 0; c < 4; ++c) gap.sum[c] = weight * own[c];
                    gap.left -= weight;
                }
                gaps.push_back(gap);
            }
        }
        return gaps;
    }

    /// Neighbour i as it came, where it is asked for the first time.
    Seen& seen(std::size_t i) {
        if (!seen_[i]) seen_[i].emplace(Seen{neighbours_[i].picture(), std::nullopt});
        return *seen_[i];
    }

    /// The gaps that a neighbour shows, and how much of them.
    std::vector<std::pair<Gap*, float>> shown_by(const motion::Homography& to_it, const Box& window,
                                                 std::vector<Gap>& gaps) const {
        std::vector<std::pair<Gap*, float>> shown;
        for (Gap& gap : gaps) {
            if (gap.left < least_weight) continue;
            const auto [u, v] = to_it.at(gap.place.x, gap.place.y);
            const float weight = weight_at(depth_px({u, v}, window, all_sides));
            if (weight >= least_weight) shown.emplace_back(&gap, weight);
        }
        return shown;
    }

    /// Lays neighbour i under what is there already.
    void lay_under(std::vector<Gap>& gaps, std::size_t i) {
        Seen& neighbour = seen(i);
        const Box& window = neighbour.picture.rgb.window;
        if (window.empty()) return;
        if (!neighbour.match) {
            if (shown_by(neighbours_[i].to_it, window, gaps).empty()) return;
            neighbour.match = matched(own_, neighbour.picture, neighbours_[i].to_it, open_);
        }
        const FillMatch& match = *neighbour.match;
        const motion::Homography to_it =
            neighbours_[i].to_it.then({{1, 0, match.dx, 0, 1, match.dy, 0, 0, 1}});
        const auto shown = shown_by(to_it, window, gaps);
        Box places, pixels;
        for (const auto& [gap, weight] : shown) {
            const auto [u, v] = to_it.at(gap->place.x, gap->place.y);
            const int column = static_cast<int>(std::lround(u)), row = static_cast<int>(std::lround(v));
            grow(places, {column - taps_px, row - taps_px, column + taps_px + 1, row + taps_px + 1});
            grow(pixels, {gap->x, gap->y, gap->x + 1, gap->y + 1});
        }
        if (shown.empty()) return;
        Warp there = to_own_;
        there.then(to_it);
        // Only the part that is seen is coded to be mixed.
        const MovablePicture part = moved(neighbour.picture, {}, intersection(window, places));
        const MovablePicture patch = moved(part, there, pixels);
        for (const auto& [gap, weight] : shown) {
            const auto at =
                static_cast<std::size_t>(gap->y - pixels.y0) * static_cast<std::size_t>(pixels.width()) +
                static_cast<std::size_t>(gap->x - pixels.x0);
            Value value = value_at(patch, at);
            for (std::size_t c = 0; c < 3; ++c) value[c] *= match.gain[c];
            if (!std::all_of(value.begin(), value.end(), [](float v) { return std::isfinite(v); })) continue;
            const float share = gap->left * weight;
            for (std::size_t c = 0; c < 4; ++c) gap->sum[c] += share * value[c];
            gap->left -= share;
            gap->is_filled = neighbour.is_used = true;
        }
    }

    void fill_tile(const Box& tile) {
        std::vector<Gap> gaps = gaps_of(tile);
        const auto is_open = [](const Gap& gap) { return gap.left >= least_weight; };
        for (std::size_t i = 0; i < neighbours_.size() && std::any_of(gaps.begin(), gaps.end(), is_open); ++i)
            lay_under(gaps, i);
        for (const Gap& gap : gaps) {
            if (!gap.is_covered) ++(gap.is_filled ? count_.copied : count_.synthesised);
            if (!gap.is_covered && !gap.is_filled) unseen_[gap.index] = 1;
            if (!gap.is_filled) continue;
            for (std::size_t c = 0; c < 3; ++c)
                made_.rgb.channel(static_cast<int>(c))[gap.index] = gap.sum[c] / (1 - gap.left);
            if (made_.alpha) (*made_.alpha)[gap.index] = gap.sum[3] / (1 - gap.left);
        }
    }

    MovablePicture& made_;
    const MovablePicture& own_;
    const Warp& to_own_;
    std::span<const FillNeighbour> neighbours_;
    std::vector<std::optional<Seen>> seen_;
    Sides open_;
    std::vector<std::uint8_t> unseen_;
    FillCount count_;
};

}  // namespace

FillCount fill_uncovered(MovablePicture& made, const MovablePicture& own, const Warp& to_own,
                         std::span<const FillNeighbour> neighbours) {
    return Filler(made, own, to_own, neighbours).fill();
}

}  // namespace wetgate::framing

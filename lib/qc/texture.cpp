#include "qc/texture.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace wetgate::qc {
namespace {

constexpr int block_px = 32;
constexpr int ring_px = 16;
constexpr std::int64_t least_for_grain = 256;  // pixels
constexpr float most_luma = 4.0F;

/// [1 -2 1; -2 4 -2; 1 -2 1] at x, of three rows: blind to planes and edges along the axes (Immerkaer 1996).
float ripple(const float* above, const float* row, const float* below, int x) {
    return above[x - 1] - 2 * above[x] + above[x + 1] - 2 * row[x - 1] + 4 * row[x] - 2 * row[x + 1] +
           below[x - 1] - 2 * below[x] + below[x + 1];
}

double deviation_from_ripple(double mean_abs) {
    return std::sqrt(std::acos(-1.0) / 2) / 6 * mean_abs;
}

/// Mean ripple of the plainest quarter of the blocks.
double plain_noise(const FloatPlane& luma) {
    std::vector<float> blocks;
    for (int y0 = 1; y0 + block_px < luma.height; y0 += block_px) {
        for (int x0 = 1; x0 + block_px < luma.width; x0 += block_px) {
            float sum = 0;
            for (int y = y0; y < y0 + block_px; y += 2) {  // every other row tells as much
                const float *above = luma.row(y - 1), *row = luma.row(y), *below = luma.row(y + 1);
                for (int x = x0; x < x0 + block_px; ++x) sum += std::abs(ripple(above, row, below, x));
            }
            blocks.push_back(sum / (block_px * block_px / 2));
        }
    }
    if (blocks.empty()) return 0;
    const auto at = blocks.begin() + static_cast<std::ptrdiff_t>(blocks.size() / 4);
    std::nth_element(blocks.begin(), at, blocks.end());
    return deviation_from_ripple(static_cast<double>(*at));
}

struct Steps {
    double gradient = 0, detail = 0, blocking = 1;
};

Steps steps_of(const FloatPlane& luma) {
    const int width = luma.width, height = luma.height;
    if (width < 16 || height < 16) return {};
    std::array<double, 8> across{}, down{};  // by phase of an 8-pixel grid
    std::vector<float> columns(static_cast<std::size_t>(width));
    double detail = 0;
    for (int y = 1; y + 1 < height; ++y) {
        const float *above = luma.row(y - 1), *row = luma.row(y), *below = luma.row(y + 1);
        float vertical = 0, second = 0;
        for (int x = 1; x + 1 < width; ++x) {
            columns[static_cast<std::size_t>(x)] += std::abs(row[x] - row[x - 1]);
            vertical += std::abs(row[x] - above[x]);
            second += std::abs(4 * row[x] - row[x - 1] - row[x + 1] - above[x] - below[x]);
        }
        down[static_cast<std::size_t>(y % 8)] += static_cast<double>(vertical);
        detail += static_cast<double>(second);
    }
    for (int x = 1; x + 1 < width; ++x)
        across[static_cast<std::size_t>(x % 8)] += static_cast<double>(columns[static_cast<std::size_t>(x)]);
    const double inner = static_cast<double>(width - 2) * (height - 2);
    double sum = 0;
    for (std::size_t i = 0; i < 8; ++i) sum += across[i] + down[i];
    const auto over_others = [](const std::array<double, 8>& phases) {
        double all = 0;
        for (const double phase : phases) all += phase;
        const double most = *std::max_element(phases.begin(), phases.end());
        return all - most > 0 ? 7 * most / (all - most) : 1.0;
    };
    return {sum / (2 * inner), detail / (4 * inner), (over_others(across) + over_others(down)) / 2};
}

/// 1 where a touched pixel lies within ring_px: two running greatest values, along rows and then columns.
std::vector<std::uint8_t> grown(const std::vector<float>& touch, int width, int height) {
    std::vector<std::uint8_t> rows(touch.size()), all(touch.size());
    const auto spread = [](auto&& is_set, auto&& set, int length) {
        int last = -ring_px - 1;
        for (int i = 0; i < length; ++i) {
            if (is_set(i)) last = i;
            if (i - last <= ring_px) set(i);
        }
        last = length + ring_px + 1;
        for (int i = length - 1; i >= 0; --i) {
            if (is_set(i)) last = i;
            if (last - i <= ring_px) set(i);
        }
    };
    for (int y = 0; y < height; ++y) {
        const std::size_t at = static_cast<std::size_t>(y) * static_cast<std::size_t>(width);
        spread([&](int x) { return touch[at + static_cast<std::size_t>(x)] > 0; },
               [&](int x) { rows[at + static_cast<std::size_t>(x)] = 1; }, width);
    }
    for (int x = 0; x < width; ++x) {
        const auto place = [&](int y) {
            return static_cast<std::size_t>(y) * static_cast<std::size_t>(width) +
                   static_cast<std::size_t>(x);
        };
        spread([&](int y) { return rows[place(y)] != 0; }, [&](int y) { all[place(y)] = 1; }, height);
    }
    return all;
}

/// Grain in the touched part and in the ring around it. Medians of small tiles: an edge in some does not
/// count.
void add_grain(const FloatPlane& luma, const std::vector<float>& touch, TextureFacts& facts) {
    const std::vector<std::uint8_t> near = grown(touch, luma.width, luma.height);
    std::vector<float> inside, around;
    for (int y = 1; y + 1 < luma.height; ++y) {
        const float *above = luma.row(y - 1), *row = luma.row(y), *below = luma.row(y + 1);
        const std::size_t at = static_cast<std::size_t>(y) * static_cast<std::size_t>(luma.width);
        for (int x = 1; x + 1 < luma.width; ++x) {
            const std::size_t i = at + static_cast<std::size_t>(x);
            if (near[i] == 0) continue;
            (touch[i] > 0 ? inside : around).push_back(std::abs(ripple(above, row, below, x)));
        }
    }
    const auto deviation = [](std::vector<float>& values) {
        const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
        std::nth_element(values.begin(), middle, values.end());
        return static_cast<double>(*middle) / 0.6745 / 6;  // of a normal variable's absolute value
    };
    if (static_cast<std::int64_t>(std::min(inside.size(), around.size())) < least_for_grain) return;
    facts.grain_inside = deviation(inside);
    facts.grain_around = deviation(around);
}

/// Half as large, by means of 2x2.
FloatPlane halved(const FloatPlane& luma) {
    FloatPlane small(luma.width / 2, luma.height / 2);
    for (int y = 0; y < small.height; ++y) {
        const float *above = luma.row(2 * y), *below = luma.row(2 * y + 1);
        float* made = small.row(y);
        for (int x = 0; x < small.width; ++x)
            made[x] = 0.25F * (above[2 * x] + above[2 * x + 1] + below[2 * x] + below[2 * x + 1]);
    }
    return small;
}

/// The square ring `reach` pixels around (x, y).
template <class Visit>
void around(const FloatPlane& luma, int x, int y, int reach, Visit visit) {
    for (int i = -reach; i < reach; ++i) {
        visit(luma.row(y - reach)[x + i]);
        visit(luma.row(y + i)[x + reach]);
        visit(luma.row(y + reach)[x - i]);
        visit(luma.row(y - i)[x - reach]);
    }
}

/// Whether sign * (the pixel - each of the ring) is `least` or more; most pixels end it at the first few.
bool is_above_all(const FloatPlane& luma, int x, int y, int reach, float sign, float least) {
    const float value = luma.row(y)[x];
    const float *above = luma.row(y - reach) + x, *below = luma.row(y + reach) + x;
    for (int i = -reach; i <= reach; ++i) {
        if (sign * (value - above[i]) < least || sign * (value - below[i]) < least) return false;
        const float* row = luma.row(y + i) + x;
        if (sign * (value - row[-reach]) < least || sign * (value - row[reach]) < least) return false;
    }
    return true;
}

void find_spots(const FloatPlane& luma, int size, float least_step, std::vector<Spot>& spots) {
    // At full size a fault is a pixel or two; a coarser pixel may hold a part of one, so its ring is further
    // out.
    const int reach = size == 1 ? 2 : 3;
    const int end = luma.width - reach;
    std::vector<std::uint8_t> stands_out(static_cast<std::size_t>(luma.width));
    for (int y = reach; y + reach < luma.height; ++y) {
        const float *above = luma.row(y - reach), *row = luma.row(y), *below = luma.row(y + reach);
        // Nearly no pixel gets past this, and a loop without a branch is made into vector code.
        for (int x = reach; x < end; ++x) {
            const float high =
                std::max(std::max(row[x - reach], row[x + reach]), std::max(above[x], below[x]));
            const float low =
                std::min(std::min(row[x - reach], row[x + reach]), std::min(above[x], below[x]));
            stands_out[static_cast<std::size_t>(x)] =
                static_cast<std::uint8_t>((row[x] - high >= least_step) | (low - row[x] >= least_step));
        }
        for (auto at = std::find(stands_out.begin(), stands_out.end(), 1); at != stands_out.end();
             at = std::find(at + 1, stands_out.end(), 1)) {
            const int x = static_cast<int>(at - stands_out.begin());
            const float value = row[x];
            const float sign = value > row[x - reach] ? 1.0F : -1.0F;
            // Nothing next to it stands out more, and all of the ring less by a step.
            if (!is_above_all(luma, x, y, 1, sign, 0.0F) ||
                !is_above_all(luma, x, y, reach, sign, least_step))
                continue;
            if (y > reach && x > reach && y + reach + 1 < luma.height && x + reach + 1 < luma.width &&
                !is_above_all(luma, x, y, reach + 1, sign, least_step))
                continue;
            double sum = 0, squares = 0;
            int count = 0;
            for (int r = reach; r <= reach + 1; ++r) {
                if (y < r || x < r || y + r >= luma.height || x + r >= luma.width) continue;
                around(luma, x, y, r, [&](float other) {
                    sum += static_cast<double>(other);
                    squares += static_cast<double>(other) * static_cast<double>(other);
                    ++count;
                });
            }
            const double mean = sum / count;
            const double deviation = std::sqrt(std::max(0.0, squares / count - mean * mean));
            const double step = static_cast<double>(value) - mean;
            if (std::abs(step) < 6 * deviation) continue;
            spots.push_back({x * size + size / 2, y * size + size / 2, size, step});
        }
    }
}

}  // namespace

FloatPlane eye_luma(const FloatImage& coded, bool is_light) {
    FloatPlane luma(coded.window.width(), coded.window.height());
    const float *r = coded.channel(0), *g = coded.channel(1), *b = coded.channel(2);
    const std::size_t count = coded.window.area();
    for (std::size_t i = 0; i < count; ++i) {
        const float value = 0.25F * r[i] + 0.5F * g[i] + 0.25F * b[i];
        const float bounded = value > 0 ? std::min(value, most_luma * most_luma) : 0.0F;  // NaN: 0
        luma.samples[i] = bounded;
    }
    if (is_light) {
        for (float& value : luma.samples) value = std::sqrt(value);
    }
    return luma;
}

TextureFacts texture_facts(const FloatPlane& luma, const std::vector<float>* touch) {
    TextureFacts facts;
    const Steps steps = steps_of(luma);
    facts.gradient = steps.gradient;
    facts.detail = steps.detail;
    facts.blocking = steps.blocking;
    facts.noise = plain_noise(luma);
    if (touch != nullptr) add_grain(luma, *touch, facts);
    return facts;
}

std::vector<Spot> spots_of(const FloatPlane& luma, double least_step) {
    std::vector<Spot> spots;
    FloatPlane level = luma;
    for (int size = 1; size <= 8; size *= 2) {
        if (size > 1) level = halved(level);
        find_spots(level, size, static_cast<float>(least_step), spots);
    }
    std::stable_sort(spots.begin(), spots.end(),
                     [](const Spot& a, const Spot& b) { return std::abs(a.step) > std::abs(b.step); });
    // A fault seen at two sizes is one.
    std::vector<Spot> kept;
    for (const Spot& spot : spots) {
        if (kept.size() == most_spots) break;
        const bool is_known = std::any_of(kept.begin(), kept.end(), [&](const Spot& other) {
            const int near = 2 * std::max(spot.size, other.size);
            return std::abs(spot.x - other.x) <= near && std::abs(spot.y - other.y) <= near;
        });
        if (!is_known) kept.push_back(spot);
    }
    return kept;
}

BorderFacts border_facts(const FloatPlane& luma) {
    constexpr float black = 0.02F, lit = 0.06F;
    const auto row_is_black = [&](int y) {
        return std::all_of(luma.row(y), luma.row(y) + luma.width, [](float value) { return value <= black; });
    };
    const auto column_is_black = [&](int x) {
        for (int y = 0; y < luma.height; ++y)
            if (luma.row(y)[x] > black) return false;
        return true;
    };
    const auto lines = [](int length, auto is_black, bool from_end) {
        int count = 0;
        while (count < length && is_black(from_end ? length - 1 - count : count)) ++count;
        return count;
    };
    BorderFacts border = {lines(luma.height, row_is_black, false), 0, 0, 0};
    if (luma.height == 0 || border[0] == luma.height) return {};  // all black
    border[1] = lines(luma.width, column_is_black, true);
    border[2] = lines(luma.height, row_is_black, true);
    border[3] = lines(luma.width, column_is_black, false);
    // A dark scene fades into its edge; a line of the carrier ends at one.
    const auto lit_share = [&](int count, auto value_at, int length) {
        int lit_samples = 0;
        for (int i = 0; i < length; ++i) lit_samples += value_at(count, i) > lit ? 1 : 0;
        return length > 0 ? static_cast<double>(lit_samples) / length : 0.0;
    };
    const auto on_row = [&](int y, int x) { return luma.row(y)[x]; };
    const auto on_column = [&](int x, int y) { return luma.row(y)[x]; };
    constexpr double least_lit = 0.5;
    if (lit_share(border[0], on_row, luma.width) < least_lit) border[0] = 0;
    if (lit_share(luma.width - 1 - border[1], on_column, luma.height) < least_lit) border[1] = 0;
    if (lit_share(luma.height - 1 - border[2], on_row, luma.width) < least_lit) border[2] = 0;
    if (lit_share(border[3], on_column, luma.height) < least_lit) border[3] = 0;
    return border;
}

}  // namespace wetgate::qc

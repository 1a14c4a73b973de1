#include "qc/light.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

namespace wetgate::qc {
namespace {

constexpr std::array<float, 3> luma = {0.2126F, 0.7152F, 0.0722F};  // ITU-R BT.709
constexpr double floor_stops = -10;
constexpr float dark_light = 0.00398107F;  // 0.1 ^ 2.4: a tenth of the coded range (BT.1886)
constexpr float gamut_slack = -0.001F;

double stops(float light) {
    return std::max(floor_stops, std::log2(std::max(1e-9, static_cast<double>(light))));
}

/// The value that `share` of the others lie below.
float percentile(std::vector<float>& values, double share) {
    const auto at =
        values.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), at, values.end());
    return *at;
}

/// [first, end) of cell `i` of `cells` along `length` pixels.
std::pair<int, int> cell(int i, int cells, int length) {
    return {i * length / cells, (i + 1) * length / cells};
}

Grid grid_of(const FloatImage& light) {
    const int width = light.window.width(), height = light.window.height();
    Grid grid;
    grid.columns = std::min(Grid::most_columns, width);
    grid.rows = std::min(Grid::most_rows, height);
    for (int row = 0; row < grid.rows; ++row) {
        const auto [y0, y1] = cell(row, grid.rows, height);
        for (int column = 0; column < grid.columns; ++column) {
            const auto [x0, x1] = cell(column, grid.columns, width);
            std::array<double, 3> sum{};
            for (int c = 0; c < 3; ++c) {
                for (int y = y0; y < y1; ++y) {
                    const float* line =
                        light.channel(c) + static_cast<std::size_t>(y) * static_cast<std::size_t>(width);
                    for (int x = x0; x < x1; ++x)
                        sum[static_cast<std::size_t>(c)] +=
                            static_cast<double>(std::clamp(line[x], 0.0F, 1.0F));
                }
            }
            const double count = static_cast<double>(x1 - x0) * (y1 - y0);
            const double r = sum[0] / count, g = sum[1] / count, b = sum[2] / count;
            grid.luminance.push_back(static_cast<float>(0.2126 * r + 0.7152 * g + 0.0722 * b));
            grid.red.push_back(static_cast<float>(std::max(0.0, r - g - b)));
            grid.is_red.push_back(r + g + b > 1e-6 && r >= 0.8 * (r + g + b) ? 1 : 0);
        }
    }
    return grid;
}

// Note [Stripes]
// A run of stripes is a line along which luminance crosses from light to dark and back at an even pace: each
// stripe at most twice as wide as the last, light ones at 0.25 of white or more and a fifth of white above
// the dark ones. Five pairs or more count (ITU-R BT.1702-3, annex 1, which speaks of more than five), with
// the pixels that they cover.
constexpr int least_stripes = 10;
constexpr float least_light_stripe = 0.25F, least_stripe_step = 0.2F;

class StripeRun {
public:
    /// The turning points of luminance along a line, alternately light and dark, and where they lie.
    void turn(float value, int at) {
        const bool is_step = has_last_ && std::abs(value - last_) >= least_stripe_step &&
                             std::max(value, last_) >= least_light_stripe;
        const int width = at - last_at_;
        const bool is_even = count_ == 0 || (width <= 2 * width_ && width_ <= 2 * width);
        if (is_step && is_even) {
            if (count_++ == 0) begin_ = last_at_;
            width_ = width;
            end_ = at;
        } else {
            close();
            count_ = is_step ? 1 : 0;
            begin_ = last_at_;
            width_ = width;
            end_ = at;
        }
        has_last_ = true;
        last_ = value;
        last_at_ = at;
    }
    int covered() {
        close();
        return covered_;
    }

private:
    void close() {
        if (count_ >= least_stripes) covered_ += end_ - begin_;
        count_ = 0;
    }
    bool has_last_ = false;
    float last_ = 0;
    int last_at_ = 0, count_ = 0, begin_ = 0, end_ = 0, width_ = 0, covered_ = 0;
};

int striped(const float* first, std::ptrdiff_t step, int length) {
    StripeRun run;
    float low = first[0], high = first[0];
    int low_at = 0, high_at = 0;
    bool rising = true;
    for (int i = 0; i < length; ++i) {
        const float value = first[i * step];
        if (value < low) low = value, low_at = i;
        if (value > high) high = value, high_at = i;
        if (rising && value <= high - least_stripe_step) {
            run.turn(high, high_at);
            rising = false;
            low = value, low_at = i;
        } else if (!rising && value >= low + least_stripe_step) {
            run.turn(low, low_at);
            rising = true;
            high = value, high_at = i;
        }
    }
    return run.covered();
}

double stripes_of(const std::vector<float>& luminance, int width, int height) {
    std::int64_t across = 0, down = 0;
    for (int y = 0; y < height; ++y)
        across += striped(luminance.data() + static_cast<std::ptrdiff_t>(y) * width, 1, width);
    for (int x = 0; x < width; ++x) down += striped(luminance.data() + x, width, height);
    return static_cast<double>(std::max(across, down)) / (static_cast<double>(width) * height);
}

}  // namespace

FloatImage reduced(const FloatImage& picture, int most_width) {
    const int width = picture.window.width(), height = picture.window.height();
    const int block = std::max(1, (width + most_width - 1) / most_width);
    const int columns = width / block, rows = std::max(height >= 1 ? 1 : 0, height / block);
    FloatImage small = make_float_image({0, 0, columns, rows});
    std::vector<float> sums(static_cast<std::size_t>(columns));
    for (int c = 0; c < 3; ++c) {
        for (int row = 0; row < rows; ++row) {
            std::fill(sums.begin(), sums.end(), 0.0F);
            const int y1 = std::min(height, (row + 1) * block);
            for (int y = row * block; y < y1; ++y) {
                const float* line =
                    picture.channel(c) + static_cast<std::size_t>(y) * static_cast<std::size_t>(width);
                for (int column = 0; column < columns; ++column) {
                    float sum = 0;
                    for (int x = column * block; x < (column + 1) * block; ++x)
                        sum += std::abs(line[x]) <= std::numeric_limits<float>::max() ? line[x] : 0.0F;
                    sums[static_cast<std::size_t>(column)] += sum;
                }
            }
            const float scale = 1.0F / static_cast<float>(block * (y1 - row * block));
            float* made =
                small.channel(c) + static_cast<std::size_t>(row) * static_cast<std::size_t>(columns);
            for (int column = 0; column < columns; ++column)
                made[column] = sums[static_cast<std::size_t>(column)] * scale;
        }
    }
    return small;
}

LightFacts light_facts(const FloatImage& light) {
    LightFacts facts;
    const std::size_t count = light.window.area();
    if (count == 0) return facts;
    std::vector<float> luminance(count), shown(count);
    std::int64_t dark = 0, outside = 0;
    double sum = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const float r = light.channel(0)[i], g = light.channel(1)[i], b = light.channel(2)[i];
        luminance[i] = luma[0] * r + luma[1] * g + luma[2] * b;
        shown[i] = std::clamp(luminance[i], 0.0F, 1.0F);
        dark += shown[i] <= dark_light ? 1 : 0;
        outside += std::min({r, g, b}) < gamut_slack ? 1 : 0;
        sum += stops(luminance[i]);
    }
    const auto share = [count](std::int64_t part) {
        return static_cast<double>(part) / static_cast<double>(count);
    };
    facts.mean_stops = sum / static_cast<double>(count);
    facts.dark = share(dark);
    facts.out_of_gamut = share(outside);
    facts.stripes = stripes_of(shown, light.window.width(), light.window.height());
    facts.grid = grid_of(light);
    facts.p1 = stops(percentile(luminance, 0.01));
    facts.p50 = stops(percentile(luminance, 0.5));
    facts.p99 = stops(percentile(luminance, 0.99));
    for (int c = 0; c < 3; ++c) {
        std::vector<float> channel(light.channel(c), light.channel(c) + count);
        facts.median_stops[static_cast<std::size_t>(c)] = stops(percentile(channel, 0.5));
    }
    return facts;
}

std::vector<std::uint8_t> touched_cells(const std::vector<float>& touch, int width, int height,
                                        const Grid& grid) {
    std::vector<std::uint8_t> cells;
    for (int row = 0; row < grid.rows; ++row) {
        const auto [y0, y1] = cell(row, grid.rows, height);
        for (int column = 0; column < grid.columns; ++column) {
            const auto [x0, x1] = cell(column, grid.columns, width);
            std::int64_t count = 0;
            for (int y = y0; y < y1; ++y) {
                const float* line =
                    touch.data() + static_cast<std::size_t>(y) * static_cast<std::size_t>(width);
                count += std::count_if(line + x0, line + x1, [](float value) { return value > 0; });
            }
            const std::int64_t area = static_cast<std::int64_t>(x1 - x0) * (y1 - y0);
            cells.push_back(
                static_cast<std::uint8_t>((255 * count + area / 2) / std::max<std::int64_t>(1, area)));
        }
    }
    return cells;
}

}  // namespace wetgate::qc

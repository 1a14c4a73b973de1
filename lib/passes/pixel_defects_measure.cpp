#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "passes/pixel_defects.h"

// Note [The score of a pixel]
// A pixel is compared with the mean of the two neighbours across it, in four directions (h, v and both
// diagonals). Its score is the smallest of the four differences where all four have one sign, else 0: an
// edge, a line or a ramp has one direction in which nothing differs, a lone photosite has none. A median of
// eight keeps corners and thin lines, which in real footage outnumber defects by thousands. The same smallest
// difference, sign apart, measures the noise: its mean over white noise of sigma 1 is kNoiseMean. A defect of
// d sigma scores d - 0.73 in the mean with a spread of 1.05 (the mean of the largest of four neighbour means,
// by simulation), so that listing what scores above 0.55 * threshold_sigma finds a 6 sigma defect in 99 % of
// the frames and lists 0.16 % of the pixels a channel of pure noise.

namespace wetgate::passes::pixel_defects {
namespace {

constexpr float kToe = 1.0F / 1024;
constexpr float kNoiseMean = 0.4415F;
constexpr float kSmallestSigma = 1.5e-3F;  // of coded levels: below it, one code of 8 bit would be listed
constexpr double kListedShare = 0.55;
constexpr int kLevelBins = 64;
constexpr float kBinsPerLevel = 32;

/// One channel's coded levels with a border of one mirrored pixel.
struct CodedPlane {
    int stride = 0;
    std::vector<float> levels;

    CodedPlane(const float* plane, int width, int height) : stride(width + 2) {
        levels.resize(static_cast<std::size_t>(stride) * static_cast<std::size_t>(height + 2));
        for (int y = 0; y < height; ++y) {
            const float* in = plane + static_cast<std::ptrdiff_t>(y) * width;
            float* out = row(y);
            for (int x = 0; x < width; ++x) out[x] = coded(in[x]);
            out[-1] = out[1];
            out[width] = out[width - 2];
        }
        std::copy_n(row(1) - 1, stride, row(-1) - 1);
        std::copy_n(row(height - 2) - 1, stride, row(height) - 1);
        // A mirrored slope is a peak at a corner: there one diagonal compares with the plane through the
        // other three.
        for (const int y : {0, height - 1}) {
            const int inner_y = y == 0 ? 1 : height - 2;
            const int outer_y = y == 0 ? -1 : height;
            for (const int x : {0, width - 1}) {
                const int inner_x = x == 0 ? 1 : width - 2;
                const int outer_x = x == 0 ? -1 : width;
                row(outer_y)[outer_x] = 2 * (row(y)[inner_x] + row(inner_y)[x]) - 3 * row(inner_y)[inner_x];
            }
        }
    }

    float* row(int y) { return levels.data() + static_cast<std::ptrdiff_t>(y + 1) * stride + 1; }
    const float* row(int y) const { return levels.data() + static_cast<std::ptrdiff_t>(y + 1) * stride + 1; }
};

/// Signed scores in coded levels of one row, and the smallest difference whatever its sign.
void score_row(const CodedPlane& plane, int y, int width, float* score, float* smallest) {
    const float* up = plane.row(y - 1);
    const float* here = plane.row(y);
    const float* down = plane.row(y + 1);
    for (int x = 0; x < width; ++x) {
        const float value = here[x];
        const float a = value - 0.5F * (here[x - 1] + here[x + 1]);
        const float b = value - 0.5F * (up[x] + down[x]);
        const float c = value - 0.5F * (up[x - 1] + down[x + 1]);
        const float d = value - 0.5F * (up[x + 1] + down[x - 1]);
        const float low = std::min(std::min(a, b), std::min(c, d));
        const float high = std::max(std::max(a, b), std::max(c, d));
        const float least =
            std::min(std::min(std::fabs(a), std::fabs(b)), std::min(std::fabs(c), std::fabs(d)));
        // A NaN or an infinity in any of the nine makes this difference NaN or infinite.
        const float spread = (a + b) + (c + d);
        const bool finite = std::fabs(spread) <= std::numeric_limits<float>::max();
        const float signed_score = low > 0 ? low : (high < 0 ? high : 0.0F);
        score[x] = finite ? signed_score : 0.0F;
        smallest[x] = finite ? least : 0.0F;
    }
}

/// Part of the span [a,b) that square `index` covers, from a on.
std::pair<int, int> covered(int index, int step, int a, int b) {
    return {std::max(index * step, a) - a, std::min((index + 1) * step, b) - a};
}

/// Mean level and noise of every block of one channel.
struct BlockStatistics {
    std::vector<float> level;
    std::vector<float> sigma;
    std::vector<float> cell_level;
};

/// The mean of a block's rows but for the largest two: a strong defect must not hide a weak one beside it.
float trimmed_mean(std::vector<float>& rows) {
    if (rows.size() >= 8) {
        std::nth_element(rows.begin(), rows.end() - 2, rows.end());
        rows.resize(rows.size() - 2);
    }
    float sum = 0;
    for (const float value : rows) sum += value;
    return rows.empty() ? 0.0F : sum / static_cast<float>(rows.size());
}

/// Mean coded level of every square; 0 where a pixel of it is not finite.
std::vector<float> square_levels(const CodedPlane& plane, const Box& window, const Box& squares, int step) {
    std::vector<float> levels;
    std::vector<float> sums(static_cast<std::size_t>(squares.width()));
    for (int square_y = squares.y0; square_y < squares.y1; ++square_y) {
        const auto [y0, y1] = covered(square_y, step, window.y0, window.y1);
        std::fill(sums.begin(), sums.end(), 0.0F);
        for (int y = y0; y < y1; ++y) {
            const float* row = plane.row(y);
            for (int square_x = squares.x0; square_x < squares.x1; ++square_x) {
                const auto [x0, x1] = covered(square_x, step, window.x0, window.x1);
                float sum = 0;
                for (int x = x0; x < x1; ++x) sum += row[x];
                sums[static_cast<std::size_t>(square_x - squares.x0)] += sum / static_cast<float>(x1 - x0);
            }
        }
        for (const float sum : sums)
            levels.push_back(std::isfinite(sum) ? sum / static_cast<float>(y1 - y0) : 0.0F);
    }
    return levels;
}

/// Scores of a channel (into `score`, window.area() floats) and statistics of its blocks.
BlockStatistics score_channel(const CodedPlane& plane, const Box& window, const Grid& grid,
                              std::vector<float>& score) {
    const int width = window.width();
    const Box& blocks = grid.blocks;
    BlockStatistics statistics;
    std::vector<float> smallest(static_cast<std::size_t>(width));
    std::vector<std::vector<float>> row_means(static_cast<std::size_t>(blocks.width()));
    for (int block_y = blocks.y0; block_y < blocks.y1; ++block_y) {
        const auto [y0, y1] = covered(block_y, grid.block_px(), window.y0, window.y1);
        for (auto& rows : row_means) rows.clear();
        for (int y = y0; y < y1; ++y) {
            score_row(plane, y, width, score.data() + static_cast<std::ptrdiff_t>(y) * width,
                      smallest.data());
            for (int block_x = blocks.x0; block_x < blocks.x1; ++block_x) {
                const auto [x0, x1] = covered(block_x, grid.block_px(), window.x0, window.x1);
                float sum = 0;
                for (int x = x0; x < x1; ++x) sum += smallest[static_cast<std::size_t>(x)];
                row_means[static_cast<std::size_t>(block_x - blocks.x0)].push_back(
                    sum / static_cast<float>(x1 - x0));
            }
        }
        for (auto& rows : row_means) statistics.sigma.push_back(trimmed_mean(rows) / kNoiseMean);
    }
    statistics.level = square_levels(plane, window, blocks, grid.block_px());
    statistics.cell_level = square_levels(plane, window, grid.cells, grid.cell_px);
    return statistics;
}

std::size_t level_bin(float level) {
    return static_cast<std::size_t>(
        std::clamp(level * kBinsPerLevel, 0.0F, static_cast<float>(kLevelBins - 1)));
}

/// What a defect must beat in each block: the noise of blocks of its level, and its own texture where that is
/// more.
void floor_sigma(BlockStatistics& statistics) {
    std::array<std::vector<float>, kLevelBins> bins;
    for (std::size_t block = 0; block < statistics.sigma.size(); ++block) {
        bins[level_bin(statistics.level[block])].push_back(statistics.sigma[block]);
    }
    std::array<float, kLevelBins> floor{};
    for (std::size_t bin = 0; bin < bins.size(); ++bin) {
        if (bins[bin].empty()) continue;
        const auto middle = bins[bin].begin() + static_cast<std::ptrdiff_t>(bins[bin].size() * 2 / 5);
        std::nth_element(bins[bin].begin(), middle, bins[bin].end());
        floor[bin] = *middle;
    }
    for (std::size_t block = 0; block < statistics.sigma.size(); ++block) {
        statistics.sigma[block] =
            std::max({statistics.sigma[block], floor[level_bin(statistics.level[block])], kSmallestSigma});
    }
}

template <class Integer>
Integer quantised(double value) {
    const double lowest = std::numeric_limits<Integer>::min();
    const double highest = std::numeric_limits<Integer>::max();
    return static_cast<Integer>(std::lround(std::clamp(value, lowest, highest)));
}

/// A part of a plane around a pixel that never reads past the plane's border.
class Patch {
public:
    Patch(const CodedPlane& plane, const Box& window, int x, int y)
        : plane_(plane), window_(window), x_(x), y_(y) {}

    bool inside(int i, int j) const {
        return x_ + i >= 0 && x_ + i < window_.width() && y_ + j >= 0 && y_ + j < window_.height();
    }
    float at(int i, int j) const { return plane_.row(y_ + j)[x_ + i]; }

    /// The slope of the picture across (i) or down (j), a pixel: the median over seven rows, which neither a
    /// defect nor a group of 3x3 beside it bends.
    float slope(bool across) const {
        std::array<float, 7> slopes{};
        std::size_t count = 0;
        for (int k = -3; k <= 3; ++k) {
            const int i = across ? 1 : k;
            const int j = across ? k : 1;
            const int back_i = across ? -1 : k;
            const int back_j = across ? k : -1;
            if (!inside(i, j) || !inside(back_i, back_j)) continue;
            const float slope = 0.5F * (at(i, j) - at(back_i, back_j));
            if (!std::isfinite(slope)) continue;
            std::size_t place = count++;
            for (; place > 0 && slopes[place - 1] > slope; --place) slopes[place] = slopes[place - 1];
            slopes[place] = slope;
        }
        return count == 0 ? 0.0F : slopes[count / 2];
    }

private:
    const CodedPlane& plane_;
    const Box& window_;
    int x_, y_;
};

/// How many connected pixels, inside 11x11, are as far out as the patch's pixel, it included: off its level,
/// the slope of the picture taken away, by less than half its score. At most 63.
int blob_size(const Patch& patch, float score) {
    constexpr int kHalf = 5;
    constexpr std::size_t kMost = 63;
    const float level = patch.at(0, 0);
    const float slope_x = patch.slope(true);
    const float slope_y = patch.slope(false);
    const float tolerance = 0.5F * std::fabs(score);
    std::array<std::pair<int, int>, kMost> blob{};
    std::array<bool, (2 * kHalf + 1) * (2 * kHalf + 1)> reached{};
    const auto mark = [](int i, int j) {
        return static_cast<std::size_t>((j + kHalf) * (2 * kHalf + 1) + i + kHalf);
    };
    reached[mark(0, 0)] = true;
    std::size_t size = 1;
    for (std::size_t next = 0; next < size; ++next) {
        const auto [here_i, here_j] = blob[next];
        for (int j = std::max(-kHalf, here_j - 1); j <= std::min(kHalf, here_j + 1); ++j) {
            for (int i = std::max(-kHalf, here_i - 1); i <= std::min(kHalf, here_i + 1); ++i) {
                if (size == kMost || reached[mark(i, j)] || !patch.inside(i, j)) continue;
                const float trend = slope_x * static_cast<float>(i) + slope_y * static_cast<float>(j);
                if (!(std::fabs(patch.at(i, j) - trend - level) < tolerance)) continue;
                reached[mark(i, j)] = true;
                blob[size++] = {i, j};
            }
        }
    }
    return static_cast<int>(size);
}

struct Scored {
    float score = 0;
    int x = 0, y = 0;  // inside the window
};

}  // namespace

float coded(float linear) {
    return std::copysign(std::sqrt(std::fabs(linear) + kToe) - std::sqrt(kToe), linear);
}

float linear_from_coded(float code) {
    const float root = std::fabs(code) + std::sqrt(kToe);
    return std::copysign(root * root - kToe, code);
}

int floor_divide(int coordinate, int step) {
    return coordinate >= 0 ? coordinate / step : -((-coordinate + step - 1) / step);
}

Box squares_of(const Box& window, int step) {
    return {floor_divide(window.x0, step), floor_divide(window.y0, step),
            floor_divide(window.x1 - 1, step) + 1, floor_divide(window.y1 - 1, step) + 1};
}

std::uint8_t grid_sigma(float sigma) {
    return quantised<std::uint8_t>(8.0 * (std::log2(sigma) + 16.0));
}

float sigma_from_grid(std::uint8_t code) {
    return std::exp2(static_cast<float>(code) / 8 - 16);
}

FrameFacts measure_frame(const std::array<const float*, 3>& planes, const Box& window,
                         double threshold_sigma) {
    FrameFacts facts;
    facts.window = window;
    facts.threshold = kListedShare * threshold_sigma;
    const int width = window.width();
    const int height = window.height();
    if (width < 3 || height < 3) return facts;  // no neighbours to compare with

    Grid& grid = facts.grid;
    // Facts stay small: 8 px cells up to 2.7 million pixels, 16 px cells for UHD, 32 px for 8K.
    while (window.area() / static_cast<std::size_t>(grid.cell_px * grid.cell_px) > 43000) grid.cell_px *= 2;
    grid.blocks = squares_of(window, grid.block_px());
    grid.cells = squares_of(window, grid.cell_px);
    const Box& blocks = grid.blocks;
    std::vector<float> cell_levels(grid.cells.area());
    std::vector<CodedPlane> coded_planes;
    std::array<std::vector<float>, 3> scores;
    std::array<std::vector<float>, 3> sigma;
    for (std::size_t channel = 0; channel < 3; ++channel) {
        coded_planes.emplace_back(planes[channel], width, height);
        scores[channel].resize(window.area());
        BlockStatistics statistics = score_channel(coded_planes[channel], window, grid, scores[channel]);
        floor_sigma(statistics);
        for (std::size_t block = 0; block < statistics.sigma.size(); ++block) {
            grid.level[channel].push_back(quantised<std::uint8_t>(statistics.level[block] * kGridLevels));
            // What solve reads back is what the scores were made with.
            const std::uint8_t code = grid_sigma(statistics.sigma[block]);
            grid.sigma[channel].push_back(code);
            statistics.sigma[block] = sigma_from_grid(code);
        }
        sigma[channel] = std::move(statistics.sigma);
        for (std::size_t cell = 0; cell < cell_levels.size(); ++cell)
            cell_levels[cell] += statistics.cell_level[cell];
    }
    for (const float level : cell_levels)
        grid.luma.push_back(quantised<std::uint16_t>(level / 3 * kLumaLevels));
    const auto block_at = [&](int x, int y) {
        return static_cast<std::size_t>(floor_divide(y + window.y0, grid.block_px()) - blocks.y0) *
                   static_cast<std::size_t>(blocks.width()) +
               static_cast<std::size_t>(floor_divide(x + window.x0, grid.block_px()) - blocks.x0);
    };

    std::vector<Scored> listed;
    std::vector<float> best(static_cast<std::size_t>(width));
    for (int y = 0; y < height; ++y) {
        std::fill(best.begin(), best.end(), 0.0F);
        for (std::size_t channel = 0; channel < 3; ++channel) {
            const float* score = scores[channel].data() + static_cast<std::ptrdiff_t>(y) * width;
            for (int block_x = blocks.x0; block_x < blocks.x1; ++block_x) {
                const auto [x0, x1] = covered(block_x, grid.block_px(), window.x0, window.x1);
                const float scale = 1.0F / sigma[channel][block_at(x0, y)];
                for (int x = x0; x < x1; ++x) {
                    float& strongest = best[static_cast<std::size_t>(x)];
                    strongest = std::max(strongest, std::fabs(score[x]) * scale);
                }
            }
        }
        for (int x = 0; x < width; ++x) {
            const float score = best[static_cast<std::size_t>(x)];
            if (score > static_cast<float>(facts.threshold)) listed.push_back({score, x, y});
        }
    }
    const std::size_t most = std::clamp<std::size_t>(window.area() / 64, 1024, 12288);
    if (listed.size() > most) {
        const auto stronger = [](const Scored& a, const Scored& b) {
            if (a.score != b.score) return a.score > b.score;
            return a.y != b.y ? a.y < b.y : a.x < b.x;
        };
        std::nth_element(listed.begin(), listed.begin() + static_cast<std::ptrdiff_t>(most), listed.end(),
                         stronger);
        facts.threshold = listed[most].score;
        listed.resize(most);
        std::sort(listed.begin(), listed.end(),
                  [](const Scored& a, const Scored& b) { return a.y != b.y ? a.y < b.y : a.x < b.x; });
    }

    for (const Scored& pixel : listed) {
        Candidate candidate;
        candidate.x = window.x0 + pixel.x;
        candidate.y = window.y0 + pixel.y;
        const std::size_t block = block_at(pixel.x, pixel.y);
        const std::size_t index = static_cast<std::size_t>(pixel.y) * static_cast<std::size_t>(width) +
                                  static_cast<std::size_t>(pixel.x);
        // Of channels that show it about alike always the same one: levels of one channel are compared over
        // the frames.
        std::size_t channel = 3;
        for (const std::size_t preferred : {1U, 0U, 2U}) {
            const float score = scores[preferred][index] / sigma[preferred][block];
            candidate.score[preferred] = quantised<std::int8_t>(score / kScoreStep);
            if (channel == 3 && std::fabs(score) > 0.7F * pixel.score) channel = preferred;
        }
        candidate.channel = static_cast<std::uint8_t>(channel);
        const CodedPlane& plane = coded_planes[channel];
        const float* up = plane.row(pixel.y - 1) + pixel.x;
        const float* here = plane.row(pixel.y) + pixel.x;
        const float* down = plane.row(pixel.y + 1) + pixel.x;
        const float surround =
            ((up[-1] + up[0]) + (up[1] + here[-1]) + (here[1] + down[-1]) + (down[0] + down[1])) / 8;
        candidate.value = quantised<std::int16_t>(here[0] / kLevelStep);
        candidate.surround = quantised<std::int16_t>(surround / kLevelStep);
        candidate.size = static_cast<std::uint8_t>(
            blob_size(Patch(plane, window, pixel.x, pixel.y), scores[channel][index]));
        facts.candidates.push_back(candidate);
    }
    return facts;
}

}  // namespace wetgate::passes::pixel_defects

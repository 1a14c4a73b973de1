#include "passes/deflicker_local.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>
#include <numeric>
#include <opencv2/core.hpp>

#include "passes/deflicker_trend.h"
#include "passes/median.h"

namespace wetgate::passes::deflicker {
namespace {

constexpr FieldHold flicker_hold{0.01, 0.01};
constexpr double normal_mad = 1.4826;
constexpr std::size_t harmonics = 3;
constexpr double least_bands = 0.25, most_bands = 10, bands_step = 0.1;
constexpr std::size_t search_frames = 400;  // the search's time grows with their square
constexpr int refinements = 24;
constexpr int robust_rounds = 3;
constexpr double turn = 2 * std::numbers::pi;

/// One row of one comparison.
struct Row {
    std::size_t pair = 0;
    double t = 0, back = 0;
    double y = 0, y_before = 0;  // where it lies in frame t, and what it shows in frame t - back
    double ratio = 0, weight = 0;
};

struct Rows {
    std::vector<Row> list;
    std::size_t pairs = 0;
};

/// Each comparison less its own mean: bands have none that matters.
Rows rows_of(std::span<const std::vector<FieldFact>> facts, std::size_t most_frames) {
    Rows rows;
    for (std::size_t t = 0; t < std::min(facts.size(), most_frames); ++t) {
        for (const FieldFact& fact : facts[t]) {
            double sum = 0, total = 0;
            for (std::size_t j = 0; j < fact.weight.size(); ++j) {
                sum += fact.weight[j] * fact.log_ratio[j];
                total += fact.weight[j];
            }
            if (!(total > 0)) continue;
            for (std::size_t j = 0; j < fact.weight.size(); ++j) {
                if (!(fact.weight[j] > 0)) continue;
                const double y = (static_cast<double>(j) + 0.5) / static_cast<double>(fact.weight.size());
                rows.list.push_back({rows.pairs, static_cast<double>(t), static_cast<double>(fact.back), y,
                                     y + fact.dy[j], fact.log_ratio[j] - sum / total, fact.weight[j]});
            }
            ++rows.pairs;
        }
    }
    return rows;
}

/// Least squares amplitudes for one (per_height, cycles); explained share of the rows' squares.
Bands fitted(const Rows& rows, double per_height, double cycles) {
    constexpr std::size_t unknowns = 2 * harmonics;
    std::vector<std::array<double, unknowns>> basis(rows.list.size());
    std::vector<std::array<double, unknowns>> mean(rows.pairs, std::array<double, unknowns>{});
    std::vector<double> total(rows.pairs, 0.0);
    for (std::size_t i = 0; i < rows.list.size(); ++i) {
        const Row& row = rows.list[i];
        for (std::size_t h = 0; h < harmonics; ++h) {
            const double rate = turn * static_cast<double>(h + 1);
            const double now = rate * (per_height * row.y + cycles * row.t);
            const double then = rate * (per_height * row.y_before + cycles * (row.t - row.back));
            basis[i][2 * h] = std::cos(now) - std::cos(then);
            basis[i][2 * h + 1] = std::sin(now) - std::sin(then);
        }
        for (std::size_t k = 0; k < unknowns; ++k) mean[row.pair][k] += row.weight * basis[i][k];
        total[row.pair] += row.weight;
    }
    for (std::size_t i = 0; i < rows.list.size(); ++i)
        for (std::size_t k = 0; k < unknowns; ++k)
            basis[i][k] -= mean[rows.list[i].pair][k] / total[rows.list[i].pair];

    const int size = static_cast<int>(unknowns);
    cv::Mat found = cv::Mat::zeros(size, 1, CV_64F);
    std::vector<double> off(rows.list.size());
    double before = 0, after = 0;
    double scale = 0;  // 0: every row counts in full
    for (int round = 0; round < robust_rounds; ++round) {
        cv::Mat normal = cv::Mat::zeros(size, size, CV_64F), right = cv::Mat::zeros(size, 1, CV_64F);
        for (std::size_t i = 0; i < rows.list.size(); ++i) {
            const double pull = scale > 0 ? 1 / (1 + std::pow(off[i] / scale, 2)) : 1;
            const double weight = rows.list[i].weight * pull;
            for (int a = 0; a < size; ++a) {
                const double weighted = weight * basis[i][static_cast<std::size_t>(a)];
                right.at<double>(a) += weighted * rows.list[i].ratio;
                for (int b = 0; b < size; ++b)
                    normal.at<double>(a, b) += weighted * basis[i][static_cast<std::size_t>(b)];
            }
        }
        // A harmonic that stands still from frame to frame has no say.
        for (int k = 0; k < size; ++k)
            normal.at<double>(k, k) += 1e-3 * static_cast<double>(rows.list.size());
        cv::solve(normal, right, found, cv::DECOMP_CHOLESKY);
        before = after = 0;
        std::vector<double> sizes;
        for (std::size_t i = 0; i < rows.list.size(); ++i) {
            double made = 0;
            for (int k = 0; k < size; ++k)
                made += found.at<double>(k) * basis[i][static_cast<std::size_t>(k)];
            off[i] = rows.list[i].ratio - made;
            sizes.push_back(std::abs(off[i]));
            const double pull = scale > 0 ? 1 / (1 + std::pow(off[i] / scale, 2)) : 1;
            before += rows.list[i].weight * pull * rows.list[i].ratio * rows.list[i].ratio;
            after += rows.list[i].weight * pull * off[i] * off[i];
        }
        scale = std::max(1e-4, 2 * normal_mad * median(std::move(sizes)));
    }
    Bands bands;
    bands.per_height = per_height;
    bands.cycles_a_frame = cycles;
    double power = 0;
    for (std::size_t h = 0; h < harmonics; ++h) {
        bands.harmonics.push_back(
            {found.at<double>(static_cast<int>(2 * h)), found.at<double>(static_cast<int>(2 * h + 1))});
        power += 0.5 * (std::pow(bands.harmonics[h][0], 2) + std::pow(bands.harmonics[h][1], 2));
    }
    bands.sigma = std::sqrt(power);
    bands.explained = before > 0 ? 1 - after / before : 0;
    return bands;
}

/// The wave that the rows' changes resemble most: one Fourier coefficient for all rows and frames.
std::array<double, 2> searched(const Rows& rows, std::size_t frames) {
    using Complex = std::complex<double>;
    struct Pair {
        double t = 0, back = 0;
    };
    std::vector<Pair> pairs(rows.pairs);
    for (const Row& row : rows.list) pairs[row.pair] = {row.t, row.back};
    const auto steps = static_cast<int>(4 * std::min(frames, search_frames));
    std::array<double, 2> best{};
    double best_score = -1;
    for (double per_height = least_bands; per_height <= most_bands; per_height += bands_step) {
        std::vector<Complex> sums(rows.pairs), means(rows.pairs);
        std::vector<double> totals(rows.pairs, 0.0);
        for (const Row& row : rows.list) {
            const Complex wave = std::polar(1.0, -turn * per_height * row.y);
            sums[row.pair] += row.weight * row.ratio * wave;
            means[row.pair] += row.weight * wave;
            totals[row.pair] += row.weight;
        }
        for (int step = 0; step < steps; ++step) {
            const double cycles = static_cast<double>(step) / steps - 0.5;
            Complex sum = 0;
            double norm = 0;
            for (std::size_t p = 0; p < pairs.size(); ++p) {
                const Complex change = 1.0 - std::polar(1.0, -turn * cycles * pairs[p].back);
                sum += sums[p] * std::conj(std::polar(1.0, turn * cycles * pairs[p].t) * change);
                norm += (totals[p] - std::norm(means[p]) / totals[p]) * std::norm(change);
            }
            const double score =
                norm > 1e-3 * static_cast<double>(rows.list.size()) ? std::norm(sum) / norm : 0;
            if (score > best_score) {
                best_score = score;
                best = {per_height, cycles};
            }
        }
    }
    return best;
}

}  // namespace

LocalFlicker solve_local(std::span<const std::vector<FieldFact>> facts, std::optional<double> smooth_frames) {
    LocalFlicker local;
    const std::size_t nodes = local_grid.size();
    const std::vector<std::vector<double>> fields = solve_fields(local_grid, facts, flicker_hold);
    local.stops.assign(facts.size(), std::vector<double>(nodes, 0.0));
    // What the whole picture does is split as a whole frame's exposure is; parts wander where they are
    // measured badly, so their own trend may not.
    std::vector<double> whole;
    for (const std::vector<double>& field : fields)
        whole.push_back(std::accumulate(field.begin(), field.end(), 0.0) / static_cast<double>(nodes));
    const Split common = split_flicker(whole, smooth_frames);
    std::vector<double> sigmas;
    for (std::size_t node = 0; node < nodes; ++node) {
        std::vector<double> series;
        for (std::size_t t = 0; t < facts.size(); ++t) series.push_back(fields[t][node] - whole[t]);
        sigmas.push_back(split_flicker(series, smooth_frames).sigma);
        const Split split = split_flicker(series, smooth_frames, Drift::Slow);
        for (std::size_t t = 0; t < facts.size(); ++t)
            local.stops[t][node] = -(common.flicker[t] + split.flicker[t]) / std::numbers::ln2;
    }
    local.sigma = median(std::move(sigmas));
    std::vector<double> residuals;
    for (std::size_t t = 0; t < facts.size(); ++t) {
        for (const FieldFact& fact : facts[t]) {
            const auto back = static_cast<std::size_t>(fact.back);
            if (back > t) continue;
            for (std::size_t node = 0; node < nodes; ++node) {
                if (!(fact.weight[node] > 0)) continue;
                const auto [x, y] = middle_of(local_grid, node);
                const double then =
                    value_at(local_grid, fields[t - back], x + fact.dx[node], y + fact.dy[node]);
                residuals.push_back(std::abs(fact.log_ratio[node] - fields[t][node] + then) /
                                    std::sqrt(static_cast<double>(fact.back)));
            }
        }
    }
    local.measurement_sigma = normal_mad * median(std::move(residuals));
    return local;
}

double Bands::at(double y, double t) const {
    double light = 0;
    for (std::size_t h = 0; h < this->harmonics.size(); ++h) {
        const double angle = turn * static_cast<double>(h + 1) * (per_height * y + cycles_a_frame * t);
        light += this->harmonics[h][0] * std::cos(angle) + this->harmonics[h][1] * std::sin(angle);
    }
    return light;
}

Bands solve_bands(std::span<const std::vector<FieldFact>> facts) {
    const Rows first = rows_of(facts, search_frames);
    if (first.pairs == 0) return {};
    auto [per_height, cycles] = searched(first, facts.size());
    // Finer and finer around it, over more and more frames: a small error of the pace is a large one of the
    // phase, later.
    double height_step = bands_step / 2;
    Bands best;
    for (std::size_t frames = std::min<std::size_t>(facts.size(), search_frames);;
         frames = std::min(2 * frames, facts.size())) {
        const Rows rows = rows_of(facts, frames);
        double cycles_step = 0.125 / static_cast<double>(frames);
        best = fitted(rows, per_height, cycles);
        for (int round = 0; round < refinements; ++round) {
            bool moved = false;
            for (const auto& [up, on] : {std::array{1, 0}, {-1, 0}, {0, 1}, {0, -1}}) {
                const Bands other = fitted(rows, per_height + up * height_step, cycles + on * cycles_step);
                if (!(other.explained > best.explained)) continue;
                best = other;
                per_height = other.per_height;
                cycles = other.cycles_a_frame;
                moved = true;
                break;
            }
            if (moved) continue;
            height_step *= 0.5;
            cycles_step *= 0.5;
        }
        if (frames == facts.size()) return best;
        height_step = bands_step / 8;
    }
}

}  // namespace wetgate::passes::deflicker

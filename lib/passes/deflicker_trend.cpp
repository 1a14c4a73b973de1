#include "passes/deflicker_trend.h"

#include <array>
#include <cmath>
#include <limits>

#include "passes/deflicker_band.h"

namespace wetgate::passes::deflicker {
namespace {

// Note [Flicker or drift]
// Exposure over time = trend + flicker, flicker white. The trend is a constant, a straight line, a random
// walk (level plus steps of variance q) or an integrated walk (a cubic smoothing spline). Each is fitted by
// maximum likelihood, its variance ratio lambda = q / r on a grid, and the stiffest one that the others do
// not beat by `evidence` a parameter is taken: with 12 % flicker over 48 frames, even a needless straight
// line lets 1.7 % of flicker through, a walk more, while a drift that small is hardly seen. Filters of fixed
// length (FFmpeg's `deflicker`, a Gaussian of ten frames) let through 2 % and more, always.
//
// With B the d-th difference (first rows cut short, so that B is square and its determinant 1), z = B y has
// the covariance r M, M = B B' + lambda E, E the identity without its first d cells; the first d cells of z
// carry the unknown start. M has d diagonals below its main one, so the likelihood costs O(n). The flicker
// given the trend's likelihood is B' inv(M) (z - start). See Durbin and Koopman, "Time Series Analysis by
// State Space Methods", 2012, chapter 2.

constexpr double evidence = 10.0;  // twice the log likelihood, a parameter
constexpr std::size_t least_values = 4;
// The lithest trends that are drift at all: they leave a seventh of the flicker in. Powers of ten.
constexpr std::array<double, 2> lithest_drift = {-2.0, -5.0};
constexpr double nothing = 1e-7;  // natural log: less is rounding

struct Fit {
    double cost =
        std::numeric_limits<double>::infinity();  // minus twice the log likelihood, up to a constant
    double sigma = 0.0;
    std::vector<double> flicker;
};

double squares(const std::vector<double>& values) {
    double sum = 0.0;
    for (const double value : values) sum += value * value;
    return sum;
}

Fit scored(std::vector<double> flicker, double quadratic, double log_determinant, std::size_t order) {
    const double n = static_cast<double>(flicker.size());
    Fit fit;
    fit.cost = n * std::log(std::max(quadratic / n, nothing * nothing)) + log_determinant;
    fit.sigma = std::sqrt(quadratic / std::max(1.0, n - static_cast<double>(order)));
    fit.flicker = std::move(flicker);
    return fit;
}

/// Least squares constant (order 1) or straight line (order 2).
Fit fit_polynomial(std::span<const double> values, std::size_t order) {
    const double n = static_cast<double>(values.size());
    const double middle = 0.5 * (n - 1.0);
    double mean = 0.0;
    double slope = 0.0;
    double spread = 0.0;
    for (std::size_t i = 0; i < values.size(); ++i) {
        const double x = static_cast<double>(i) - middle;
        mean += values[i] / n;
        slope += x * values[i];
        spread += x * x;
    }
    slope = order > 1 && spread > 0.0 ? slope / spread : 0.0;
    std::vector<double> flicker(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
        flicker[i] = values[i] - mean - slope * (static_cast<double>(i) - middle);
    }
    const double quadratic = squares(flicker);
    return scored(std::move(flicker), quadratic, 0.0, order);
}

/// A walk (order 1) or integrated walk (order 2) of variance ratio `lambda` > 0.
Fit fit_walk(std::span<const double> values, std::size_t order, double lambda) {
    const std::size_t n = values.size();
    const std::array<double, 3> stencil =
        order == 1 ? std::array{1.0, -1.0, 0.0} : std::array{1.0, -2.0, 1.0};
    BandMatrix m(n, order);
    std::vector<double> z(n, 0.0);
    for (std::size_t row = 0; row < n; ++row) {
        for (std::size_t back = 0; back <= std::min(row, order); ++back) {
            z[row] += stencil[back] * values[row - back];
            double sum = 0.0;  // of B's rows `row` and `row - back`, over the columns that both have
            for (std::size_t k = back; k <= std::min(row, order); ++k) sum += stencil[k] * stencil[k - back];
            m.cell(row, row - back) = sum + (back == 0 && row >= order ? lambda : 0.0);
        }
    }
    const double log_determinant = m.factorize();
    std::vector<double> weighted = m.solve(z);
    // The start: the first `order` cells of inv(M) (z - start) vanish.
    std::array<std::vector<double>, 2> unit;
    for (std::size_t k = 0; k < order; ++k) {
        std::vector<double> one(n, 0.0);
        one[k] = 1.0;
        unit[k] = m.solve(std::move(one));
    }
    std::array<double, 2> start{};
    if (order == 1) {
        start[0] = weighted[0] / unit[0][0];
    } else {
        const double determinant = unit[0][0] * unit[1][1] - unit[1][0] * unit[0][1];
        start[0] = (weighted[0] * unit[1][1] - weighted[1] * unit[1][0]) / determinant;
        start[1] = (weighted[1] * unit[0][0] - weighted[0] * unit[0][1]) / determinant;
    }
    double quadratic = 0.0;
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t k = 0; k < order; ++k) weighted[i] -= start[k] * unit[k][i];
        quadratic += (z[i] - (i < order ? start[i] : 0.0)) * weighted[i];
    }
    std::vector<double> flicker(n, 0.0);
    for (std::size_t row = 0; row < n; ++row) {
        for (std::size_t back = 0; back <= std::min(row, order); ++back) {
            flicker[row - back] += stencil[back] * weighted[row];
        }
    }
    return scored(std::move(flicker), std::max(quadratic, 0.0), log_determinant, order);
}

/// The best variance ratio, from a coarse and then a fine grid of powers of ten.
Fit best_walk(std::span<const double> values, std::size_t order, double highest) {
    const double lowest = order == 1 ? -5.0 : -9.0;
    constexpr double coarse = 0.5;
    constexpr int fine_steps = 10;
    Fit best;
    double best_power = lowest;
    for (double power = lowest; power <= highest; power += coarse) {
        Fit fit = fit_walk(values, order, std::pow(10.0, power));
        if (fit.cost < best.cost) {
            best = std::move(fit);
            best_power = power;
        }
    }
    for (int step = -fine_steps + 1; step < fine_steps; ++step) {
        const double power = std::min(highest, best_power + coarse * static_cast<double>(step) / fine_steps);
        Fit fit = fit_walk(values, order, std::pow(10.0, power));
        if (fit.cost < best.cost) best = std::move(fit);
    }
    return best;
}

Split smoothed(std::span<const double> values, double sigma_frames) {
    const auto count = static_cast<std::ptrdiff_t>(values.size());
    const auto reach = std::min(count, static_cast<std::ptrdiff_t>(std::ceil(4.0 * sigma_frames)));
    Split split;
    split.trend = Trend::Smoothed;
    split.flicker.resize(values.size());
    for (std::ptrdiff_t at = 0; at < count; ++at) {
        double sum = 0.0;
        double weights = 0.0;
        for (std::ptrdiff_t i = std::max<std::ptrdiff_t>(0, at - reach); i < std::min(count, at + reach + 1);
             ++i) {
            const double off = static_cast<double>(i - at) / sigma_frames;
            const double weight = std::exp(-0.5 * off * off);
            sum += weight * values[static_cast<std::size_t>(i)];
            weights += weight;
        }
        split.flicker[static_cast<std::size_t>(at)] = values[static_cast<std::size_t>(at)] - sum / weights;
    }
    split.sigma = std::sqrt(squares(split.flicker) / static_cast<double>(count));
    return split;
}

}  // namespace

std::string_view trend_name(Trend trend) {
    switch (trend) {
        case Trend::Constant:
            return "constant";
        case Trend::Line:
            return "line";
        case Trend::Walk:
            return "walk";
        case Trend::Curve:
            return "curve";
        case Trend::Smoothed:
            return "smoothed";
    }
    return "constant";
}

Split split_flicker(std::span<const double> values, std::optional<double> smooth_frames, Drift drift) {
    if (values.size() < least_values) return {std::vector<double>(values.size(), 0.0), 0.0, Trend::Constant};
    if (smooth_frames) return smoothed(values, *smooth_frames);

    Split split;
    Fit best = fit_polynomial(values, 1);
    if (best.sigma >= nothing) {
        const auto challenge = [&](Fit fit, Trend trend, double parameters) {
            fit.cost += evidence * parameters;
            if (fit.cost < best.cost) {
                best = std::move(fit);
                split.trend = trend;
            }
        };
        challenge(fit_polynomial(values, 2), Trend::Line, 1.0);
        challenge(best_walk(values, 1, drift == Drift::Any ? 3.0 : lithest_drift[0]), Trend::Walk, 1.0);
        challenge(best_walk(values, 2, drift == Drift::Any ? 3.0 : lithest_drift[1]), Trend::Curve, 2.0);
    }
    split.flicker = std::move(best.flicker);
    split.sigma = best.sigma;
    return split;
}

}  // namespace wetgate::passes::deflicker

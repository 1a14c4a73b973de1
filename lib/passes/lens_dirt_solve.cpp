#include "passes/lens_dirt_solve.h"

#include <algorithm>
#include <cmath>

#include "passes/conjugate_gradients.h"
#include "passes/median.h"

namespace wetgate::passes::lens_dirt {
namespace {

using deflicker::GridPlace;

constexpr int rounds = 4;
constexpr int steps = 300;
constexpr double tolerance = 1e-10;
constexpr double least_scale = 0.004;  // natural log
constexpr double bend_hold = 0.02;     // of the usual information of a node: second differences
constexpr double zero_hold = 0.002;    // of the same

struct Equation {
    std::size_t at = 0;
    GridPlace place;
    double ratio = 0, weight = 0;
};

double difference(const Equation& equation, const std::vector<double>& field) {
    double sum = field[equation.at];
    for (std::size_t k = 0; k < 4; ++k) sum -= equation.place.share[k] * field[equation.place.node[k]];
    return sum;
}

void spread(const Equation& equation, double value, std::vector<double>& sum) {
    sum[equation.at] += value;
    for (std::size_t k = 0; k < 4; ++k) sum[equation.place.node[k]] -= equation.place.share[k] * value;
}

/// Calls `bend(a, b, c)` for all three nodes in a row or column.
template <class Bend>
void triples(const deflicker::GridShape& shape, const Bend& bend) {
    const auto node = [&](int row, int column) {
        return static_cast<std::size_t>(row * shape.columns + column);
    };
    for (int row = 0; row < shape.rows; ++row) {
        for (int column = 0; column < shape.columns; ++column) {
            if (column > 0 && column + 1 < shape.columns)
                bend(node(row, column - 1), node(row, column), node(row, column + 1));
            if (row > 0 && row + 1 < shape.rows)
                bend(node(row - 1, column), node(row, column), node(row + 1, column));
        }
    }
}

}  // namespace

Loss solve_loss(const deflicker::GridShape& shape, std::span<const deflicker::FieldFact> facts) {
    const std::size_t size = shape.size();
    Loss loss;
    loss.log_gain.assign(size, 0.0);
    std::vector<Equation> equations;
    std::vector<double> ways;
    for (const deflicker::FieldFact& fact : facts) {
        // What the whole picture does from frame to frame is not the lens's.
        std::vector<double> ratios;
        for (std::size_t node = 0; node < size; ++node)
            if (fact.weight[node] > 0) ratios.push_back(fact.log_ratio[node]);
        const double whole = median(ratios);
        for (std::size_t node = 0; node < size; ++node) {
            if (!(fact.weight[node] > 0)) continue;
            const auto [x, y] = deflicker::middle_of(shape, node);
            ways.push_back(std::hypot(fact.dx[node], fact.dy[node]));
            equations.push_back({node, deflicker::place_on(shape, x + fact.dx[node], y + fact.dy[node]),
                                 fact.log_ratio[node] - whole, fact.weight[node]});
        }
    }
    if (equations.empty()) return loss;
    loss.motion = median(ways);

    double usual = 0;
    for (const Equation& equation : equations) usual += equation.weight / static_cast<double>(size);
    std::vector<double> pull(equations.size(), 1.0);
    std::vector<double>& field = loss.log_gain;
    const auto applied = [&](const std::vector<double>& values) {
        std::vector<double> sum(size, 0.0);
        for (std::size_t i = 0; i < equations.size(); ++i)
            spread(equations[i], equations[i].weight * pull[i] * difference(equations[i], values), sum);
        for (std::size_t k = 0; k < size; ++k) sum[k] += zero_hold * usual * values[k];
        triples(shape, [&](std::size_t a, std::size_t b, std::size_t c) {
            const double bent = bend_hold * usual * (values[a] - 2 * values[b] + values[c]);
            sum[a] += bent;
            sum[b] -= 2 * bent;
            sum[c] += bent;
        });
        return sum;
    };
    for (int round = 0; round < rounds; ++round) {
        std::vector<double> rest = applied(field);
        for (double& value : rest) value = -value;
        for (std::size_t i = 0; i < equations.size(); ++i)
            spread(equations[i], equations[i].weight * pull[i] * equations[i].ratio, rest);
        conjugate_gradients(applied, std::move(rest), field, steps, tolerance);
        std::vector<double> off;
        for (const Equation& equation : equations)
            off.push_back(std::abs(equation.ratio - difference(equation, field)));
        const double scale = std::max(least_scale, 3 * median(off));
        double before = 0, after = 0;
        for (std::size_t i = 0; i < equations.size(); ++i) {
            pull[i] = 1 / (1 + std::pow(off[i] / scale, 2));
            before += equations[i].weight * pull[i] * equations[i].ratio * equations[i].ratio;
            after += equations[i].weight * pull[i] * off[i] * off[i];
        }
        loss.explained = before > 0 ? 1 - after / before : 0;
    }
    // Most of a lens is clean.
    const double clean = median(field);
    for (double& value : field) value -= clean;
    return loss;
}

}  // namespace wetgate::passes::lens_dirt

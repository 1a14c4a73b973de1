#include "passes/deflicker_field.h"

#include <algorithm>
#include <cmath>

#include "passes/conjugate_gradients.h"
#include "passes/deflicker_band.h"
#include "passes/median.h"

namespace wetgate::passes::deflicker {
namespace {

constexpr float most_round_trip_px = 1.0F;
constexpr std::size_t pixel_step = 2;  // every second pixel of every second row says as much
constexpr std::size_t mean_step = 8;   // where flow is lost, surroundings' means stand in, more sparsely
constexpr float mean_trust = 1.0F;     // for 16 pixels of trust up to 1
constexpr double scales[] = {0.3, 0.1, 0.05, 0.02};
constexpr int steps_a_scale = 3;
constexpr double smoothness = 0.0005;    // of a cell's pixels: how much neighbouring nodes hold each other
constexpr double usual_distance = 0.05;  // natural log, of pixels from their surroundings' field
constexpr double least_weight = 1e-5;
constexpr int robust_rounds = 4;
constexpr double least_scale = 0.003;  // natural log
constexpr int solve_steps = 400;
constexpr double solve_tolerance = 1e-10;

/// Calls `pair(node, node)` for all nodes beside each other.
template <class Pair>
void neighbours(const GridShape& shape, const Pair& pair) {
    for (int row = 0; row < shape.rows; ++row) {
        for (int column = 0; column < shape.columns; ++column) {
            const auto node = static_cast<std::size_t>(row * shape.columns + column);
            if (column + 1 < shape.columns) pair(node, node + 1);
            if (row + 1 < shape.rows) pair(node, node + static_cast<std::size_t>(shape.columns));
        }
    }
}

}  // namespace

GridPlace place_on(const GridShape& shape, double x, double y) {
    const auto along = [](double at, int count, int& first, double& share) {
        const double place = std::clamp(at * count - 0.5, 0.0, static_cast<double>(count - 1));
        first = std::min(static_cast<int>(place), std::max(count - 2, 0));
        share = place - first;
    };
    int column = 0, row = 0;
    double across = 0, down = 0;
    along(x, shape.columns, column, across);
    along(y, shape.rows, row, down);
    const int right = std::min(column + 1, shape.columns - 1), below = std::min(row + 1, shape.rows - 1);
    const auto node = [&](int r, int c) { return static_cast<std::size_t>(r * shape.columns + c); };
    return {{node(row, column), node(row, right), node(below, column), node(below, right)},
            {(1 - across) * (1 - down), across * (1 - down), (1 - across) * down, across * down}};
}

std::array<double, 2> middle_of(const GridShape& shape, std::size_t node) {
    const auto columns = static_cast<std::size_t>(shape.columns);
    return {(static_cast<double>(node % columns) + 0.5) / shape.columns,
            (static_cast<double>(node / columns) + 0.5) / shape.rows};
}

double value_at(const GridShape& shape, std::span<const double> nodes, double x, double y) {
    const GridPlace place = place_on(shape, x, y);
    double value = 0;
    for (std::size_t k = 0; k < 4; ++k) value += place.share[k] * nodes[place.node[k]];
    return value;
}

PixelRatios::PixelRatios(const Guide& frame, const Guide& earlier, const PairFlow& flow) {
    // Both ways: what fetching blurs cancels out. A pixel of the earlier frame counts where it comes to lie.
    const auto add = [&](const Guide& here, const Guide& there, const motion::FlowField& way,
                         const motion::FlowField& home, bool is_back) {
        const std::vector<float> round_trip = motion::round_trip_px(way, home);
        const motion::FloatPlane fetched = motion::warp(there.log_light, way);
        const motion::FloatPlane fetched_mean = motion::warp(there.log_mean_light, way);
        const auto width = static_cast<std::size_t>(way.width), height = static_cast<std::size_t>(way.height);
        const float across = 1.0F / static_cast<float>(width), down = 1.0F / static_cast<float>(height);
        for (std::size_t y = 0; y < height; y += pixel_step) {
            for (std::size_t x = 0; x < width; x += pixel_step) {
                const std::size_t i = y * width + x;
                ++looked_at_;
                Pixel pixel;
                pixel.ratio = here.log_light.values[i] - fetched.values[i];
                pixel.trust = here.light_trust.values[i];
                if (!(round_trip[i] < most_round_trip_px) || !std::isfinite(pixel.ratio)) {
                    if (x % mean_step != 0 || y % mean_step != 0) continue;
                    pixel.ratio = here.log_mean_light.values[i] - fetched_mean.values[i];
                    pixel.trust = mean_trust;
                    if (!std::isfinite(pixel.ratio)) continue;
                }
                pixel.x = (static_cast<float>(x) + 0.5F) * across;
                pixel.y = (static_cast<float>(y) + 0.5F) * down;
                pixel.dx = way.dx(i) * across;
                pixel.dy = way.dy(i) * down;
                if (!is_back) {
                    pixel.x += pixel.dx;
                    pixel.y += pixel.dy;
                    pixel.dx = -pixel.dx;
                    pixel.dy = -pixel.dy;
                    pixel.ratio = -pixel.ratio;
                }
                pixels_.push_back(pixel);
            }
        }
    };
    add(frame, earlier, flow.to_earlier, flow.to_frame, true);
    add(earlier, frame, flow.to_frame, flow.to_earlier, false);
}

FieldFact PixelRatios::field(const GridShape& shape, int back) const {
    const std::size_t size = shape.size();
    FieldFact fact;
    fact.back = back;
    fact.log_ratio.assign(size, 0.0);
    fact.weight.assign(size, 0.0);
    fact.dx.assign(size, 0.0);
    fact.dy.assign(size, 0.0);
    if (pixels_.empty()) return fact;

    std::vector<float> ratios;
    for (const Pixel& pixel : pixels_) ratios.push_back(pixel.ratio);
    const auto middle = ratios.begin() + static_cast<std::ptrdiff_t>(ratios.size() / 2);
    std::nth_element(ratios.begin(), middle, ratios.end());
    std::fill(fact.log_ratio.begin(), fact.log_ratio.end(), static_cast<double>(*middle));

    std::vector<GridPlace> places;
    for (const Pixel& pixel : pixels_)
        places.push_back(place_on(shape, static_cast<double>(pixel.x), static_cast<double>(pixel.y)));
    const double cell = static_cast<double>(looked_at_) / static_cast<double>(size);
    std::vector<double> seen(size, 0.0);
    for (const double scale : scales) {
        for (int step = 0; step < steps_a_scale; ++step) {
            BandMatrix normal(size, static_cast<std::size_t>(shape.columns) + 1);
            std::vector<double> right(size, 0.0);
            std::fill(seen.begin(), seen.end(), 0.0);
            for (std::size_t i = 0; i < pixels_.size(); ++i) {
                const GridPlace& place = places[i];
                double made = 0;
                for (std::size_t k = 0; k < 4; ++k) made += place.share[k] * fact.log_ratio[place.node[k]];
                const double off = (static_cast<double>(pixels_[i].ratio) - made) / scale;
                const double weight = static_cast<double>(pixels_[i].trust) / (1 + off * off);
                for (std::size_t a = 0; a < 4; ++a) {
                    if (place.share[a] == 0) continue;
                    right[place.node[a]] += weight * place.share[a] * static_cast<double>(pixels_[i].ratio);
                    seen[place.node[a]] += weight * place.share[a];
                    for (std::size_t b = 0; b < 4; ++b) {
                        if (place.node[b] > place.node[a] || place.share[b] == 0) continue;
                        // At the grid's edge two of the four are one node.
                        normal.cell(place.node[a], place.node[b]) += weight * place.share[a] * place.share[b];
                    }
                }
            }
            for (std::size_t node = 0; node < size; ++node) normal.cell(node, node) += 1e-9 * cell;
            neighbours(shape, [&](std::size_t a, std::size_t b) {
                normal.cell(a, a) += smoothness * cell;
                normal.cell(b, b) += smoothness * cell;
                normal.cell(b, a) -= smoothness * cell;
            });
            normal.factorize();
            fact.log_ratio = normal.solve(std::move(right));
        }
    }
    std::vector<double> counted(size, 0.0), off(size, 0.0);
    for (std::size_t i = 0; i < pixels_.size(); ++i) {
        double made = 0;
        for (std::size_t k = 0; k < 4; ++k) made += places[i].share[k] * fact.log_ratio[places[i].node[k]];
        const double distance = std::min(std::abs(static_cast<double>(pixels_[i].ratio) - made), scales[0]);
        for (std::size_t k = 0; k < 4; ++k) {
            const double share = places[i].share[k];
            counted[places[i].node[k]] += share;
            off[places[i].node[k]] += share * distance;
            fact.dx[places[i].node[k]] += share * static_cast<double>(pixels_[i].dx);
            fact.dy[places[i].node[k]] += share * static_cast<double>(pixels_[i].dy);
        }
    }
    for (std::size_t node = 0; node < size; ++node) {
        if (!(counted[node] > 0)) continue;
        fact.dx[node] /= counted[node];
        fact.dy[node] /= counted[node];
        const double contradiction = off[node] / counted[node] / usual_distance;
        const double weight = std::min(1.0, seen[node] / cell) / (1 + contradiction * contradiction);
        fact.weight[node] = weight > least_weight ? weight : 0.0;
    }
    return fact;
}

std::vector<std::vector<double>> solve_fields(const GridShape& shape,
                                              std::span<const std::vector<FieldFact>> facts,
                                              const FieldHold& hold) {
    // One equation a pair and node: field[t] at the node, less field[t - back] at where the node's picture
    // was then, is the ratio. By conjugate gradients, without making the matrix.
    struct Equation {
        std::size_t at = 0;       // index of frame t's node
        std::size_t earlier = 0;  // index of frame (t - back)'s first node
        GridPlace place;
        double ratio = 0, weight = 0;
        double pull = 1;  // less for one that contradicts the others
    };
    const std::size_t nodes = shape.size(), size = nodes * facts.size();
    std::vector<Equation> equations;
    for (std::size_t t = 0; t < facts.size(); ++t) {
        for (const FieldFact& fact : facts[t]) {
            const auto back = static_cast<std::size_t>(fact.back);
            if (back > t) continue;
            for (std::size_t node = 0; node < nodes; ++node) {
                if (!(fact.weight[node] > 0)) continue;
                const auto [x, y] = middle_of(shape, node);
                equations.push_back({t * nodes + node, (t - back) * nodes,
                                     place_on(shape, x + fact.dx[node], y + fact.dy[node]),
                                     fact.log_ratio[node], fact.weight[node] / fact.back});
            }
        }
    }
    std::vector<double> weights;
    for (const Equation& equation : equations) weights.push_back(equation.weight);
    const double usual = weights.empty() ? 1.0 : median(std::move(weights));
    const auto difference = [&](const Equation& equation, const std::vector<double>& field) {
        double sum = field[equation.at];
        for (std::size_t k = 0; k < 4; ++k)
            sum -= equation.place.share[k] * field[equation.earlier + equation.place.node[k]];
        return sum;
    };
    const auto spread = [&](const Equation& equation, double value, std::vector<double>& sum) {
        sum[equation.at] += value;
        for (std::size_t k = 0; k < 4; ++k)
            sum[equation.earlier + equation.place.node[k]] -= equation.place.share[k] * value;
    };
    const auto applied = [&](const std::vector<double>& field) {
        std::vector<double> sum(size, 0.0);
        for (const Equation& equation : equations)
            spread(equation, equation.weight * equation.pull * difference(equation, field), sum);
        for (std::size_t i = 0; i < size; ++i) sum[i] += hold.to_nothing * usual * field[i];
        for (std::size_t t = 0; t < facts.size(); ++t) {
            neighbours(shape, [&](std::size_t a, std::size_t b) {
                const double held =
                    hold.to_neighbours * usual * (field[t * nodes + a] - field[t * nodes + b]);
                sum[t * nodes + a] += held;
                sum[t * nodes + b] -= held;
            });
        }
        return sum;
    };
    std::vector<double> field(size, 0.0);
    for (int round = 0; round < robust_rounds; ++round) {
        std::vector<double> rest = applied(field);
        for (double& value : rest) value = -value;
        for (const Equation& equation : equations)
            spread(equation, equation.weight * equation.pull * equation.ratio, rest);
        conjugate_gradients(applied, std::move(rest), field, solve_steps, solve_tolerance);
        std::vector<double> off;
        for (const Equation& equation : equations)
            off.push_back(std::abs(equation.ratio - difference(equation, field)));
        const double scale = std::max(least_scale, 3 * median(off));
        for (std::size_t i = 0; i < equations.size(); ++i)
            equations[i].pull = 1 / (1 + std::pow(off[i] / scale, 2));
    }
    std::vector<std::vector<double>> fields;
    for (std::size_t t = 0; t < facts.size(); ++t)
        fields.emplace_back(field.begin() + static_cast<std::ptrdiff_t>(t * nodes),
                            field.begin() + static_cast<std::ptrdiff_t>((t + 1) * nodes));
    return fields;
}

}  // namespace wetgate::passes::deflicker

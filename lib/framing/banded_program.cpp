#include "framing/banded_program.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/error.h"

// Note [Interior point]
// Each limit has a slack s = a.x - b > 0 and a price p > 0; each absolute value is a pair of limits
// e + r >= 0, e - r >= 0 (r = a.x - b) with the cost weight * e, whose prices always sum to the weight. Both
// hold from the start and along all steps, so only the balance of forces on x and the products s * p (which
// go to 0) are worked at. The extra variables e are taken out by hand: what is left is one band matrix over
// x.

namespace wetgate::framing {
namespace {

constexpr int most_rounds = 100;
constexpr double to_the_wall = 0.995;  // of the way to the nearest limit
constexpr double tolerance = 1e-9;     // of the objective's scale
constexpr double least_pull = 1e-9;    // towards where a variable is, against singular matrices

/// A symmetric positive band matrix, lower half by rows: at(i, d) is (i, i - d).
class Band {
public:
    Band(std::size_t size, std::size_t width)
        : size_(size), width_(std::max<std::size_t>(1, width)), m_(size * width_) {}

    double& at(std::size_t i, std::size_t d) { return m_[i * width_ + d]; }
    void clear() { std::fill(m_.begin(), m_.end(), 0.0); }

    void add(std::size_t first, const double* a, std::size_t count, double weight) {
        for (std::size_t i = 0; i < count; ++i)
            for (std::size_t j = 0; j <= i; ++j) at(first + i, i - j) += weight * a[i] * a[j];
    }

    /// The Cholesky factor, in place.
    void factorise() {
        for (std::size_t i = 0; i < size_; ++i) {
            const std::size_t from = i + 1 >= width_ ? i + 1 - width_ : 0;
            const double full = at(i, 0);
            for (std::size_t j = from; j <= i; ++j) {
                const std::size_t common = std::max(from, j + 1 >= width_ ? j + 1 - width_ : 0);
                double sum = at(i, i - j);
                for (std::size_t k = common; k < j; ++k) sum -= at(i, i - k) * at(j, j - k);
                if (j < i) {
                    at(i, i - j) = sum / at(j, 0);
                } else {
                    at(i, 0) = std::sqrt(std::max(sum, 1e-14 * full + 1e-300));
                }
            }
        }
    }

    void solve(std::vector<double>& x) const {
        for (std::size_t i = 0; i < size_; ++i) {
            for (std::size_t d = 1; d < width_ && d <= i; ++d) x[i] -= m_[i * width_ + d] * x[i - d];
            x[i] /= m_[i * width_];
        }
        for (std::size_t i = size_; i-- > 0;) {
            x[i] /= m_[i * width_];
            for (std::size_t d = 1; d < width_ && d <= i; ++d) x[i - d] -= m_[i * width_ + d] * x[i];
        }
    }

private:
    std::size_t size_, width_;
    std::vector<double> m_;
};

/// A slack and its price, with their changes.
struct Wall {
    double slack = 0, price = 0;
    double slack_change = 0, price_change = 0;
    double target = 0;  // what slack * price should lose

    double stiffness() const { return price / slack; }
    double pull() const { return target / slack; }
    void change(double by) {
        slack_change = by;
        price_change = -pull() - stiffness() * by;
    }
    double room(double step) const {
        if (slack_change < 0) step = std::min(step, -to_the_wall * slack / slack_change);
        if (price_change < 0) step = std::min(step, -to_the_wall * price / price_change);
        return step;
    }
};

}  // namespace

struct BandedProgram::Work {
    const BandedProgram& of;
    std::vector<double> x, change;
    std::vector<Wall> walls, above, below;  // limits; absolutes: e + r and e - r
    Band matrix;

    explicit Work(const BandedProgram& program, std::vector<double> start)
        : of(program), x(std::move(start)), change(x.size()), matrix(x.size(), program.band_) {
        for (const Row& row : of.limits_) {
            const double slack = of.along(row, x) - row.right;
            if (!(slack > 0)) throw Error(ErrorKind::Internal, "a start that breaks the limits");
            walls.push_back({.slack = slack, .price = 1 / slack});
        }
        for (const Row& row : of.absolutes_) {
            const double r = of.along(row, x) - row.right, e = std::abs(r) + 1;
            above.push_back({.slack = e + r, .price = row.weight / 2});
            below.push_back({.slack = e - r, .price = row.weight / 2});
        }
    }

    const double* a(const Row& row) const { return of.coefficients_.data() + row.begin; }

    double mean_product() const {
        double sum = 0;
        for (const auto* list : {&walls, &above, &below})
            for (const Wall& wall : *list) sum += wall.slack * wall.price;
        return sum / static_cast<double>(std::max<std::size_t>(1, walls.size() + 2 * above.size()));
    }

    /// Minus the force on each variable: what the terms' slopes and the prices do not balance.
    std::vector<double> imbalance() const {
        std::vector<double> rest(x.size());
        const auto add = [&](const Row& row, double by) {
            for (std::size_t i = 0; i < row.count; ++i) rest[row.first + i] += by * a(row)[i];
        };
        for (const Row& row : of.squares_) add(row, row.weight * (of.along(row, x) - row.right));
        for (std::size_t m = 0; m < walls.size(); ++m) add(of.limits_[m], -walls[m].price);
        for (std::size_t j = 0; j < above.size(); ++j) add(of.absolutes_[j], below[j].price - above[j].price);
        return rest;
    }

    void assemble() {
        matrix.clear();
        for (std::size_t i = 0; i < x.size(); ++i) matrix.at(i, 0) = least_pull;
        for (const Row& row : of.squares_) matrix.add(row.first, a(row), row.count, row.weight);
        for (std::size_t m = 0; m < walls.size(); ++m)
            matrix.add(of.limits_[m].first, a(of.limits_[m]), of.limits_[m].count, walls[m].stiffness());
        for (std::size_t j = 0; j < above.size(); ++j) {
            const double up = above[j].stiffness(), down = below[j].stiffness();
            const Row& row = of.absolutes_[j];
            matrix.add(row.first, a(row), row.count, 4 * up * down / (up + down));
        }
        matrix.factorise();
    }

    /// The changes of everything that `target` of the walls asks for.
    void direct(const std::vector<double>& imbalance_now) {
        for (std::size_t i = 0; i < x.size(); ++i) change[i] = -imbalance_now[i];
        const auto add = [&](const Row& row, double by) {
            for (std::size_t i = 0; i < row.count; ++i) change[row.first + i] += by * a(row)[i];
        };
        for (std::size_t m = 0; m < walls.size(); ++m) add(of.limits_[m], -walls[m].pull());
        for (std::size_t j = 0; j < above.size(); ++j) {
            const double up = above[j].stiffness(), down = below[j].stiffness();
            add(of.absolutes_[j], -2 * (down * above[j].pull() - up * below[j].pull()) / (up + down));
        }
        matrix.solve(change);
        for (std::size_t m = 0; m < walls.size(); ++m) walls[m].change(of.along(of.limits_[m], change));
        for (std::size_t j = 0; j < above.size(); ++j) {
            const double up = above[j].stiffness(), down = below[j].stiffness();
            const double r = of.along(of.absolutes_[j], change);
            const double e = -(above[j].pull() + below[j].pull() + (up - down) * r) / (up + down);
            above[j].change(e + r);
            below[j].change(e - r);
        }
    }

    double longest_step() const {
        double step = 1;
        for (const auto* list : {&walls, &above, &below})
            for (const Wall& wall : *list) step = wall.room(step);
        return step;
    }

    template <class Function>
    void each_wall(const Function& function) {
        for (auto* list : {&walls, &above, &below})
            for (Wall& wall : *list) function(wall);
    }

    void advance(double step) {
        for (std::size_t i = 0; i < x.size(); ++i) x[i] += step * change[i];
        each_wall([&](Wall& wall) {
            wall.slack += step * wall.slack_change;
            wall.price += step * wall.price_change;
        });
    }
};

BandedProgram::BandedProgram(std::size_t variables, std::size_t band) : variables_(variables), band_(band) {}

BandedProgram::Row BandedProgram::row(std::size_t first, std::span<const double> coefficients, double right,
                                      double weight) {
    if (coefficients.size() > band_ || first + coefficients.size() > variables_ || !(weight >= 0) ||
        !std::isfinite(right))
        throw Error(ErrorKind::Internal, "a term that does not fit its program");
    const std::size_t begin = coefficients_.size();
    coefficients_.insert(coefficients_.end(), coefficients.begin(), coefficients.end());
    return {first, begin, coefficients.size(), right, weight};
}

double BandedProgram::along(const Row& row, const std::vector<double>& x) const {
    double sum = 0;
    for (std::size_t i = 0; i < row.count; ++i) sum += coefficients_[row.begin + i] * x[row.first + i];
    return sum;
}

void BandedProgram::add_square(std::size_t first, std::span<const double> coefficients, double right,
                               double weight) {
    if (weight != 0) squares_.push_back(row(first, coefficients, right, weight));
}

void BandedProgram::add_absolute(std::size_t first, std::span<const double> coefficients, double right,
                                 double weight) {
    if (weight != 0) absolutes_.push_back(row(first, coefficients, right, weight));
}

void BandedProgram::add_limit(std::size_t first, std::span<const double> coefficients, double right) {
    limits_.push_back(row(first, coefficients, right, 0));
}

BandedProgram::Solution BandedProgram::solve(std::vector<double> start) const {
    if (start.size() != variables_) throw Error(ErrorKind::Internal, "a start of another size");
    Work work(*this, std::move(start));
    double scale = 1e-12;  // of the forces
    for (const auto* list : {&squares_, &absolutes_})
        for (const Row& row : *list) scale = std::max(scale, row.weight);
    Solution solution;
    for (; solution.rounds < most_rounds; ++solution.rounds) {
        const std::vector<double> imbalance = work.imbalance();
        const double product = work.mean_product();
        const double worst = std::transform_reduce(
            imbalance.begin(), imbalance.end(), 0.0, [](double a, double b) { return std::max(a, b); },
            [](double a) { return std::abs(a); });
        solution.is_solved = product < tolerance * scale && worst < 1e3 * tolerance * scale;
        if (solution.is_solved) break;
        work.assemble();
        work.each_wall([](Wall& wall) { wall.target = wall.slack * wall.price; });
        work.direct(imbalance);
        const double guess = work.longest_step();
        double after = 0;
        work.each_wall([&](const Wall& wall) {
            after += (wall.slack + guess * wall.slack_change) * (wall.price + guess * wall.price_change);
        });
        const std::size_t walls = work.walls.size() + 2 * work.above.size();
        if (walls > 0) {
            const double kept = std::pow(after / static_cast<double>(walls) / product, 3);
            work.each_wall([&](Wall& wall) {
                wall.target =
                    wall.slack * wall.price + wall.slack_change * wall.price_change - kept * product;
            });
            work.direct(imbalance);
        }
        work.advance(work.longest_step());
    }
    solution.values = std::move(work.x);
    return solution;
}

}  // namespace wetgate::framing

#pragma once
#include <cstddef>
#include <span>
#include <vector>

namespace wetgate::framing {

/// A convex problem over a row of variables, each of whose terms sees but a few neighbours:
///
///     least  sum of weight * (a.x - b)^2 / 2  +  sum of weight * |a.x - b|   with  a.x >= b  for each limit
///
/// Solved by an interior-point method (Mehrotra, 1992) whose normal equations are a band, so that time and
/// memory grow as the number of variables. The same problem gives the same bits.
class BandedProgram {
public:
    /// No term sees variables more than `band` places wide (a term of one variable is 1 wide).
    BandedProgram(std::size_t variables, std::size_t band);

    /// a = 0 but for `coefficients`, which belong to the variables from `first` on. Error{Internal} where
    /// they leave the band or the row. `weight` >= 0; terms of weight 0 are left out.
    void add_square(std::size_t first, std::span<const double> coefficients, double right, double weight);
    void add_absolute(std::size_t first, std::span<const double> coefficients, double right, double weight);
    void add_limit(std::size_t first, std::span<const double> coefficients, double right);

    struct Solution {
        std::vector<double> values;
        bool is_solved = false;  ///< false: the best found when rounds ran out; the limits hold all the same
        int rounds = 0;
    };
    /// `start` must hold all limits with room to spare (Error{Internal} otherwise). Every limit holds in the
    /// solution, to rounding. Where the terms do not say what a variable should be, it stays near `start`.
    Solution solve(std::vector<double> start) const;

private:
    struct Row {
        std::size_t first, begin, count;  // variables from first on; coefficients_[begin, begin + count)
        double right, weight;
    };
    struct Work;

    Row row(std::size_t first, std::span<const double> coefficients, double right, double weight);
    double along(const Row& row, const std::vector<double>& x) const;

    std::size_t variables_, band_;
    std::vector<double> coefficients_;
    std::vector<Row> squares_, absolutes_, limits_;
};

}  // namespace wetgate::framing

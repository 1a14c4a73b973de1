#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace wetgate::passes::deflicker {

/// A symmetric positive definite matrix with few diagonals, and its Cholesky factor in place.
class BandMatrix {
public:
    /// `below`: diagonals under the main one.
    BandMatrix(std::size_t size, std::size_t below)
        : size_(size), below_(below), cells_(size * (below + 1), 0.0) {}

    /// Cell (row, column) with column <= row <= column + below.
    double& cell(std::size_t row, std::size_t column) { return cells_[row * (below_ + 1) + (row - column)]; }
    double cell(std::size_t row, std::size_t column) const {
        return cells_[row * (below_ + 1) + (row - column)];
    }

    /// Turns the matrix into its lower factor; the logarithm of the matrix's determinant. A pivot that
    /// rounding made vanish is held at a tiny positive value.
    double factorize() {
        double log_determinant = 0.0;
        for (std::size_t row = 0; row < size_; ++row) {
            for (std::size_t column = row - std::min(row, below_); column <= row; ++column) {
                double sum = cell(row, column);
                for (std::size_t k = row - std::min(row, below_); k < column; ++k) {
                    if (k + below_ >= column) sum -= cell(row, k) * cell(column, k);
                }
                if (column == row) {
                    sum = std::max(sum, 1e-30);
                    log_determinant += std::log(sum);
                    cell(row, row) = std::sqrt(sum);
                } else {
                    cell(row, column) = sum / cell(column, column);
                }
            }
        }
        return log_determinant;
    }

    /// x of (factorized matrix) x = right.
    std::vector<double> solve(std::vector<double> right) const {
        for (std::size_t row = 0; row < size_; ++row) {
            for (std::size_t k = row - std::min(row, below_); k < row; ++k)
                right[row] -= cell(row, k) * right[k];
            right[row] /= cell(row, row);
        }
        for (std::size_t row = size_; row-- > 0;) {
            const std::size_t end = std::min(size_, row + below_ + 1);
            for (std::size_t k = row + 1; k < end; ++k) right[row] -= cell(k, row) * right[k];
            right[row] /= cell(row, row);
        }
        return right;
    }

private:
    std::size_t size_, below_;
    std::vector<double> cells_;
};

}  // namespace wetgate::passes::deflicker

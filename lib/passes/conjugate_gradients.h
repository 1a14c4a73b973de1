#pragma once
#include <cstddef>
#include <vector>

namespace wetgate::passes {

/// Moves `field` towards the solution of applied(field) = right, by conjugate gradients from where it is.
/// `applied`: a symmetric positive definite map of vectors; `rest`: right - applied(field), used up. Ends
/// when the squares of the rest have fallen to `tolerance` of what they were.
template <class Map>
void conjugate_gradients(const Map& applied, std::vector<double> rest, std::vector<double>& field, int steps,
                         double tolerance) {
    const auto dot = [](const std::vector<double>& a, const std::vector<double>& b) {
        double sum = 0;
        for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
        return sum;
    };
    std::vector<double> way = rest;
    double power = dot(rest, rest);
    const double goal = tolerance * power;
    for (int step = 0; step < steps && power > goal; ++step) {
        const std::vector<double> through = applied(way);
        const double length = power / dot(way, through);
        for (std::size_t i = 0; i < field.size(); ++i) {
            field[i] += length * way[i];
            rest[i] -= length * through[i];
        }
        const double next = dot(rest, rest);
        for (std::size_t i = 0; i < field.size(); ++i) way[i] = rest[i] + next / power * way[i];
        power = next;
    }
}

}  // namespace wetgate::passes

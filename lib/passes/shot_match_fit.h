#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "color/cdl.h"
#include "passes/surfaces.h"

// From surfaces that two pictures share to the grade that brings one to the other: the solving half of the
// pass `shot_match`, on the host, without LibTorch.

namespace wetgate::passes::shot_match {

/// Rows of R, G and B: gains of the CDL's R, G, B, and an offset.
using Matrix3x4 = std::array<std::array<double, 4>, 3>;

/// A grade without clamping: the CDL, then the matrix where there is one.
struct Grade {
    color::Cdl cdl;
    std::optional<Matrix3x4> matrix;

    std::array<double, 3> at(const std::array<double, 3>& rgb) const;
};

enum class Model : std::uint8_t {
    Auto,   ///< the simplest that explains the surfaces as well as the others, judged on left-out ones
    Gain,   ///< slopes alone
    Cdl,    ///< all ten numbers
    Matrix  ///< slopes, and a matrix
};

struct Fit {
    Grade grade;
    double before = 0;  ///< how far surfaces are off, as a share of their light: median over surfaces
    double after = 0;
    double mean_stops = 0;  ///< how far the grade moves the surfaces' channels, mean |log2|
};

/// Robust: up to a third of the surfaces may be of another opinion. At least one surface.
Fit fit_grade(std::span<const Surface> surfaces, Model model);

}  // namespace wetgate::passes::shot_match

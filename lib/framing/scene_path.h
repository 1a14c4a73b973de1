#pragma once
#include <array>
#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "framing/banded_program.h"
#include "framing/similarity.h"
#include "framing/view_numbers.h"

namespace wetgate::framing {

/// What a view of the plate may be: a rectangle (half_width, half_height) about its own centre, mapped into
/// the plate, stays within (outer_width, outer_height) of the plate's centre and is not scaled below
/// least_scale.
struct ViewLimits {
    double half_width, half_height;    ///< px
    double outer_width, outer_height;  ///< px
    double least_scale;
};

/// How much a path's first, second and third differences cost, by their size and by its square; a difference
/// is in thousandths of the picture's diagonal, at its corners.
struct PathWeights {
    std::array<double, 3> by_size{};
    std::array<double, 3> by_square{};
    double away = 0;  ///< the same of a view's distance from the plate's own, by its square
};

/// The frames between two cuts, of which the views are sought. See Note [The path's program].
class ScenePathProblem {
public:
    /// steps[i] leads from frame i - 1 to frame i, about the centre; steps[0] is not looked at.
    ScenePathProblem(std::vector<Similarity> steps, const ViewLimits& limits);

    std::size_t size() const { return steps_.size(); }

    /// The views of least cost within the limits.
    std::vector<Similarity> smooth(const PathWeights& weights) const;
    /// The same for frames [first, last) alone, all others keeping what `views` has; the limits hold where
    /// `is_limited`.
    void repair(std::vector<Similarity>& views, std::size_t first, std::size_t last,
                const PathWeights& weights, bool is_limited) const;
    /// One view that all frames share, as little cropped and turned as can be; nullopt where the limits allow
    /// none.
    std::optional<std::vector<Similarity>> locked() const;

    /// Whether a view lies within a hundredth of a pixel of one of the limits.
    bool is_held_back(const Similarity& view) const;

private:
    void add_difference(BandedProgram& program, std::size_t end, std::size_t order, std::size_t first_free,
                        std::size_t last_free, const std::vector<Similarity>& fixed,
                        const PathWeights& weights) const;
    std::vector<std::pair<ViewNumbers, double>> limit_rows() const;  // row . numbers >= right
    double start_scale() const;

    std::vector<Similarity> steps_;
    ViewLimits limits_;
    double radius_px_;
};

}  // namespace wetgate::framing

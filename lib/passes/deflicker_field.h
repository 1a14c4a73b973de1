#pragma once
#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "passes/deflicker_measure.h"

// Light that changes unlike in different parts of the picture: fields of logarithmic gain on a few nodes.

namespace wetgate::passes::deflicker {

/// Nodes at the middles of the cells of a grid over the picture; bilinear between them, constant beyond the
/// outer ones (as bilinear resizing places pixels).
struct GridShape {
    int columns = 1;
    int rows = 1;
    std::size_t size() const { return static_cast<std::size_t>(columns) * static_cast<std::size_t>(rows); }
    bool operator==(const GridShape&) const = default;
};

/// The nodes that a place in the picture lies between, and their shares.
struct GridPlace {
    std::size_t node[4] = {};
    double share[4] = {};
};
/// `x`, `y`: 0..1 over the picture; outside, the nearest place inside.
GridPlace place_on(const GridShape& shape, double x, double y);
/// Where a node lies, 0..1 over the picture.
std::array<double, 2> middle_of(const GridShape& shape, std::size_t node);
double value_at(const GridShape& shape, std::span<const double> nodes, double x, double y);

/// How the light of frame t compares with that of frame t - back, node by node.
struct FieldFact {
    int back = 1;
    std::vector<double> log_ratio;  ///< natural logarithm of (frame t / frame t - back), all channels alike
    std::vector<double> weight;     ///< (0,1]: of the surroundings' pixels, how many tell of it; 0: none
    std::vector<double> dx, dy;  ///< where what is at the node lies in frame t - back, in widths and heights
};

/// Ratios of pixels that flow connects, and where they lie: what fields are fitted to.
class PixelRatios {
public:
    PixelRatios(const Guide& frame, const Guide& earlier, const PairFlow& flow);
    /// Robust least squares: pixels that contradict their surroundings (objects that turn, highlights) lose
    /// weight.
    FieldFact field(const GridShape& shape, int back) const;

private:
    struct Pixel {
        float x = 0, y = 0;    // 0..1 in frame t
        float dx = 0, dy = 0;  // to frame t - back, in widths and heights
        float ratio = 0, trust = 0;
    };
    std::vector<Pixel> pixels_;
    std::size_t looked_at_ = 0;
};

/// What decides where comparisons tell little, as shares of a usual comparison's weight.
struct FieldHold {
    double to_neighbours = 0;  ///< nodes beside each other are alike
    double to_nothing = 0;     ///< there is no change; what is slow and faint suffers first
};

/// A field of every frame from the comparisons of its pairs, up to a constant of the shot: least squares over
/// all pairs, nodes that nothing is known of follow their neighbours.
std::vector<std::vector<double>> solve_fields(const GridShape& shape,
                                              std::span<const std::vector<FieldFact>> facts,
                                              const FieldHold& hold);

}  // namespace wetgate::passes::deflicker

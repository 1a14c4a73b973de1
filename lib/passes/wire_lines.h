#pragma once
#include <ATen/core/Tensor.h>

#include <array>
#include <opencv2/core.hpp>
#include <optional>
#include <vector>

namespace wetgate::passes::wire {

using Point = std::array<double, 2>;  ///< x, y in pixels of the frame's data window, its corner at 0, 0
using Path = std::vector<Point>;      ///< the middle of a wire, from one end to the other

/// From a point to a straight stretch.
double distance_to(const Point& point, const Point& from, const Point& to);

/// A thin line in a picture, straight or bent like a hanging rope.
struct Line {
    Path path;
    double width_px = 0;
    double contrast = 0;  ///< coded, against both its sides; below 0: dark
    /// Deviation of its own light along it, in parts of that of its sides, or of half its contrast.
    double uneven = 0;
    double soft = 0;  ///< width of its edges, where its contrast goes from 1/4 to 3/4, in parts of its own
    double sure = 0;  ///< [0,1] share of its length along which it is there
};

/// Which lines are looked for.
struct Wanted {
    double least_width_px = 2;
    double most_width_px = 24;
    bool bright = true, dark = true;
};

/// The ridges of one picture: where it is darker or brighter than on two opposite sides, by Hessians at
/// several scales (Lindeberg, "Edge detection and ridge detection with automatic scale selection", 1998).
class Ridges {
public:
    /// `coded`: [3,H,W] float32, about 0..1.
    Ridges(const at::Tensor& coded, const Wanted& wanted);

    /// Lines that are long and thin, the longest first, `most` at the most.
    std::vector<Line> lines(std::size_t most) const;
    /// The line that a rough path, up to `range_px` beside it, means. nullopt where there is none.
    std::optional<Line> along(const Path& rough, double range_px) const;

private:
    struct Spot {
        float x, y;  // of the working picture
        float normal_x, normal_y;
        float light;
        bool is_bright;
    };
    using Spots = std::vector<Spot>;

    /// A curve: a straight line and how far it bends to its side.
    struct Curve {
        Point origin, along, side;     // unit vectors
        std::array<double, 3> bend{};  // to the side, by place along: b0 + b1 t + b2 t^2
        double first = 0, last = 0;    // along

        double to_side(double t) const { return bend[0] + t * (bend[1] + t * bend[2]); }
        Point at(double t) const {
            const double s = to_side(t);
            return {origin[0] + t * along[0] + s * side[0], origin[1] + t * along[1] + s * side[1]};
        }
    };

    void find(double sigma, const Wanted& wanted);
    std::optional<Line> fitted(Curve curve, const Spots& spots, bool is_bright, double range) const;
    std::optional<Line> measured(const Curve& curve, bool is_bright, double sure) const;
    double light_at(const Point& point) const;
    Path in_pixels(const Curve& curve) const;

    int step_ = 1;      // pixels of the plate a pixel of the working picture
    cv::Mat light_;     // CV_32F
    double sigma_ = 0;  // of its noise
    Wanted wanted_;
    Spots spots_;
};

}  // namespace wetgate::passes::wire

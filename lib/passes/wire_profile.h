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

/// Of at least one value.
double median(std::vector<double> values);

/// A thin line in a picture, straight or bent like a hanging rope.
struct Line {
    Path path;
    double width_px = 0;
    double contrast = 0;  ///< coded, against both its sides; below 0: dark
    /// Deviation of its own light along it, in parts of that of its sides, or of half its contrast.
    double uneven = 0;
    double ragged = 0;  ///< deviation of its contrast along it, in parts of it
    double soft = 0;    ///< width of its edges, where its contrast goes from 1/4 to 3/4, in parts of its own
    double sure = 0;    ///< [0,1] share of its length along which it is there
};

/// Which lines are looked for.
struct Wanted {
    double least_width_px = 2;
    double most_width_px = 24;
    bool bright = true, dark = true;
    double least_contrast = 0.02;  ///< coded
};

/// A curve: a straight line and how far it bends to its side.
struct Curve {
    Point origin{}, along{}, side{};  ///< the latter unit vectors
    std::array<double, 3> bend{};     ///< to the side, by place along: b0 + b1 t + b2 t^2
    double first = 0, last = 0;       ///< along

    double to_side(double t) const { return bend[0] + t * (bend[1] + t * bend[2]); }
    Point at(double t) const {
        const double s = to_side(t);
        return {origin[0] + t * along[0] + s * side[0], origin[1] + t * along[1] + s * side[1]};
    }
};

/// The light of a picture, made smaller where it is large.
class LightPicture {
public:
    /// `coded`: [3,H,W] float32, about 0..1.
    LightPicture(const at::Tensor& coded, std::int64_t most_side_px);

    const cv::Mat& light() const { return light_; }  ///< CV_32F
    int step() const { return step_; }               ///< pixels of the plate a pixel of it
    double noise() const { return noise_; }          ///< deviation, coded

    /// The line that lies along a curve: its profile across, averaged along. nullopt where there is none of
    /// that width and contrast.
    std::optional<Line> measured(const Curve& curve, bool is_bright, double sure, const Wanted& wanted) const;

private:
    double light_at(const Point& point) const;
    Path in_pixels(const Curve& curve) const;

    int step_ = 1;
    cv::Mat light_;
    double noise_ = 0;
};

}  // namespace wetgate::passes::wire

#pragma once
#include <memory>
#include <vector>

#include "motion/track.h"

namespace wetgate::framing {

/// Size of a picture in pixels: what ASC FDL calls a canvas.
struct Canvas {
    int width = 0;
    int height = 0;
    bool operator==(const Canvas&) const = default;
};

/// A place in a picture, in picture coordinates as a Box has them: whole numbers are centres of samples, so a
/// picture over a window covers [x0 - 0.5, x1 - 0.5) x [y0 - 0.5, y1 - 0.5).
struct Point {
    double x = 0;
    double y = 0;
};

/// One way from places of a picture to places of another. Const after construction.
class WarpStep {
public:
    virtual ~WarpStep() = default;
    /// NaN where nothing lies.
    virtual Point at(Point place) const = 0;
};

/// Where the pixels of a picture come from in another: steps, one after the other. Copies share the steps.
class Warp {
public:
    Warp() = default;
    explicit Warp(const motion::Homography& map) { then(map); }

    void then(std::shared_ptr<const WarpStep> step) { steps_.push_back(std::move(step)); }
    /// Two projective maps that follow each other become one.
    void then(const motion::Homography& map);
    void then(const Warp& next);

    Point at(double x, double y) const;
    /// True only for a warp without steps, or of one step that is the identity map.
    bool is_identity() const;

private:
    std::vector<std::shared_ptr<const WarpStep>> steps_;
};

/// The map that enlarges by `scale` and turns by `degrees` (clockwise on the screen) about `centre`, then
/// shifts by (dx, dy) pixels.
motion::Homography similarity(Point centre, double scale, double degrees, double dx, double dy);

}  // namespace wetgate::framing

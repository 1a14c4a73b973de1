#pragma once
#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
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
    /// Across and down, of a warp that is known to be a shift by whole pixels (none for one without steps).
    std::optional<std::array<int, 2>> whole_shift() const;
    /// True only for a warp that is known to be no move at all.
    bool is_identity() const { return whole_shift() == std::array<int, 2>{0, 0}; }

private:
    std::vector<std::shared_ptr<const WarpStep>> steps_;
};

/// Where the colours of a picture's pixels come from: a lens may show each at a place of its own. Alpha and
/// mattes go with green.
class ColourWarp {
public:
    ColourWarp() = default;
    /// All three alike. Not explicit: what moves colours also moves them together.
    ColourWarp(Warp all) : green_(std::move(all)) {}  // NOLINT(google-explicit-constructor)
    ColourWarp(Warp red, Warp green, Warp blue)
        : green_(std::move(green)), red_blue_({std::move(red), std::move(blue)}) {}

    void then(const ColourWarp& next);

    bool is_split() const { return red_blue_.has_value(); }
    /// Of 0 R, 1 G, 2 B.
    const Warp& of(std::size_t channel) const {
        return channel == 1 || !red_blue_ ? green_ : red_blue_->at(channel / 2);
    }
    const Warp& green() const { return green_; }
    /// As Warp has them, of all three together.
    std::optional<std::array<int, 2>> whole_shift() const {
        return is_split() ? std::nullopt : green_.whole_shift();
    }
    bool is_identity() const { return !is_split() && green_.is_identity(); }

private:
    Warp green_;
    std::optional<std::array<Warp, 2>> red_blue_;
};

/// The map that enlarges by `scale` and turns by `degrees` (clockwise on the screen) about `centre`, then
/// shifts by (dx, dy) pixels.
motion::Homography similarity(Point centre, double scale, double degrees, double dx, double dy);

}  // namespace wetgate::framing

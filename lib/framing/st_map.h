#pragma once
#include <array>

#include "core/host_frame.h"
#include "framing/warp.h"

namespace wetgate::framing {

/// An ST map, as Nuke's STMap reads it: R (u) and G (v) of each pixel say where in a picture it comes from, 0
/// to 1 from the left edge of the picture to its right and from its bottom to its top, so that the middle of
/// the pixel in column x and row y from the top of W x H has u = (x + 0.5) / W, v = 1 - (y + 0.5) / H. Past 0
/// and 1 lies what a picture has beyond its display window. What is no number, or further away than 8
/// pictures, comes from nowhere.
class StMap final : public WarpStep {
public:
    /// `picture`: the display window that 0 to 1 spans.
    StMap(FloatImage map, const Box& picture);

    /// Between the map's pixels by cubic interpolation (exact for what is straight); NaN outside of them and
    /// beside what comes from nowhere. A float map has not the digits for a thousandth of a pixel: a place
    /// that near to a sample is the sample.
    Point at(Point place) const override;
    const Box& window() const { return map_.window; }

private:
    Point sample(int column, int row) const;  // past the map's edge it goes straight on

    FloatImage map_;
    Box picture_;
};

/// The way that `warp` goes from each pixel of `window` to a picture of display window `picture`, as an ST
/// map: B is 0, and what comes from nowhere has u = v = -10.
FloatImage st_map_of(const Warp& warp, const Box& window, const Box& picture);

}  // namespace wetgate::framing

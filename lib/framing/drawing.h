#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string>

#include "core/geometry.h"
#include "framing/picture.h"
#include "framing/warp.h"

namespace wetgate::framing {

/// Red, green, blue as a display shows them.
using Ink = std::array<std::uint8_t, 3>;

/// A picture that is drawn on, for people to look at. Places are in pixels from the upper left corner of the
/// first pixel; what lies beyond the picture, or is NaN, is left out. The same calls give the same bytes.
class Drawing {
public:
    /// Error{Internal} for a size that is not 1 to 16384 a side.
    Drawing(int width, int height, Ink ground);
    explicit Drawing(ColorPicture picture);

    int width() const { return picture_.width; }
    int height() const { return picture_.height; }
    const ColorPicture& picture() const { return picture_; }

    /// Straight lines from place to place, broken where one is NaN; `thickness_px` 1 or more.
    void lines(std::span<const Point> places, const Ink& ink, int thickness_px = 1);
    void fill(const Box& box, const Ink& ink);
    /// One line of text on a dark ground of its own, from its lower left; letters `size_px` high. What is not
    /// ASCII is shown as '?'. Returns its width in pixels.
    int text(Point lower_left, const std::string& text, const Ink& ink, double size_px);
    /// Another picture, made `width` pixels wide, with its upper left corner at (x, y); what does not fit is
    /// cut off.
    void paste(const ColorPicture& other, int x, int y, int width);

private:
    ColorPicture picture_;
};

}  // namespace wetgate::framing

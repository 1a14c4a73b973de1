#pragma once
#include <cstddef>
#include <optional>
#include <vector>

#include "core/host_frame.h"
#include "framing/warp.h"

namespace wetgate::framing {

/// A picture to be moved: working linear light (ACEScg), and alpha where it has one (its colours are then
/// premultiplied).
struct MovablePicture {
    FloatImage rgb;                           ///< window: where its data lies
    std::optional<std::vector<float>> alpha;  ///< [H*W] over rgb.window
    Box display;                              ///< warps count from its corner
};

struct MovedPicture {
    FloatImage rgb;  ///< window: the canvas, from (0, 0)
    std::optional<std::vector<float>> alpha;
    std::size_t uncovered = 0;  ///< pixels that the picture does not reach: black, alpha 0
};

/// The picture as `canvas` shows it: pixel (x, y) of the canvas is what `to_picture` finds at (x, y).
///
/// By cubic convolution over 6 x 6 samples, more where the picture is made smaller, in the ACEScct coding (in
/// linear light it rings round lamps), each sample kept within a twelfth of a stop of those around its place;
/// in linear light where alpha is not 1, as mixing premultiplied colours must be. A place that is exactly a
/// sample keeps its bits. Samples past the data's edge repeat it; where the place itself lies outside of the
/// data there is no picture. Near a sample that is not finite, the nearest sample stands. A pure function of
/// its arguments, for one thread.
MovedPicture moved(const MovablePicture& picture, const Warp& to_picture, const Canvas& canvas);

}  // namespace wetgate::framing

#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "core/host_frame.h"
#include "framing/warp.h"

namespace wetgate::framing {

class CodedPicture;

/// A picture in working linear light (ACEScg) and its alpha, where it has one (its colours are then
/// premultiplied): what is moved, and what comes of it.
struct MovablePicture {
    FloatImage rgb;                           ///< window: where its data lies
    std::optional<std::vector<float>> alpha;  ///< [H*W] over rgb.window
    std::size_t uncovered = 0;                ///< pixels that no picture reaches: black, alpha 0
    /// coded(rgb), where the picture is moved more than once; null: moved() makes it.
    std::shared_ptr<const CodedPicture> coded = nullptr;
};

/// The picture as it is mixed: half of the cost of moving it.
std::shared_ptr<const CodedPicture> coded(const FloatImage& linear);

/// What the light at a place of a picture is multiplied by; finite and not negative.
using Gain = std::function<double(Point)>;
/// A copy of the picture in that light. Where the gain is 1, the bits stay.
FloatImage lit(const FloatImage& linear, const Gain& gain);

/// What lies under `window`: pixel (x, y) of the result is what `to_picture` finds at (x, y) of the picture,
/// each colour by its own way (alpha, and whether there is a picture at all, by green's).
///
/// By cubic convolution over 8 x 8 samples, more where the picture is made smaller, in the ACEScct coding (in
/// linear light it rings round lamps), each sample kept within a twelfth of a stop of those around its place
/// (a third of a stop where these are not as far apart as at a lamp);
/// in linear light where alpha is not 1, as mixing premultiplied colours must be. A place that is exactly a
/// sample keeps its bits. Samples past the data's edge repeat it; where the place itself lies outside of the
/// data there is no picture. Near a sample that is not finite, the nearest sample stands. A pure function of
/// its arguments, for one thread.
MovablePicture moved(const MovablePicture& picture, const ColourWarp& to_picture, const Box& window);
/// The same; `uncovered` counts those of `shown` alone, where the window reaches further.
MovablePicture moved(const MovablePicture& picture, const ColourWarp& to_picture, const Box& window,
                     const Box& shown);

/// What lies under `window` of a single plane, [H*W] over `from`, as moved() mixes alpha; 0 where it does not
/// reach. For mattes.
std::vector<float> moved_plane(const std::vector<float>& plane, const Box& from, const Warp& to_plane,
                               const Box& window);

}  // namespace wetgate::framing

#pragma once
#include "framing/crop_path.h"
#include "framing/path_search.h"

namespace wetgate::framing {

/// To a thousandth of a pixel, as paths are written.
double rounded_px(double pixels);

/// Keys of both axes as keys of the crop. Where both move, a key of one axis is a point on the other's way,
/// where an easing is of no effect. `size`: of the crop, in pixels; `first`: number of the scene's first
/// frame.
CropScene joined(const AxisPath& x, const AxisPath& y, int frames, int first, const Crop& size, int width,
                 int height);

}  // namespace wetgate::framing

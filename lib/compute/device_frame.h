#pragma once
#include <ATen/core/Tensor.h>

#include "core/geometry.h"

namespace wetgate::compute {

/// A frame on the device: scene-linear working RGB.
struct DeviceFrame {
    int number = 0;
    Box window;         ///< data window; pixels[c][y][x] is picture coordinate (window.x0 + x, window.y0 + y)
    at::Tensor pixels;  // [3,H,W] float32, working linear
    at::Tensor touch;   // [1,H,W] float32: 0 where no pass has changed the pixel so far
};

}  // namespace wetgate::compute

#pragma once
#include <ATen/core/Tensor.h>

#include <optional>

#include "compute/device_frame.h"
#include "core/geometry.h"
#include "motion/track.h"

namespace wetgate::passes::background {

/// A reference as a plate would show it.
struct Layer {
    at::Tensor pixels;   // [3,H,W] float32, working linear
    at::Tensor covered;  // [1,H,W] bool: the reference reaches here
};

/// `reference` over the data window `window`, out of focus by a disc of `defocus_px` radius (pixels of the
/// plate). `to_reference`: from places of the plate to places of the reference. Cubic convolution; where the
/// plate shows less of the reference than there is, it is averaged.
Layer laid(const compute::DeviceFrame& reference, const Box& window, const motion::Homography& to_reference,
           double defocus_px);

/// The share of white noise's variance, 0 to 1, that laid() keeps.
double variance_kept(const motion::Homography& to_reference, const Box& window, double defocus_px);

/// How much of the plate's edge is made anew.
struct Blend {
    double despill = 1;     ///< 0..1: of the old background in what the matte half covers, taken out
    double light_wrap = 0;  ///< 0..1: of the new background's light over what stands before it
    double wrap_px = 8;     ///< how far that light reaches
};

/// What has to be mixed with `plate` by `matte` ([1,H,W] in [0,1]) so that its foreground stands before
/// `layer`. See Note [Edges].
at::Tensor behind(const at::Tensor& plate, const at::Tensor& matte, const at::Tensor& layer,
                  const Blend& blend);

/// The radius of the disc that makes `layer` as sharp as `plate` where both show the same, as `inside`
/// [1,H,W] bool says; 0 where it is no sharper. nullopt where there are too few edges to tell.
std::optional<double> defocus_between(const at::Tensor& plate, const at::Tensor& layer,
                                      const at::Tensor& inside);

}  // namespace wetgate::passes::background

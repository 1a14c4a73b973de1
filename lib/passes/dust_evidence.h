#pragma once
#include <ATen/core/Tensor.h>

#include "motion/flow.h"

namespace wetgate::passes::dust {

/// What two neighbours say of a frame. Pictures are [3,H,W] float32 in one coding, about 0..1.
struct Evidence {
    at::Tensor frame;
    at::Tensor before, after;  // the neighbours, brought to where the frame shows the same, in its light
    at::Tensor still_before, still_after;  // as they are, in its light
    at::Tensor shift_before, shift_after;  // [2,H,W] along which they were brought: dx, dy in pixels
    double sigma = 0;                      // by which the three differ where nothing is wrong
    motion::GrayImage guide;               // the frame without what looks like dirt: what flow is found on
};

/// Aligns two neighbours to `frame` by flow, twice: the second time without what looked like dirt at first,
/// which misleads flow. "Before" and "after" may both lie on one side in time.
Evidence gather(const at::Tensor& frame, const at::Tensor& before, const at::Tensor& after);

/// The same once it is known what is `dirt` [1,H,W] bool: motion there is that of what surrounds it, where
/// flow had matched the dirt itself.
Evidence realigned(const Evidence& evidence, const at::Tensor& dirt);

/// Another frame, brought to where that of `evidence` shows the same, in its light.
at::Tensor brought(const at::Tensor& picture, const Evidence& evidence);

/// Rec. 709 weights. [H,W] of [3,H,W].
at::Tensor luminance(const at::Tensor& rgb);

/// Standard deviation by which aligned luminances [H,W] differ where nothing is wrong: grain, and texture
/// that flow does not hit. Of the frame's fine structure and of what the neighbours differ by, the smaller,
/// since the first counts texture and the second motion.
double sigma_of(const at::Tensor& frame, const at::Tensor& before, const at::Tensor& after);

}  // namespace wetgate::passes::dust

#include "passes/cdl.h"

#include <ATen/ATen.h>

#include <vector>

namespace wetgate::passes {
namespace {

// Note [CDL without clamping]
// ASC CDL v1.2 clamps to 0..1 before the power and after the saturation. Scene-referred pictures have values
// on both sides of that, so by default nothing is clamped: a base above 0 takes the power wherever it lies, a
// base at or below 0 stays as it is (OpenColorIO's "no clamp" style does the same), which is continuous at 0
// and keeps sign and order.
at::Tensor with_power(const at::Tensor& base, double power, bool clamps) {  // [H,W] float32, any space
    const at::Tensor limited = clamps ? base.clamp(0.0, 1.0) : base;
    if (power == 1.0) return limited;
    return at::where(limited.gt(0), limited.clamp_min(0).pow(power), limited);
}

}  // namespace

at::Tensor with_cdl(const at::Tensor& pixels, const color::Cdl& cdl, bool clamps) {  // [3,H,W] float32
    std::vector<at::Tensor> channels;
    for (std::size_t c = 0; c < 3; ++c) {
        const at::Tensor in = pixels.select(0, static_cast<std::int64_t>(c));
        channels.push_back(with_power(in * cdl.slope[c] + cdl.offset[c], cdl.power[c], clamps));
    }
    at::Tensor graded = at::stack(channels);
    if (cdl.saturation != 1.0) {
        const at::Tensor luma =
            (channels[0] * 0.2126 + channels[1] * 0.7152 + channels[2] * 0.0722).unsqueeze(0);
        graded = luma + (graded - luma) * cdl.saturation;
    }
    return clamps ? graded.clamp(0.0, 1.0) : graded;
}

}  // namespace wetgate::passes

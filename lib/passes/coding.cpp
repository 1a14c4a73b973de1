#include "passes/coding.h"

#include <ATen/ATen.h>

#include <cmath>

#include "color/acescct.h"
#include "compute/transfer.h"
#include "core/error.h"

// Note [Codings]
// Networks are trained on pictures in ACEScct and in display coding. ACEScct suits light: noise of a sensor
// is even enough in it, and a network sees each exposure alike. Where a plate has been coded before its noise
// came (8 bit material, a graded movie), the plate's own coding is the one in which that noise is even:
// measured on six clips with Gaussian noise of 10 to 50 codes, it gains 0.3 to 4.8 dB over ACEScct.

namespace wetgate::passes {
namespace {

namespace cct = color::acescct;

// Networks saw values up to a little over 1 (222 in linear light for ACEScct).
constexpr double reach_begin = 1.05;
constexpr double reach_end = 1.25;
constexpr double network_low = -0.5;

at::Tensor cct_encoded(const at::Tensor& linear) {
    const at::Tensor log = (linear.clamp_min(cct::linear_break).log2() + cct::offset) / cct::stops;
    return at::where(linear > cct::linear_break, log, linear * cct::toe_slope + cct::toe_offset);
}

at::Tensor cct_decoded(const at::Tensor& coded) {
    const at::Tensor light = at::exp2(coded * cct::stops - cct::offset);
    return at::where(coded > cct::coded_break, light, (coded - cct::toe_offset) / cct::toe_slope);
}

// IEC 61966-2-1, mirrored below 0 and carried on above 1.
at::Tensor srgb_encoded(const at::Tensor& linear) {
    const at::Tensor size = linear.abs();
    const at::Tensor curve = size.clamp_min(0.0031308).pow(1 / 2.4) * 1.055 - 0.055;
    return at::where(size > 0.0031308, curve, size * 12.92) * linear.sign();
}

at::Tensor srgb_decoded(const at::Tensor& coded) {
    const at::Tensor size = coded.abs();
    const at::Tensor curve = ((size.clamp_min(0.04045) + 0.055) / 1.055).pow(2.4);
    return at::where(size > 0.04045, curve, size / 12.92) * coded.sign();
}

at::Tensor transformed(const at::Tensor& pixels, const color::Transform& transform) {  // [3,H,W]
    if (transform.is_identity()) return pixels;
    compute::DeviceFrame frame;
    frame.window = {0, 0, static_cast<int>(pixels.size(2)), static_cast<int>(pixels.size(1))};
    frame.pixels = pixels;
    FloatImage image = compute::download(frame);
    transform.apply(image);
    return compute::upload(image, 0, pixels.device()).pixels;
}

/// True where twice the light gives twice the value.
bool is_linear(const color::Transform& transform) {
    FloatImage image = make_float_image({0, 0, 2, 1});
    for (int c = 0; c < 3; ++c) {
        image.channel(c)[0] = 0.18F;
        image.channel(c)[1] = 0.36F;
    }
    transform.apply(image);
    const float low = image.channel(1)[0];
    return std::abs(image.channel(1)[1] - 2 * low) <= 1e-3F * std::abs(low);
}

}  // namespace

Coding::Coding(Kind kind, double exposure_stops, const PassContext& context) : kind_(kind) {
    if (kind == Kind::AcesCct) {
        gain_ = std::exp2(exposure_stops);
        return;
    }
    if (context.color == nullptr)
        throw Error(ErrorKind::Internal, "the plate's coding: the job's colour config is missing");
    to_plate_ = context.color->transform(context.working_space, context.source_space);
    from_plate_ = context.color->transform(context.source_space, context.working_space);
    curve_ = is_linear(*to_plate_);
}

at::Tensor Coding::encode(const at::Tensor& linear) const {
    const at::Tensor finite = at::where(at::isfinite(linear), linear, at::zeros_like(linear));
    if (kind_ == Kind::AcesCct) return cct_encoded(finite * gain_);
    const at::Tensor plate = transformed(finite, *to_plate_);
    return curve_ ? srgb_encoded(plate) : plate;
}

at::Tensor Coding::decode(const at::Tensor& coded) const {
    if (kind_ == Kind::AcesCct) return cct_decoded(coded) / gain_;
    return transformed(curve_ ? srgb_decoded(coded) : coded, *from_plate_);
}

at::Tensor Coding::moved(const at::Tensor& linear, const at::Tensor& coded, const at::Tensor& change) const {
    return linear + (decode(coded + change) - decode(coded));
}

at::Tensor Coding::reach(const at::Tensor& linear, const at::Tensor& coded) const {
    const at::Tensor ramp =
        ((reach_end - coded.amax(0, /*keepdim=*/true)) / (reach_end - reach_begin)).clamp(0, 1);
    return at::where(at::isfinite(linear).all(0, /*keepdim=*/true), ramp, at::zeros_like(ramp));
}

at::Tensor Coding::slope(const at::Tensor& linear) const {
    const at::Tensor log = 1 / (cct::stops * std::log(2.0) * linear.clamp_min(cct::linear_break));
    return at::where(linear > cct::linear_break, log, at::full_like(log, cct::toe_slope));
}

at::Tensor Coding::for_network(const at::Tensor& coded) {
    return coded.clamp(network_low, reach_end);
}

at::Tensor positions(const at::Tensor& picture) {
    const auto line = [&](std::int64_t size) {
        return (at::arange(size, picture.options()) + 0.5) * (2.0 / static_cast<double>(size)) - 1;
    };
    const std::int64_t height = picture.size(1);
    const std::int64_t width = picture.size(2);
    return at::stack({line(width).view({1, width}).expand({height, width}),
                      line(height).view({height, 1}).expand({height, width})});
}

const char* name_of(Coding::Kind kind) {
    return kind == Coding::Kind::AcesCct ? "acescct" : "plate";
}

Coding::Kind coding_kind(const std::string& name) {
    if (name == "acescct") return Coding::Kind::AcesCct;
    if (name == "plate") return Coding::Kind::Plate;
    throw Error(ErrorKind::Usage, "there is no coding '" + name + "'; use acescct or plate");
}

Coding::Kind coding_kind(const std::string& name, const PassContext& context) {
    if (name != "auto") return coding_kind(name);
    if (context.color == nullptr)
        throw Error(ErrorKind::Internal, "the plate's coding: the job's colour config is missing");
    const auto to_plate = context.color->transform(context.working_space, context.source_space);
    return is_linear(*to_plate) ? Coding::Kind::AcesCct : Coding::Kind::Plate;
}

}  // namespace wetgate::passes

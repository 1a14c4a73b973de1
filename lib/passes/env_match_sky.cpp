#include "passes/env_match_sky.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "passes/guided.h"
#include "passes/regions.h"

namespace wetgate::passes::env_match {
namespace {

constexpr std::int64_t small_side_px = 320;
constexpr double most_texture = 0.06;  // natural log: standard deviation of light over 7x7 small pixels
constexpr double edge_texture = 0.15;  // where cloud edges join plain parts
constexpr double bright = 1.1;         // of the picture's median light
constexpr double blue = 1.15;          // blue over red
constexpr double least_area = 0.02;
constexpr double guide_epsilon = 1e-3;  // of squared log light: edges above about 3 % hold
constexpr double soft_floor = 0.05;     // less of a guided matte is none

at::Tensor log_light(const at::Tensor& linear) {  // [1,H,W]
    const at::Tensor light = at::nan_to_num(0.25 * linear[0] + 0.5 * linear[1] + 0.25 * linear[2], 0.0);
    const double median = std::max(1e-6, light.median().item<double>());
    return (light / median).clamp_min(1e-3).log().unsqueeze(0);
}

}  // namespace

at::Tensor sky_matte(const at::Tensor& linear) {
    const std::int64_t height = linear.size(1), width = linear.size(2);
    const std::int64_t side = shrinking_side(height, width, small_side_px);
    const at::Tensor known = at::nan_to_num(linear, 0.0, 0.0, 0.0);
    const at::Tensor small = side > 1 ? at::avg_pool2d(known, {side, side}) : known;
    if (std::min(small.size(1), small.size(2)) < 8) return at::zeros_like(linear.slice(0, 0, 1));

    const at::Tensor light = log_light(small);
    const at::Tensor mean = box_mean(light, 3);
    const at::Tensor texture = (box_mean(light * light, 3) - mean * mean).clamp_min(0).sqrt();
    const at::Tensor tint = (small[2] > blue * small[0]).unsqueeze(0).logical_and(light > -1.0);
    const at::Tensor lit = light.exp() > bright;
    const at::Tensor weak = (texture < edge_texture).logical_and(tint.logical_or(lit));
    const at::Tensor strong = weak.logical_and(texture < most_texture);
    const auto least = static_cast<std::int64_t>(least_area * static_cast<double>(weak.numel()));
    const at::Tensor sky = grown_from(
        regions_where(strong,
                      [&](const Region& region) { return region.y0 <= 1 && region.area_px >= least / 2; }),
        weak);
    const at::Tensor joined =
        regions_where(sky, [&](const Region& region) { return region.y0 <= 1 && region.area_px >= least; });
    if (!joined.any().item<bool>()) return at::zeros_like(linear.slice(0, 0, 1));

    constexpr std::int64_t radius = 6;
    const at::Tensor matte = joined.to(at::kFloat);
    const at::Tensor guided = guided_filter(matte, light, log_light(known), radius, guide_epsilon);
    // Never further than the guide's reach from what was found.
    const at::Tensor near = resized(dilated(matte, radius), height, width) > 0;
    const at::Tensor soft = ((guided - soft_floor) / (1 - 2 * soft_floor)).clamp(0, 1);
    return at::where(near, soft, at::zeros_like(soft));
}

at::Tensor feathered(const at::Tensor& matte, int feather_px) {
    if (feather_px <= 0 || std::min(matte.size(1), matte.size(2)) <= feather_px) return matte;
    const at::Tensor inner = (2 * box_mean(matte, feather_px) - 1).clamp(0, 1);
    return at::minimum(matte, inner);
}

}  // namespace wetgate::passes::env_match

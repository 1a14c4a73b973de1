#include "passes/dust_fill.h"

#include <ATen/ATen.h>

#include "passes/regions.h"

namespace wetgate::passes::dust {
namespace {

constexpr int edge_px = 4;            // how far dirt fades out
constexpr double residue_sigmas = 2;  // what differs by less may stay
constexpr double agreed_sigmas = 6;
constexpr double grain_sigmas = 3.7;  // three deviations of one frame against the mean of two others

/// [1,H,W] bool: the pixels of the spots that are bright, or of those that are dark.
at::Tensor plane_of(const std::vector<const Spot*>& dirt, bool bright, const at::Tensor& like) {
    at::Tensor plane = at::zeros({1, like.size(1), like.size(2)}, at::kBool);
    for (const Spot* spot : dirt) {
        if (spot->is_bright != bright) continue;
        for (const std::int32_t pixel : spot->pixels) plane.data_ptr<bool>()[pixel] = true;
    }
    return plane.to(like.device());
}

/// `dirt` and what leans to the same side around it.
at::Tensor with_edge(at::Tensor dirt, const at::Tensor& leans) {
    for (int step = 0; step < edge_px; ++step) dirt = dirt.logical_or(dilated(dirt, 1).logical_and(leans));
    return dirt;
}

}  // namespace

Cleaned without(const std::vector<const Spot*>& dirt, const Evidence& evidence, const at::Tensor& further) {
    const at::Tensor bright = plane_of(dirt, true, evidence.frame);
    const at::Tensor dark = plane_of(dirt, false, evidence.frame);
    const Evidence known = realigned(evidence, bright.logical_or(dark));
    const at::Tensor mean = (known.before + known.after) / 2;
    const at::Tensor over = luminance(known.frame - mean).unsqueeze(0) / known.sigma;
    const at::Tensor touch =
        with_edge(bright, over > residue_sigmas).logical_or(with_edge(dark, over < -residue_sigmas));
    if (!further.defined()) return {at::where(touch, mean, known.frame), touch};
    const at::Tensor third = brought(further, known);
    const at::Tensor middle = at::maximum(at::minimum(known.before, known.after),
                                          at::minimum(at::maximum(known.before, known.after), third));
    const double grain = grain_sigmas * known.sigma;
    const at::Tensor grainy = at::minimum(at::maximum(third, mean - grain), mean + grain);
    const at::Tensor apart = luminance(known.before - known.after).abs().unsqueeze(0);
    const at::Tensor filled = at::where(apart > agreed_sigmas * known.sigma, middle, grainy);
    return {at::where(touch, filled, known.frame), touch};
}

}  // namespace wetgate::passes::dust

#pragma once
#include <vector>

#include "core/host_frame.h"
#include "qc/facts.h"
#include "qc/plane_view.h"

namespace wetgate::qc {

/// A luma near to what the eye sees, about 0 to 1: square root of light, or the code as it is; (R + 2G + B)
/// / 4. What is not finite counts as 0.
FloatPlane eye_luma(const FloatImage& coded, bool is_light);

/// `touch` as Picture::touch.
TextureFacts texture_facts(const FloatPlane& luma, const std::vector<float>* touch);

constexpr std::size_t most_spots = 200;

/// Small places, up to most_spots, that stand out from a plain surrounding by `least_step` and by six times
/// its deviation.
std::vector<Spot> spots_of(const FloatPlane& luma, double least_step = 0.06);

/// Black lines at the edges of a picture that is not black.
BorderFacts border_facts(const FloatPlane& luma);

}  // namespace wetgate::qc

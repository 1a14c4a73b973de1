#pragma once
#include <vector>

#include "core/host_frame.h"

namespace wetgate::media {

/// R, G, B of a frame whose worked planes are OpenEXR's Y, RY, BY (PixelModel::LumaChroma): RY = (R - Y) / Y,
/// BY = (B - Y) / Y, luminance weights from the header's chromaticities (else Rec. 709). Chroma samples lie
/// on the pixels whose coordinates are multiples of the sampling; between them it is interpolated linearly.
FloatImage rgb_from_luma_chroma(const HostFrame& frame);

/// Puts `rgb` back where `touch` > 0 ([H*W] over frame.window()). Y changes at touched pixels only, and a
/// chroma sample only where a touched pixel lies within its interpolation footprint; there the change of
/// chroma is added to the sample, so a touched pixel with the colour that it had leaves its bits alone.
void luma_chroma_from_rgb(HostFrame& frame, const FloatImage& rgb, const std::vector<float>& touch);

}  // namespace wetgate::media

#pragma once
#include "core/host_frame.h"
#include "qc/facts.h"

namespace wetgate::qc {

/// The picture by whole blocks, at most `most_width` wide; what is not finite counts as 0.
FloatImage reduced(const FloatImage& picture, int most_width = 480);

/// Of a reduced picture in linear Rec.709 light.
LightFacts light_facts(const FloatImage& light);

/// Share of each cell of a grid of that size where `touch` [H*W] is above 0, over 255.
std::vector<std::uint8_t> touched_cells(const std::vector<float>& touch, int width, int height,
                                        const Grid& grid);

}  // namespace wetgate::qc

#pragma once
#include <cstdint>
#include <span>

#include "framing/resample.h"

namespace wetgate::framing {

/// Gives the pixels of `picture` that are not 0 in `unseen` [H*W] a smooth continuation of those around them,
/// coarser the farther they are (Gortler and others, "The Lumigraph", 1996, section 3.4), in the ACEScct
/// coding, so that a lamp does not bleed far. Left alone where nothing at all is seen.
void continue_smoothly(MovablePicture& picture, std::span<const std::uint8_t> unseen);

}  // namespace wetgate::framing

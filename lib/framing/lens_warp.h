#pragma once
#include <cstdint>
#include <memory>
#include <optional>

#include "core/geometry.h"
#include "framing/lens.h"
#include "framing/warp.h"

namespace wetgate::framing {

enum class LensWay : std::uint8_t {
    ToPlate,  ///< from places of the ideal picture to the plate: what undistorts a plate
    ToIdeal   ///< from places of the plate to the ideal picture: what distorts a picture as the lens does
};

/// The way of one channel (0 R, 1 G, 2 B) through a lens for pictures over `picture`. Where the polynomial
/// has to be solved, that is done when it is first asked for, on a grid of a 320th of the width in and around
/// the picture, and cubic between: off by less than a thousandth of a pixel.
std::shared_ptr<const WarpStep> lens_step(std::shared_ptr<const Lens> lens, LensWay way, int channel,
                                          const Box& picture);

/// Where all of a picture over `picture` lies after `way_there`: whole pixels, the picture's own among them.
/// nullopt where a place of its border lies nowhere, or a side gets longer than `most_px`.
std::optional<Box> reached(const ColourWarp& way_there, const Box& picture, int most_px);

}  // namespace wetgate::framing

#pragma once
#include <span>
#include <vector>

#include "framing/evidence.h"
#include "motion/flow.h"

namespace wetgate::framing {

/// Follows what `area` (shares of the picture) of looks[from] shows, a frame at a time until looks[to]
/// (either way): where it is on `from` and on each frame after it, as far as it is followed. What comes back
/// is shorter than asked where it is lost: it left the picture, or neither its movement nor its looks are
/// found again for half a second (of `rate` frames a second; until then it is held). A look without pixels is
/// a frame that is not known.
///
/// Points in the area are followed there and back by pyramidal Lucas-Kanade and their median taken (Kalal,
/// Mikolajczyk, Matas, "Forward-Backward Error: Automatic Detection of Tracking Failures", 2010); what the
/// area looked like where it was sure takes the drift out and finds it again. Deterministic.
std::vector<Area> follow(std::span<const motion::GrayImage> looks, std::size_t from, std::size_t to,
                         const Area& area, double rate);

}  // namespace wetgate::framing

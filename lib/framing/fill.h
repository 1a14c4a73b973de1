#pragma once
#include <cstddef>
#include <functional>
#include <span>
#include <vector>

#include "framing/resample.h"
#include "motion/track.h"

namespace wetgate::framing {

/// Another frame of the scene that may show what a frame's own picture does not.
struct FillNeighbour {
    int frame = 0;
    motion::Homography to_it;  ///< from places of the frame's own picture to places of this one
    std::function<MovablePicture()> picture;  ///< asked for once, and only where it is needed
};

/// What filled the places that the own picture does not cover.
struct FillCount {
    std::size_t copied = 0;       ///< pixels that other frames show
    std::size_t synthesised = 0;  ///< pixels that no neighbour shows: a smooth continuation of what is around
    std::vector<int> from;        ///< the frames that were copied from, ascending
};

/// Fills what `made`, which is moved(own, to_own, its window), does not cover. A place is shown by the first
/// of `neighbours` that has it, resampled once from there, blended over 8 px of the pictures where one ends,
/// and with the gain of each channel by which the neighbour differs from the own picture along its edge (its
/// exposure, a lens's falloff). Pixels of `made` farther than those 8 px from an edge that it shows keep
/// their bits. A pure function of its arguments, for one thread.
FillCount fill_uncovered(MovablePicture& made, const MovablePicture& own, const Warp& to_own,
                         std::span<const FillNeighbour> neighbours);

}  // namespace wetgate::framing

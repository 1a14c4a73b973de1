#pragma once
#include <cstddef>
#include <span>
#include <vector>

#include "framing/view_step.h"

namespace wetgate::framing {

/// What one frame shares with an earlier one.
struct ViewLink {
    int back = 1;   ///< how many frames earlier
    ViewStep step;  ///< from that frame to this
};

/// How far back a frame is linked where a view is to be locked: to the frame before it, and to the last one
/// before it whose number is a multiple of 16, from which on errors of single steps cannot add up to a drift.
/// Not for a smooth path: in a room in depth, links of different length see different planes (measured: more
/// fast motion on a clip with strong parallax).
constexpr int farthest_link = 16;
std::vector<int> link_distances(int frame);

/// The steps of a shot, from each frame to the next, that agree best with all links; a link that is wrong is
/// outvoted, see Note [How links agree]. A step that was not known is, where
/// links lead around it (its counts stay 0); what a step has besides `map` and `rows` is that of the link of
/// one frame. links[i] are frame i's, in any order, those that cross `cuts` (indices of frames that begin a
/// scene) are left out. `width`, `height`: of the pictures. Error{Internal} for a link that leads before the
/// shot, or back by more than 64 frames.
std::vector<ViewStep> joined_steps(std::span<const std::vector<ViewLink>> links,
                                   std::span<const std::size_t> cuts, int width, int height);

}  // namespace wetgate::framing

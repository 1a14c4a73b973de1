#pragma once
#include <cstddef>
#include <span>
#include <vector>

#include "framing/similarity.h"

namespace wetgate::framing {

/// Frames [first, last) that a blow to the camera shook, with some around them to lead over it.
struct Jolt {
    std::size_t first, last;
};

/// Runs of at most `longest` steps that are faster, by `least_px` a frame at the picture's corners and by six
/// times what the scene's steps are by the median, than the running median of the steps around them. Moves
/// that begin or end, at once or slowly, are none: a median follows them. steps[i] leads from frame i - 1 to
/// frame i of one scene, about the centre; `radius_px`: half the picture's diagonal. In order, apart from
/// each other.
std::vector<Jolt> find_jolts(std::span<const Similarity> steps, double radius_px, int longest,
                             double least_px);

}  // namespace wetgate::framing

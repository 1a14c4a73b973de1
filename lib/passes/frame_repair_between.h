#pragma once
#include <ATen/core/Tensor.h>

namespace wetgate::passes::frame_repair {

/// What a frame that is to be made lies between. Pictures [3,H,W] float32, coded about 0..1, finite.
struct Surroundings {
    at::Tensor before, after;                  // the nearest sound frames
    at::Tensor further_before, further_after;  // one frame further; undefined where there is none
    int gap = 2;                               // frames from `before` to `after`
    int place = 1;                             // frames from `before` to the one to make
};

/// The picture at that place, `grain` (0..1) of what it lacks of its neighbours' grain given back. See
/// Note [Between two frames].
at::Tensor made_between(const Surroundings& frames, double grain);

}  // namespace wetgate::passes::frame_repair

#pragma once
#include <span>
#include <vector>

#include "framing/subject_tracks.h"
#include "motion/flow.h"

namespace wetgate::framing {

/// The tracks of a scene, those of its chief faces made longer: a person who turns away is still there. Head
/// and shoulders are followed (follow.h) from where the face is seen last, and back from where it is seen
/// first, until they are lost or another track of a face is met, which is the same person's then and becomes
/// part of this one. `looks`: one small picture a frame of the scene.
std::vector<SubjectTrack> with_followed_faces(std::vector<SubjectTrack> tracks,
                                              std::span<const motion::GrayImage> looks, double rate);

}  // namespace wetgate::framing

#pragma once
#include "framing/evidence.h"
#include "framing/faces.h"
#include "framing/picture.h"

namespace wetgate::framing {

/// What of `picture` an operator would keep: faces (with `faces`), what moves against the camera's picture
/// since `before` (null for a scene's first frame; of the same size) and what stands out. A pure function of
/// the pictures; 480 px along the longer side are enough, and cost about 40 ms on one core. Error{Internal}
/// for pictures without pixels or of unlike sizes.
FrameEvidence find_subjects(const ColorPicture& picture, const ColorPicture* before, const FaceFinder* faces);

}  // namespace wetgate::framing

#pragma once
#include <optional>
#include <span>
#include <vector>

#include "framing/evidence.h"

namespace wetgate::framing {

/// One subject over the frames of a scene that it is seen on, gaps of half a second filled.
struct SubjectTrack {
    SubjectKind kind = SubjectKind::Face;
    int first = 0;            ///< index in the scene
    std::vector<Area> areas;  ///< a frame, calmed over a third of a second
    double confidence = 0;    ///< mean over the frames it is seen on
    int seen = 0;             ///< frames it is seen on
    double mouth = 0;         ///< mean of its mouth's motion (mouth.h) over those frames on which it is told
    int mouth_seen = 0;       ///< how many these are
};

/// Links what is found on single frames (null: a frame that is not known). What is seen on less than a
/// quarter of a second, or on less than a third of the frames it spans, is chance and left out.
std::vector<SubjectTrack> follow_subjects(std::span<const std::optional<FrameEvidence>> scene, double rate);

}  // namespace wetgate::framing

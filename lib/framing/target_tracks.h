#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "framing/evidence.h"
#include "motion/flow.h"

namespace wetgate::framing {

/// Where somebody says the subject is.
struct Target {
    int frame = 0;
    Area area;
};

/// The targets of one scene as one subject.
struct TrackedTargets {
    std::vector<Area> areas;  ///< a frame of the scene
    struct Lost {
        int first = 0, last = 0;  ///< indices into `areas`, inclusive: it is not followed there
        bool operator==(const Lost&) const = default;
    };
    std::vector<Lost> lost;
};

/// The targets that lie on the frames of a scene (`first_frame` is its first) followed to the next one, or
/// the scene's end, both ways: between two targets the way from the one fades into the way from the other,
/// and is straight where the two do not agree. Where it is lost it is held, or goes straight to where it is
/// known again. `looks` has one picture a frame, or none at all: then targets are linear between frames and
/// held beyond them, and nothing is lost. nullopt where the scene has no target.
std::optional<TrackedTargets> track_targets(std::span<const Target> targets, int first_frame, int frames,
                                            std::span<const motion::GrayImage> looks, double rate);

}  // namespace wetgate::framing

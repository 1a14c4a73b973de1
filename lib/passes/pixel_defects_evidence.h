#pragma once
#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "passes/pixel_defects_scenes.h"

// What the frames of a shot say about one place, for and against a defect there.

namespace wetgate::passes::pixel_defects {

inline constexpr std::size_t kQuarters = 4;

/// A candidate of one frame.
struct Sighting {
    std::size_t frame = 0;  // index into the usable frames
    Candidate candidate;
};

/// All candidates of all frames, by place, then frame.
std::vector<Sighting> sorted_sightings(const std::vector<Frame>& frames);

/// The sightings of one place that agree with each other, and what they agree on.
struct Evidence {
    std::size_t channel = 0;  // that shows it best most often
    bool bright = false;
    bool constant = false;              // stuck at `value`
    double value = 0;                   // coded
    double surround = 0;                // coded
    int size = 1;                       // of the group it stands in, pixels: see kSizeShare
    double strength = 0;                // median score, coded
    double strength_sigmas = 0;         // median score in each frame's sigma
    std::vector<const Sighting*> seen;  // in order of frames; they point into the place's sightings
};

/// `place`: the sightings of one place, in order of frames; not empty.
Evidence evidence_of(const std::vector<Frame>& frames, std::span<const Sighting> place);

/// In how many frames such a defect would have been listed, and what else those frames say about its place.
struct Expectation {
    double frames = 0;
    std::array<double, kQuarters> in_quarter{};
    int looked_at = 0;   // frames that have the place
    double density = 0;  // candidates a pixel around it, over those frames
    int scenes = 0;
    int quiet = 0;            // frames in which it can hardly be missed
    int missed_in_quiet = 0;  // of those, the frames that do not show it
    int turns = 0;            // from shown to not shown or back, from one frame to the next
    double expected_turns = 0;
};

Expectation expectation_of(const std::vector<Frame>& frames, const Evidence& evidence, int x, int y);

/// Whether each quarter of the shot that expects the defect shows it.
bool seen_throughout(const std::vector<Frame>& frames, const Evidence& evidence,
                     const Expectation& expectation);

/// How many different scenes of the place's tile the sightings show.
int count_scenes(const std::vector<Frame>& frames, const Evidence& evidence);

/// What is around the place in the frames that show it.
std::vector<Ring> rings_of(const std::vector<Frame>& frames, const Evidence& evidence);

/// How far from a place its neighbours are looked for, in pixels.
inline constexpr int kBeside = 2;

/// In how many of the frames that do not show the place itself another within kBeside pixels of it stands out
/// to the same side. `all`: from sorted_sightings().
int count_beside(const std::vector<Frame>& frames, const std::vector<Sighting>& all, int x, int y,
                 const Evidence& evidence);

}  // namespace wetgate::passes::pixel_defects

#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "framing/evidence.h"
#include "motion/flow.h"

namespace wetgate::framing {

/// Which one of several subjects that do not fit into one crop is kept.
enum class Policy : std::uint8_t {
    Weight,  ///< the one of most weight: kind, size, certainty and time in picture
    Larger,  ///< of those of the chief one's kind (faces, where there are faces) the largest
    Speaker  ///< the person whose mouth moves most; who has most weight where nobody is seen to speak
};

/// A subject of a scene, as the costs of a crop see it.
struct SceneSubject {
    std::string name;          ///< "target", "face", "moving", "standout"
    int first = 0;             ///< index in the scene
    std::vector<Area> areas;   ///< a frame: what must be inside
    std::vector<Area> bodies;  ///< what had better be; empty: none
    double weight = 0;
    double notable = 0;  ///< its weight, whether or not it fits beside the first
    bool is_face = false;
    double mouth = 0;    ///< mean motion of the mouth, 0..1
    int mouth_seen = 0;  ///< frames on which that is told

    int last() const { return first + static_cast<int>(areas.size()) - 1; }
    /// Of its area, sides as shares of the picture's: the mean over its frames.
    double size() const;
};

/// The subjects of a scene, of most weight over all its frames first. `looks`: one small picture a frame, or
/// none at all.
std::vector<SceneSubject> scene_subjects(std::span<const std::optional<FrameEvidence>> scene,
                                         std::span<const motion::GrayImage> looks, double rate);

/// What of two subjects fits into one crop.
enum class Fit : std::uint8_t {
    Not,
    Heads,  ///< of persons: the faces, but not the bodies
    Whole
};
/// Of a crop of width x height, shares of the picture: what holds most of the time that both are there.
Fit fit_together(const SceneSubject& a, const SceneSubject& b, double width, double height);

/// Beside the chief subject, another one that weighs less than this share of its weight is not worth a word.
inline constexpr double notable_weight = 0.4;

struct Chosen {
    std::size_t index = 0;  ///< in the subjects
    /// The word for it: "the subject of most weight", "the largest", "the one whose mouth moves most", or
    /// why a policy could not choose.
    std::string why;
};
/// Who is kept, of subjects in scene_subjects()' order (one at least) that may not fit into one crop of width
/// x height. Those that fit whole beside the first, or weigh less than notable_weight of it, do not contend.
Chosen chosen_by(Policy policy, std::span<const SceneSubject> subjects, double width, double height,
                 double rate);

}  // namespace wetgate::framing

#pragma once
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "motion/cuts.h"
#include "passes/artefact_reader.h"
#include "passes/pass.h"

namespace wetgate::passes {

/// Where the scenes of a shot begin: no pass looks from one into another.
class Scenes {
public:
    Scenes() = default;
    /// Of an artefact's "cuts": numbers of the frames that begin a scene.
    explicit Scenes(const ArtefactReader& cuts);

    /// No cut lies between two frames.
    bool joined(int one, int other) const;
    /// The window's place k shows a frame of its own, of the scene of the window's frame 0.
    bool reaches(const FrameWindow& window, int k) const;

private:
    std::vector<int> cuts_;
};

/// How many earlier frames a pass has to look at, at least, to find cuts: one odd frame is none.
inline constexpr int links_back = 2;

/// Adds "links" to a frame's facts: what it shares with each of the `back` frames before it, which the
/// window holds.
void add_links(nlohmann::json& facts, const FrameWindow& window, int back = links_back);
/// What add_links() added.
std::vector<motion::FrameLink> links_of(const ArtefactReader& facts);
/// The artefact's "cuts", from the links of all frames.
nlohmann::json solved_cuts(const std::string& pass, std::span<const nlohmann::json> all_frames,
                           int first_frame);

/// Analysis of a pass that needs the shot's cuts and exposure: artefact {"schema", "exposure_stops", "cuts"}.
std::unique_ptr<ShotAnalysis> scene_analysis(const std::string& pass);

/// What scene_analysis() found.
struct SceneFacts {
    double exposure_stops = 0;
    Scenes scenes;
};
SceneFacts scene_facts(const std::string& pass, const nlohmann::json& artefact);

}  // namespace wetgate::passes

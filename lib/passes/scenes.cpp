#include "passes/scenes.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

#include "passes/deflicker_guide.h"
#include "passes/exposure.h"

namespace wetgate::passes {
namespace {

using nlohmann::json;

constexpr const char* artefact_schema = "wetgate.scenes/1";
constexpr std::int64_t cut_guide_px = 64;  // averaged down until noise is no reason for a cut
constexpr std::size_t most_links = 16;
constexpr std::size_t most_cuts = 1'000'000;

class SceneAnalysis final : public ShotAnalysis {
public:
    explicit SceneAnalysis(std::string pass) : pass_(std::move(pass)) {}

    PassReach reach() const override { return {links_back, 0}; }
    json measure(const FrameWindow& window) const override {
        json facts = json::object();
        add_exposure(facts, window[0].pixels);
        add_links(facts, window);
        return facts;
    }
    json solve(std::span<const json> all_frames, int first_frame) const override {
        return {{"schema", artefact_schema},
                {"exposure_stops", solved_exposure(pass_, all_frames)},
                {"cuts", solved_cuts(pass_, all_frames, first_frame)}};
    }

private:
    std::string pass_;
};

}  // namespace

Scenes::Scenes(const ArtefactReader& cuts) {
    for (std::size_t i = 0; i < cuts.size(most_cuts); ++i) cuts_.push_back(cuts.item(i).integer());
    std::sort(cuts_.begin(), cuts_.end());
}

bool Scenes::joined(int one, int other) const {
    const auto cut = std::upper_bound(cuts_.begin(), cuts_.end(), std::min(one, other));
    return cut == cuts_.end() || *cut > std::max(one, other);
}

bool Scenes::reaches(const FrameWindow& window, int k) const {
    const int number = window[0].number;
    return window.is_real(k) && joined(number, number + k);
}

void add_links(json& facts, const FrameWindow& window, int most_back) {
    json& links = facts["links"] = json::array();
    if (window[0].pixels.numel() == 0) return;
    const deflicker::Guide guide = deflicker::guide_of(window[0], cut_guide_px);
    for (int back = 1; back <= most_back; ++back) {
        if (!window.is_real(-back)) continue;
        const deflicker::Guide earlier = deflicker::guide_of(window[-back], cut_guide_px);
        const auto pair = deflicker::compare(guide, earlier, deflicker::pair_flow(guide, earlier), back);
        links.push_back({back, rounded(pair.share), rounded(pair.histogram_distance)});
    }
}

std::vector<motion::FrameLink> links_of(const ArtefactReader& facts) {
    const ArtefactReader list = facts.member("links");
    std::vector<motion::FrameLink> links;
    for (std::size_t i = 0; i < list.size(most_links); ++i) {
        const auto [back, share, histogram] = list.item(i).three(0, most_links);
        links.push_back({static_cast<int>(back), share, histogram});
    }
    return links;
}

json solved_cuts(const std::string& pass, std::span<const json> all_frames, int first_frame) {
    std::vector<std::vector<motion::FrameLink>> links;
    for (const json& facts : all_frames) {
        const int frame = first_frame + static_cast<int>(links.size());
        links.emplace_back();
        if (facts.is_null()) continue;
        links.back() =
            links_of(ArtefactReader(pass, facts, fmt::format("the measurement of frame {}", frame)));
    }
    json cuts = json::array();
    for (const int cut : motion::find_cuts(links)) cuts.push_back(first_frame + cut);
    return cuts;
}

std::unique_ptr<ShotAnalysis> scene_analysis(const std::string& pass) {
    return std::make_unique<SceneAnalysis>(pass);
}

SceneFacts scene_facts(const std::string& pass, const json& artefact) {
    const ArtefactReader reader(pass, artefact, "the artefact");
    reader.check_schema(artefact_schema);
    return {reader.member("exposure_stops").number(-16, 16), Scenes(reader.member("cuts"))};
}

}  // namespace wetgate::passes

#include "pipeline/shot_judge.h"

#include <algorithm>
#include <set>

#include "compute/transfer.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "pipeline/record.h"
#include "pipeline/references.h"
#include "pipeline/shot_qc.h"
#include "qc/metrics.h"

namespace wetgate::pipeline {
namespace {

constexpr std::int64_t thumbnail_limit_bytes = 1 << 20;

qc::FrameFacts frame_facts(const ShotContext& shot, const nlohmann::json& record) {
    qc::FrameFacts frame;
    if (record.contains("qc")) read_record(record.at("qc"), frame);
    for (const nlohmann::json& pass : record.value("passes", nlohmann::json::array())) {
        frame.touched = std::max(frame.touched, pass.at("touched").get<double>());
        const spec::PassSpec& spec = shot.shot().passes.at(pass.at("index").get<std::size_t>());
        if (spec.limit_stops && pass.at("touched") != 0)
            frame.limited.push_back({spec.name, pass.at("max_stops").get<double>(), *spec.limit_stops});
    }
    return frame;
}

/// The references that the shot is to look like.
std::vector<qc::ReferenceFacts> reference_facts(const ShotContext& shot) {
    std::set<std::string> names;
    for (const spec::PassSpec& pass : shot.shot().passes) {
        if (pass.enabled && pass.name == "shot_match")
            names.insert(pass.named_references.begin(), pass.named_references.end());
    }
    std::vector<qc::ReferenceFacts> references;
    if (names.empty()) return references;
    const std::string& working = shot.job().color.working;
    const Viewer viewer(shot.colors(), shot.colors().resolve(working), working, true);
    for (const std::string& name : names) {
        const int frame = shot.references().frames(name).front();
        const FloatImage picture = compute::download(shot.references().picture(name, frame));
        references.push_back({name, viewer.look(picture)});
    }
    return references;
}

std::string thumbnail_file(const WorkFiles& files, int frame, const char* which) {
    std::error_code problem;
    const std::filesystem::path file = files.thumbnail(frame, which);
    return std::filesystem::exists(file, problem) ? read_text(file, thumbnail_limit_bytes) : std::string();
}

}  // namespace

Judgement judge(const ShotContext& shot, const std::map<int, nlohmann::json>& records,
                const qc::CheckSettings& settings) {
    qc::ShotFacts facts;
    facts.name = shot.shot().name;
    facts.range = shot.delivered_range();
    facts.rate = shot.rate();
    facts.start = shot.timecode_of(facts.range.first);
    facts.is_display_coded = shot.viewer()->is_display_coded();
    facts.frames.resize(static_cast<std::size_t>(facts.range.size()));
    for (const auto& [frame, record] : records)
        facts.frames.at(static_cast<std::size_t>(frame - facts.range.first)) = frame_facts(shot, record);
    facts.references = reference_facts(shot);
    qc::CheckResult result = qc::run_checks(facts, settings);
    return {std::move(result.findings), std::move(result.checked), qc::metrics(facts, settings)};
}

std::vector<qc::Thumbnail> pick_thumbnails(const ShotContext& shot,
                                           const std::map<int, nlohmann::json>& records,
                                           const nlohmann::json& findings, std::size_t most) {
    std::set<int> picked;
    for (const char* severity : {"Blocker", "Issue", "FYI"}) {
        for (const nlohmann::json& finding : findings) {
            if (finding.at("severity") != severity || 2 * picked.size() >= most) continue;
            const int first = finding.at("first_frame").get<int>(), end = finding.at("end_frame").get<int>();
            picked.insert(first + (end - first - 1) / 2);
        }
    }
    const FrameRange range = shot.delivered_range();
    const auto others = static_cast<int>(most - picked.size());
    for (int i = 0; i < std::min(others, range.size()); ++i)
        picked.insert(range.first + static_cast<int>((2LL * i + 1) * range.size() / (2LL * others)));
    const WorkFiles files(shot);
    std::vector<qc::Thumbnail> thumbnails;
    for (const int frame : picked) {
        const auto record = records.find(frame);
        if (record == records.end() || !record->second.contains("qc")) continue;
        const nlohmann::json& seen = record->second.at("qc");
        qc::Thumbnail thumbnail{shot.shot().name, frame, thumbnail_file(files, frame, "before"), "", ""};
        // Files of an earlier run may lie there still: the record says what is true now.
        const bool is_made = seen.contains("output") && !seen.at("output").is_string();
        thumbnail.after = is_made ? thumbnail_file(files, frame, "after") : thumbnail.before;
        if (is_made) thumbnail.touch = thumbnail_file(files, frame, "touch");
        if (!thumbnail.before.empty()) thumbnails.push_back(std::move(thumbnail));
    }
    return thumbnails;
}

}  // namespace wetgate::pipeline

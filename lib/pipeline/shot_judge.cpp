#include "pipeline/shot_judge.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <stdexcept>

#include "compute/transfer.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "core/read_file.h"
#include "pipeline/record.h"
#include "pipeline/references.h"
#include "pipeline/shot_qc.h"
#include "qc/metrics.h"

namespace wetgate::pipeline {
namespace {

constexpr std::int64_t thumbnail_limit_bytes = 1 << 20;

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
    const std::filesystem::path file = files.thumbnail(frame, which);
    return entry_at(file) == Entry::File ? read_text(file, thumbnail_limit_bytes) : std::string();
}

}  // namespace

qc::FrameFacts frame_facts(const ShotContext& shot, const nlohmann::json& record) try {
    qc::FrameFacts frame;
    if (record.contains("qc")) read_record(record.at("qc"), frame);
    for (const nlohmann::json& pass : record.value("passes", nlohmann::json::array())) {
        const auto index = pass.at("index").get<std::size_t>();
        const double touched = pass.at("touched").get<double>();
        const spec::PassSpec& spec = shot.shot().passes.at(index);
        frame.touched = std::max(frame.touched, touched);
        if (spec.limit_stops && touched > 0)
            frame.limited.push_back(
                {index, spec.name, pass.at("max_stops").get<double>(), *spec.limit_stops});
    }
    // All passes together, where the cells tell.
    if (frame.output && !frame.output->light.grid.touched.empty()) {
        const std::vector<std::uint8_t>& cells = frame.output->light.grid.touched;
        const double sum = std::accumulate(cells.begin(), cells.end(), 0.0);
        frame.touched = std::max(frame.touched, sum / (255 * static_cast<double>(cells.size())));
    }
    return frame;
} catch (const nlohmann::json::exception& problem) {
    throw Error(ErrorKind::Input,
                std::string("has a damaged record (") + problem.what() + "); run the frame again");
} catch (const std::out_of_range&) {
    throw Error(ErrorKind::Input, "has a record of a pass that the shot does not have; run the frame again");
}

Judgement judge(const ShotContext& shot, std::map<int, qc::FrameFacts> frames,
                const qc::CheckSettings& settings) {
    qc::ShotFacts facts;
    facts.name = shot.shot().name;
    facts.range = shot.delivered_range();
    facts.rate = shot.rate();
    facts.start = shot.timecode_of(facts.range.first);
    facts.is_display_coded = shot.viewer()->is_display_coded();
    facts.frames.resize(static_cast<std::size_t>(facts.range.size()));
    for (auto& [frame, seen] : frames)
        facts.frames.at(static_cast<std::size_t>(frame - facts.range.first)) = std::move(seen);
    std::set<std::string> elsewhere;
    for (const qc::FrameFacts& frame : facts.frames)
        for (const auto& [outputs, picture] : frame.canvases)
            elsewhere.insert(outputs.begin(), outputs.end());
    for (const spec::OutputSpec& output : shot.shot().outputs)
        if (output.matte_of.empty() && !elsewhere.contains(output.name)) facts.outputs.push_back(output.name);
    facts.references = reference_facts(shot);
    qc::CheckResult result = qc::run_checks(facts, settings);
    return {std::move(result.findings), std::move(result.checked), qc::metrics(facts, settings)};
}

std::vector<qc::Thumbnail> pick_thumbnails(const ShotContext& shot,
                                           const std::map<int, std::vector<std::string>>& kept,
                                           const nlohmann::json& findings, std::size_t most) {
    const WorkFiles files(shot);
    std::vector<qc::Thumbnail> thumbnails;
    for (const int frame : frames_to_show(findings, shot.delivered_range(), most)) {
        const auto names = kept.find(frame);
        if (names == kept.end()) continue;
        // Files of an earlier run may lie there still: the record says which are this one's.
        const auto picture = [&](const char* which) {
            const bool is_kept =
                std::find(names->second.begin(), names->second.end(), which) != names->second.end();
            return is_kept ? thumbnail_file(files, frame, which) : std::string();
        };
        qc::Thumbnail thumbnail{shot.shot().name, frame, picture("before"), picture("after"),
                                picture("touch")};
        if (thumbnail.before.empty()) continue;
        if (thumbnail.after.empty()) thumbnail.after = thumbnail.before;
        thumbnails.push_back(std::move(thumbnail));
    }
    return thumbnails;
}

}  // namespace wetgate::pipeline

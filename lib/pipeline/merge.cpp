#include "pipeline/merge.h"

#include <algorithm>
#include <set>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/hash.h"
#include "core/read_file.h"
#include "pipeline/checksums.h"
#include "pipeline/mattes.h"
#include "pipeline/merge_records.h"
#include "pipeline/movie_output.h"
#include "pipeline/output_writer.h"
#include "pipeline/preview.h"
#include "pipeline/record.h"
#include "pipeline/shot_judge.h"
#include "pipeline/shown_path.h"
#include "qc/finding.h"
#include "qc/report.h"
#include "spec/output_names.h"

namespace wetgate::pipeline {
namespace {

namespace fs = std::filesystem;

qc::Finding missing_finding(const ShotContext& shot, int frame) {
    qc::Finding finding;
    finding.check = "missing_frame";
    finding.category = "VIDEO";
    finding.term = "Frame Error";
    finding.severity = qc::Severity::Blocker;
    finding.shot = shot.shot().name;
    finding.first_frame = frame;
    finding.end_frame = frame + 1;
    if (const auto address = shot.timecode_of(frame)) {
        finding.timecode_in = to_string(*address);
        finding.timecode_out = to_string(advanced(*address, 1));
    }
    finding.value = 1;
    finding.threshold_source = "any (wetgate gate)";
    finding.message = "the frame was not made";
    return finding;
}

// Files beside the output that carry its pattern but were not asked for: an old, longer version perhaps.
void check_numbering(const ShotContext& shot, const spec::OutputSpec& output, nlohmann::json& findings) {
    if (!output.path.pattern.is_sequence()) return;  // one name for every number
    const FrameRange delivered = shot.delivered_range();
    const int first = spec::number_in_name(output, delivered.first, delivered.first);
    const FrameRange range{first, first + delivered.size()};
    constexpr int looked_around = 100;
    for (int frame = range.first - looked_around; frame < range.end + looked_around; ++frame) {
        if (range.contains(frame) || entry_at(output.path.pattern.path(frame)) == Entry::Nothing) continue;
        qc::Finding finding = missing_finding(shot, frame);
        finding.check = "numbering";
        finding.severity = qc::Severity::Issue;
        finding.message = "output '" + output.name +
                          "' has a file for a frame outside the delivered range: " +
                          output.path.pattern.path(frame).filename().string();
        findings.push_back(qc::to_json(finding));
    }
}

// What an output's names, or what it has no place for, say about all its frames: one finding each.
void check_delivery(const ShotContext& shot, const spec::OutputSpec& output, const nlohmann::json& frames,
                    nlohmann::json& findings) {
    const FrameRange range = shot.delivered_range();
    const auto add = [&](const char* check, const char* term, qc::Severity severity, std::size_t value,
                         const char* source, const std::string& message) {
        qc::Finding finding = missing_finding(shot, range.first);
        finding.check = check;
        finding.category = "METADATA";
        finding.term = term;
        finding.severity = severity;
        finding.end_frame = range.end;
        if (const auto address = shot.timecode_of(range.end)) finding.timecode_out = to_string(*address);
        if (const auto start = shot.timecode_of(range.first)) {
            finding.timecode_in = to_string(*start);
            finding.timecode_out = to_string(advanced(*start, range.size()));
        }
        finding.value = static_cast<double>(value);
        finding.threshold_source = source;
        finding.message = "output '" + output.name + "': " + message;
        findings.push_back(qc::to_json(finding));
    };
    const int last = spec::number_in_name(output, range.end - 1, range.first);
    for (const std::string& fault : spec::naming_faults(output, last))
        add("naming", "File naming", qc::Severity::Issue, 1, "Netflix naming and archival rules", fault);
    // Where the job lies here is not part of the report.
    const std::string whole = shot.file_of(output, range.end - 1).string();
    constexpr std::size_t longest_path = 256;
    if (whole.size() > longest_path) {
        shot.log()(LogLevel::Warning, "output '" + output.name + "' has paths of " +
                                          std::to_string(whole.size()) + " bytes here; archives take " +
                                          std::to_string(longest_path) + ": " + whole);
    }
    std::set<std::string> left_out;
    for (const nlohmann::json& frame : frames) {
        for (const nlohmann::json& written : frame.value("outputs", nlohmann::json::array())) {
            if (written.at("name") != output.name || !written.contains("left_out")) continue;
            for (const nlohmann::json& name : written.at("left_out"))
                left_out.insert(name.get<std::string>());
        }
    }
    if (!left_out.empty()) {
        std::string names;
        for (const std::string& name : left_out) names += (names.empty() ? "" : ", ") + name;
        add("metadata", "Metadata loss", qc::Severity::Fyi, left_out.size(), "SMPTE ST 2065-4",
            "an ACES container has no place for these attributes and channels of the source: " + names);
    }
    const int source_bits = shot.info().color.bits;
    if (const int bits = prores_coded_bits; spec::is_movie(output.type) && source_bits > bits) {
        add("bit_depth", "Bit depth", qc::Severity::Fyi, static_cast<std::size_t>(source_bits),
            "the encoder's depth",
            "the source has " + std::to_string(source_bits) + " bits; frames that are encoded anew have " +
                std::to_string(bits) + " (copied packets keep theirs)");
    }
}

// The list of checksums, of the files that the frames' records name or of the movie.
void list_checksums(const ShotContext& shot, const spec::OutputSpec& output, const nlohmann::json& frames,
                    nlohmann::json& said) {
    if (output.checksums.empty()) return;
    std::vector<ListedFile> files;
    const fs::path& folder = shot.job().folder;
    if (said.contains("file")) {
        files.push_back(
            {folder / said.at("file").get<std::string>(), said.at("bytes").get<std::uint64_t>(), ""});
    }
    for (const nlohmann::json& frame : frames) {
        if (spec::is_movie(output.type)) break;
        for (const nlohmann::json& written : frame.value("outputs", nlohmann::json::array())) {
            if (written.at("name") != output.name) continue;
            files.push_back({folder / written.at("file").get<std::string>(),
                             written.at("bytes").get<std::uint64_t>(),
                             written.at("hash").get<std::string>()});
        }
    }
    said["checksums"] = write_checksums(shot.job(), output, std::move(files));
}

// Which model touched which frames, and how much of them.
nlohmann::json model_summaries(const ShotContext& shot, const std::vector<ShotMove>& moves,
                               const nlohmann::json& frames) {
    nlohmann::json summaries = nlohmann::json::array();
    for (std::size_t i = 0; i < shot.shot().passes.size(); ++i) {
        auto use = shot.model_use(i);
        const auto move =
            std::find_if(moves.begin(), moves.end(), [i](const ShotMove& other) { return other.index == i; });
        const bool enlarges = move != moves.end();  // some frames, where a crop needs it
        if (enlarges) use = move->pass->enlarging_model();
        if (!use) continue;
        FrameSet touched_frames;
        double touched = 0;
        for (const nlohmann::json& frame : frames) {
            for (const nlohmann::json& pass : frame.value("passes", nlohmann::json::array())) {
                if (pass.at("index") != i || pass.at("touched") == 0) continue;
                if (enlarges && pass.value("facts", nlohmann::json()).value("enlarged_by", "") != use->name)
                    continue;
                touched_frames.push_back(frame.at("frame").get<int>());
                touched += pass.at("touched").get<double>();
            }
        }
        if (enlarges && touched_frames.empty()) continue;
        const nets::ModelCard card = shot.models().card(*use);
        summaries.push_back(
            {{"model", card.name},
             {"pass", shot.shot().passes[i].name},
             {"index", i},
             {"sha256", card.sha256},
             {"licence", card.licence},
             {"frames", spec::print_frames(touched_frames)},
             {"mean_touched",
              touched_frames.empty() ? 0.0 : touched / static_cast<double>(touched_frames.size())}});
    }
    return summaries;
}

nlohmann::json pass_summaries(const ShotContext& shot, const nlohmann::json& frames) {
    nlohmann::json summaries = nlohmann::json::array();
    const auto& passes = shot.shot().passes;
    for (std::size_t i = 0; i < passes.size(); ++i) {
        int touched_frames = 0;
        double touched = 0, greatest = 0;
        for (const nlohmann::json& frame : frames) {
            if (!frame.contains("passes")) continue;
            for (const nlohmann::json& pass : frame.at("passes")) {
                if (pass.at("index").get<std::size_t>() != i) continue;
                const double fraction = pass.at("touched").get<double>();
                touched_frames += fraction > 0 ? 1 : 0;
                touched += fraction;
                greatest = std::max(greatest, pass.at("max_stops").get<double>());
            }
        }
        summaries.push_back(
            {{"index", i},
             {"pass", passes[i].name},
             {"enabled", passes[i].enabled},
             {"frames_touched", touched_frames},
             {"mean_touched", frames.empty() ? 0.0 : touched / static_cast<double>(frames.size())},
             {"max_stops", greatest}});
    }
    return summaries;
}

// The record without what is only for resuming.
nlohmann::json reported(nlohmann::json record) {
    record.erase("key");
    record.erase("schema");
    record.erase("fingerprint");
    record.erase("findings");
    record.erase("qc");
    return record;
}

// What the decisions are to other tools, beside the report.
nlohmann::json write_sidecars(const ShotContext& shot, const ShotStages& stages) {
    nlohmann::json list = nlohmann::json::array();
    for (const auto& [index, sidecar] : stages.sidecars()) {
        const std::string& pass = shot.shot().passes[index].name;
        const std::string name =
            shot.shot().name + "." + std::to_string(index) + "." + pass + sidecar.extension;
        ShotContext::make_folder(shot.job().qc.report);
        write_atomic(shot.job().qc.report / name, sidecar.text);
        list.push_back(
            {{"pass", pass}, {"index", index}, {"file", name}, {"hash", content_hash(sidecar.text)}});
    }
    return list;
}

/// With what is looked at without pictures: the gates, and movies by their files.
std::vector<std::string> all_checked(const ShotContext& shot, const std::vector<std::string>& of_pictures) {
    std::vector<std::string> names = qc::gates();
    const auto& outputs = shot.shot().outputs;
    if (std::any_of(outputs.begin(), outputs.end(),
                    [](const auto& output) { return spec::is_movie(output.type); }))
        names.insert(names.end(), {"color_tags", "audio", "movie_start"});
    for (const std::string& name : of_pictures)
        if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    return names;
}

// Mattes that passes went by: their files of the delivered frames, and one hash of all their bytes.
nlohmann::json mattes_used(const ShotContext& shot) {
    std::set<std::string> names;
    for (const spec::PassSpec& pass : shot.shot().passes) {
        if (!pass.enabled) continue;
        names.insert({pass.matte, pass.protect});
        names.insert(pass.named_mattes.begin(), pass.named_mattes.end());
    }
    names.erase("");
    nlohmann::json list = nlohmann::json::array();
    for (const std::string& name : names) {
        std::set<fs::path> files;  // one for all frames, or one a frame
        for (const int frame : frames_of(shot.delivered_range()))
            files.insert(MatteStore::file_of(shot, name, frame));
        std::string hashes;
        for (const fs::path& file : files) hashes += file_hash(file);
        list.push_back({{"name", name},
                        {"path", shot.shot().mattes.at(name).path.text},
                        {"files", files.size()},
                        {"hash", content_hash(hashes)}});
    }
    return list;
}

}  // namespace

MergedShot merge_shot(const ShotContext& shot, const StageOptions& stage_options,
                      const MergeOptions& options) {
    const WorkFiles files(shot);
    MergeRecords records = collect_records(
        shot, stage_options, {options.mix_fingerprints, options.verify, options.require_complete});
    const ShotStages& stages = records.stages;
    const int total = shot.delivered_range().size();

    nlohmann::json frames = nlohmann::json::array();
    nlohmann::json findings = nlohmann::json::array();
    FrameSet in_movies;
    FrameSet failed;
    std::map<int, qc::FrameFacts> seen;
    std::map<int, std::vector<std::string>> thumbnails;
    int done = 0;
    for (const auto& [frame, record] : records.by_frame) {
        for (const nlohmann::json& finding : record.at("findings")) findings.push_back(finding);
        if (record.contains("outputs") && !record.at("outputs").empty()) in_movies.push_back(frame);
        if (record.contains("failed")) failed.push_back(frame);
        frames.push_back(reported(record));
        try {
            seen[frame] = frame_facts(shot, record);
        } catch (const Error& error) {
            throw error.within(
                {.file = files.record(frame).string(), .shot = shot.shot().name, .frame = frame});
        }
        thumbnails[frame] = seen[frame].thumbnails;
        if (options.progress) options.progress({shot.shot().name, "merge", ++done, total, 0});
    }
    findings = qc::joined(std::move(findings));
    for (const int frame : records.missing) findings.push_back(qc::to_json(missing_finding(shot, frame)));

    nlohmann::json outputs = nlohmann::json::array();
    for (const spec::OutputSpec& output : shot.shot().outputs) {
        if (output.type == spec::OutputType::ProRes) {
            if (!in_movies.empty())
                outputs.push_back(write_movie(shot, output, in_movies, failed, records.by_frame));
        } else {
            outputs.push_back({{"name", output.name}, {"frames", in_movies.size()}});
            if (!output.profile.empty()) outputs.back()["profile"] = output.profile;
            if (output.first_frame) {
                outputs.back()["renumbered"] = {{"from", shot.delivered_range().first},
                                                {"to", *output.first_frame}};
            }
            check_numbering(shot, output, findings);
        }
        if (shot.is_moved(output) && !outputs.empty() && outputs.back().at("name") == output.name) {
            const framing::Canvas canvas = shot.canvas_of(output);
            outputs.back()["canvas"] = {canvas.width, canvas.height};
        }
        check_delivery(shot, output, frames, findings);
        if (!in_movies.empty()) list_checksums(shot, output, frames, outputs.back());
    }
    nlohmann::json artefacts = nlohmann::json::array();
    for (std::size_t i = 0; i < stages.artefacts().size(); ++i) {
        const nlohmann::json& artefact = stages.artefacts()[i];
        if (artefact.is_null()) continue;
        artefacts.push_back(
            {{"pass", shot.shot().passes[i].name}, {"index", i}, {"hash", content_hash(artefact.dump())}});
    }
    const nlohmann::json sidecars = write_sidecars(shot, stages);
    for (const nlohmann::json& output : outputs) {
        if (!output.contains("file")) continue;
        for (const qc::Finding& finding : check_written_movie(shot, output))
            findings.push_back(qc::to_json(finding));
    }
    qc::apply_settings(options.checks, findings);
    Judgement judgement;
    if (shot.viewer() != nullptr) judgement = judge(shot, std::move(seen), options.checks);
    for (const qc::Finding& finding : judgement.findings) findings.push_back(qc::to_json(finding));
    MergedShot merged;
    merged.thumbnails = pick_thumbnails(shot, thumbnails, findings, options.most_thumbnails);
    merged.result = {{"name", shot.shot().name},
                     {"range", {shot.delivered_range().first, shot.delivered_range().end}},
                     {"rate", to_string(shot.rate())},
                     {"source", shot.info().detail},
                     {"colorspace", shot.source_space()},
                     {"fingerprint", records.fingerprint},
                     {"passes", pass_summaries(shot, frames)},
                     {"artefacts", artefacts},
                     {"sidecars", sidecars},
                     {"mattes", mattes_used(shot)},
                     {"models", model_summaries(shot, stages.moves(), frames)},
                     {"outputs", outputs},
                     {"frames", frames},
                     {"checked", all_checked(shot, judgement.checked)},
                     {"metrics", judgement.metrics},
                     {"findings", findings}};
    for (nlohmann::json& plot : path_metrics(shot, stages.moves()))
        merged.result["metrics"].push_back(std::move(plot));
    if (options.preview) merged.result["preview"] = write_preview(shot, stages.moves(), options.progress);
    return merged;
}

}  // namespace wetgate::pipeline

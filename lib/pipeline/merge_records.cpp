#include "pipeline/merge_records.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>

#include "core/error.h"
#include "pipeline/checksums.h"
#include "pipeline/record.h"
#include "spec/frame_text.h"

namespace wetgate::pipeline {
namespace {

namespace fs = std::filesystem;

using Records = std::map<int, nlohmann::json>;

ErrorContext at(const ShotContext& shot, const FrameSet& frames) {
    return {.file = {}, .shot = shot.shot().name, .frame = frames.front()};
}

struct Kind {
    nlohmann::json fingerprint;
    FrameSet frames;
};

/// The kinds of machine that made the frames, in the order of their first frames.
std::vector<Kind> kinds_of(const Records& records) {
    std::vector<Kind> kinds;
    for (const auto& [frame, record] : records) {
        const nlohmann::json& fingerprint = record.at("fingerprint");
        const auto known = std::find_if(kinds.begin(), kinds.end(),
                                        [&](const Kind& kind) { return kind.fingerprint == fingerprint; });
        if (known == kinds.end()) {
            kinds.push_back({fingerprint, {frame}});
        } else {
            known->frames.push_back(frame);
        }
    }
    return kinds;
}

/// The stages, solved as one of the kinds of machine solved them: the commonest that did.
ShotStages solved_stages(const ShotContext& shot, StageOptions options, const Records& records) {
    std::vector<Kind> kinds = kinds_of(records);
    if (kinds.empty()) kinds.push_back({shot.runtime().fingerprint(), {}});
    std::stable_sort(kinds.begin(), kinds.end(),
                     [](const Kind& a, const Kind& b) { return a.frames.size() > b.frames.size(); });
    std::optional<std::size_t> unsolved;
    for (const Kind& kind : kinds) {
        options.fingerprint = kind.fingerprint;
        ShotStages stages(shot, options);
        const auto missing = stages.next_unsolved();
        if (!missing) return stages;
        unsolved = std::max(unsolved.value_or(0), *missing);
    }
    throw Error(ErrorKind::Input,
                "the pass '" + shot.shot().passes[*unsolved].name +
                    "' is not solved for this job and its plates; run the job's frames first",
                {.file = {}, .shot = shot.shot().name, .frame = {}});
}

void refuse_incomplete(const ShotContext& shot, const FrameSet& missing, const FrameSet& otherwise,
                       std::size_t wanted) {
    const std::string of_all = " of " + std::to_string(wanted) + " frames";
    std::string message;
    if (!missing.empty()) {
        message = std::to_string(missing.size()) + of_all + " are not made: " + spec::print_frames(missing);
    }
    if (!otherwise.empty()) {
        message += (message.empty() ? "" : "; ") + std::to_string(otherwise.size()) + of_all +
                   " were made by another version of the job, its plates, artefacts or models: " +
                   spec::print_frames(otherwise);
    }
    FrameSet all = missing;
    all.insert(all.end(), otherwise.begin(), otherwise.end());
    std::sort(all.begin(), all.end());
    throw Error(ErrorKind::Input,
                message + "; run them (--frames " + spec::print_frames(all) + "), then merge again",
                at(shot, all));
}

void refuse_mixture(const ShotContext& shot, const Records& records) {
    const std::vector<Kind> kinds = kinds_of(records);
    if (kinds.size() < 2) return;
    std::string message = "frames of " + std::to_string(kinds.size()) + " kinds of machine: ";
    for (const auto& [fingerprint, frames] : kinds)
        message += spec::print_frames(frames) + " by " + fingerprint.dump() + "; ";
    throw Error(ErrorKind::Usage, message + "run them all on one kind, or merge with --mix-fingerprints",
                at(shot, kinds[1].frames));
}

/// Two frames that name one file: all but one of them is not what its record says.
void refuse_duplicates(const ShotContext& shot, const Records& records) {
    std::map<std::string, FrameSet> frames_of_file;
    for (const auto& [frame, record] : records) {
        for (const nlohmann::json& output : record.value("outputs", nlohmann::json::array()))
            frames_of_file[output.at("file").get<std::string>()].push_back(frame);
    }
    std::set<int> twice;
    std::string file;
    for (const auto& [name, frames] : frames_of_file) {
        if (frames.size() < 2) continue;
        if (file.empty()) file = name;
        twice.insert(frames.begin(), frames.end());
    }
    if (twice.empty()) return;
    const FrameSet frames(twice.begin(), twice.end());
    throw Error(ErrorKind::Input,
                "the records of frames " + spec::print_frames(frames) + " name the same file (" + file +
                    "); run them again with --overwrite, then merge again",
                at(shot, frames));
}

/// Whether a frame's file is the one that its record speaks of: by its size, and by its hash where the file
/// may be the younger of the two (a shard of an older job that ended late) or the caller wants to know.
bool is_as_recorded(const ShotContext& shot, const nlohmann::json& output, int frame, bool verify) {
    const fs::path file = shot.job().folder / output.at("file").get<std::string>();
    const nlohmann::json identity = file_identity(file);
    if (identity.value("missing", false) || identity.at("bytes") != output.at("bytes")) return false;
    if (!verify && !is_younger(file, WorkFiles(shot).record(frame))) return true;
    return file_hash(file) == output.at("hash").get<std::string>();
}

void refuse_changed_files(const ShotContext& shot, const Records& records, bool verify) {
    FrameSet changed;
    std::string first;
    for (const auto& [frame, record] : records) {
        for (const nlohmann::json& output : record.value("outputs", nlohmann::json::array())) {
            if (is_as_recorded(shot, output, frame, verify)) continue;
            if (first.empty()) first = output.at("file").get<std::string>();
            changed.push_back(frame);
            break;
        }
    }
    if (changed.empty()) return;
    throw Error(ErrorKind::Input,
                "the files of frames " + spec::print_frames(changed) +
                    " are gone or were changed after they were written (the first is " + first +
                    "); run them again (--frames " + spec::print_frames(changed) + "), then merge again",
                at(shot, changed));
}

}  // namespace

MergeRecords collect_records(const ShotContext& shot, const StageOptions& stage_options,
                             const RecordRules& rules) {
    const FrameSet wanted = frames_of(shot.delivered_range());
    Records records;
    FrameSet missing, otherwise;
    for (const int frame : wanted) {
        if (auto record = load_record(shot, frame)) {
            records.emplace(frame, std::move(*record));
        } else {
            missing.push_back(frame);
        }
    }
    // First the frames themselves: where none is made, that is what the user has to know.
    if (records.empty() && rules.require_complete) refuse_incomplete(shot, missing, {}, wanted.size());
    const ShotStages stages = solved_stages(shot, stage_options, records);
    for (auto record = records.begin(); record != records.end();) {
        const bool counts = record->second.value("key", "") ==
                                stages.key_of(record->first, record->second.at("fingerprint")) &&
                            (record->second.contains("failed") || has_qc(shot, record->second));
        if (!counts) otherwise.push_back(record->first);
        record = counts ? std::next(record) : records.erase(record);
    }
    if (rules.require_complete && missing.size() + otherwise.size() > 0)
        refuse_incomplete(shot, missing, otherwise, wanted.size());
    if (!rules.mix_fingerprints) refuse_mixture(shot, records);
    refuse_duplicates(shot, records);
    refuse_changed_files(shot, records, rules.verify);

    missing.insert(missing.end(), otherwise.begin(), otherwise.end());
    std::sort(missing.begin(), missing.end());
    nlohmann::json fingerprint;
    if (!records.empty()) fingerprint = records.begin()->second.at("fingerprint");
    return {std::move(records), std::move(missing), std::move(fingerprint), stages};
}

}  // namespace wetgate::pipeline

#include "pipeline/record.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "color/cdl.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "core/hash.h"
#include "core/read_file.h"
#include "core/system_error.h"
#include "core/temp_files.h"
#include "pipeline/chain.h"
#include "pipeline/checksums.h"
#include "pipeline/mattes.h"
#include "pipeline/references.h"
#include "pipeline/shot_qc.h"
#include "qc/finding.h"
#include "spec/identity.h"
#include "spec/strict_json.h"

namespace wetgate::pipeline {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t json_limit_bytes = std::int64_t{256} << 20;
constexpr std::size_t json_limit_depth = 64;  // no file of ours is half as deep
constexpr spec::JsonLimits artefact_limits{std::size_t{64} << 20, json_limit_depth, 16'000'000};
// Raised when the same job gives other bits than the version before: old records are then made again.
constexpr int algorithm_version = 5;

nlohmann::json matte_identity(const ShotContext& shot, const std::vector<int>& frames,
                              std::size_t passes_before) {
    nlohmann::json identity = nlohmann::json::array();
    // With the pass's own, which a measurement may read.
    const std::size_t count = std::min(passes_before + 1, shot.shot().passes.size());
    for (std::size_t i = 0; i < count; ++i) {
        const spec::PassSpec& pass = shot.shot().passes[i];
        std::vector<std::string> names = pass.named_mattes;
        names.push_back(pass.matte);
        names.push_back(pass.protect);
        for (const std::string& name : names) {
            if (name.empty()) continue;
            for (const int frame : frames)
                identity.push_back(file_identity(MatteStore::file_of(shot, name, frame)));
        }
    }
    return identity;
}

// Of the passes before and of the pass itself, whose measurement reads them.
nlohmann::json reference_identity(const ShotContext& shot, std::size_t passes_before) {
    nlohmann::json identity = nlohmann::json::array();
    const std::size_t count = std::min(passes_before + 1, shot.shot().passes.size());
    for (std::size_t i = 0; i < count; ++i) {
        for (const std::string& name : shot.shot().passes[i].named_references)
            identity.push_back(shot.references().identity(name));
    }
    return identity;
}

// Files that parameters name (a CDL, a LUT; absolute by now): their contents decide the picture too.
nlohmann::json parameter_files(const ShotContext& shot, std::size_t passes_before) {
    nlohmann::json identity = nlohmann::json::array();
    for (std::size_t i = 0; i < passes_before; ++i) {
        for (const nlohmann::json& value : shot.shot().passes[i].params.values()) {
            if (!value.is_string()) continue;
            const fs::path file = value.get<std::string>();
            if (file.is_absolute() && entry_at(file) == Entry::File) identity.push_back(file_identity(file));
        }
    }
    return identity;
}

// The weights that learned passes run on.
nlohmann::json model_identity(const ShotContext& shot, std::size_t passes_before) {
    nlohmann::json identity = nlohmann::json::array();
    for (std::size_t i = 0; i < passes_before; ++i) {
        if (const auto use = shot.model_use(i)) identity.push_back(shot.models().load(*use)->card.sha256);
    }
    return identity;
}

nlohmann::json key_parts(const ShotContext& shot, int frame, passes::PassReach reach,
                         std::size_t passes_before, const std::vector<nlohmann::json>& artefacts,
                         const nlohmann::json& fingerprint) {
    const std::vector<int> window = Chain::frames_needed({frame}, reach, shot.source_range());
    nlohmann::json used = nlohmann::json::array();
    for (std::size_t i = 0; i < passes_before && i < artefacts.size(); ++i) used.push_back(artefacts[i]);
    return {{"version", algorithm_version},
            {"shot", spec::shot_identity(shot.job(), shot.shot(), passes_before)},
            {"frame", frame},
            {"source", source_identity(shot, window)},
            {"mattes", matte_identity(shot, window, passes_before)},
            {"references", reference_identity(shot, passes_before)},
            {"files", parameter_files(shot, passes_before)},
            {"models", model_identity(shot, passes_before)},
            {"artefacts", content_hash(used.dump())},
            {"fingerprint", fingerprint}};
}

}  // namespace

std::string path_from_job(const spec::JobSpec& job, const fs::path& file) {
    return with_retries(default_io_retries, [&] {
        std::error_code problem;
        const fs::path path = fs::proximate(file, job.folder, problem);
        if (problem)
            throw read_error("look for", problem.value(), {.file = file.string(), .shot = {}, .frame = {}});
        return path.generic_string();
    });
}

nlohmann::json file_identity(const fs::path& file) {
    struct stat status {};
    const bool is_there = with_retries(default_io_retries, [&] {
        if (::stat(file.c_str(), &status) == 0) return true;
        const Error error = read_error("look at", errno, {.file = file.string(), .shot = {}, .frame = {}});
        if (error.kind() != ErrorKind::Input) throw error;
        return false;
    });
    if (!is_there) return {{"file", file.filename().string()}, {"missing", true}};
    return {{"file", file.filename().string()},  // not the folder: shards may see it under another root
            {"bytes", status.st_size},
            {"time", std::to_string(status.st_mtim.tv_sec) + "." + std::to_string(status.st_mtim.tv_nsec)}};
}

nlohmann::json read_artefact(const fs::path& file) {
    const std::string text = read_text(file, artefact_limits.bytes);
    if (const auto first = text.find_first_not_of(" \t\r\n\xEF\xBB\xBF");
        first != std::string::npos && text[first] == '<') {
        const color::Cdl cdl = color::read_cdl(file);
        return {{"schema", "wetgate.cdl/1"},
                {"slope", cdl.slope},
                {"offset", cdl.offset},
                {"power", cdl.power},
                {"saturation", cdl.saturation}};
    }
    const nlohmann::json json = spec::parse_strict_json(text, file.string(), artefact_limits);
    return json.is_object() && json.contains("artefact") ? json.at("artefact") : json;
}

void WorkFiles::remove_orphans() const {
    remove_orphan_temps(root_);
    std::error_code ignored;
    fs::recursive_directory_iterator entry(root_, ignored);
    for (; !ignored && entry != fs::recursive_directory_iterator(); entry.increment(ignored)) {
        std::error_code unknown;
        if (entry->is_directory(unknown)) remove_orphan_temps(entry->path());
    }
}

nlohmann::json source_identity(const ShotContext& shot, const std::vector<int>& frames) {
    nlohmann::json identity = nlohmann::json::array();
    if (shot.info().kind == media::MediaKind::Movie) {
        identity.push_back(file_identity(shot.file_of(shot.source_range().first)));
        return identity;
    }
    for (const int frame : frames) identity.push_back(file_identity(shot.file_of(frame)));
    return identity;
}

std::string frame_key(const ShotContext& shot, int frame, passes::PassReach reach, std::size_t passes_before,
                      const std::vector<nlohmann::json>& artefacts, const nlohmann::json& fingerprint) {
    return content_hash(key_parts(shot, frame, reach, passes_before, artefacts, fingerprint).dump());
}

std::string output_key(const ShotContext& shot, int frame, passes::PassReach reach,
                       const std::vector<nlohmann::json>& artefacts, const nlohmann::json& fingerprint) {
    nlohmann::json parts = key_parts(shot, frame, reach, shot.shot().passes.size(), artefacts, fingerprint);
    for (const spec::OutputSpec& output : shot.shot().outputs) {
        parts["outputs"].push_back(spec::output_identity(shot.job(), shot.shot(), output));
        parts["files"].push_back(output.path.text);
    }
    return content_hash(parts.dump());
}

std::optional<nlohmann::json> load_json(const fs::path& file) {
    if (entry_at(file) == Entry::Nothing) return std::nullopt;
    const std::string text = read_text(file, json_limit_bytes);
    if (spec::nested_deeper_than(text, json_limit_depth)) return std::nullopt;
    nlohmann::json json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (json.is_discarded() || !json.is_object()) return std::nullopt;
    return json;
}

bool has_key(const nlohmann::json& json, const std::string& key) {
    const auto found = json.find("key");
    return found != json.end() && *found == key;
}

std::optional<StoredArtefact> load_artefact(const fs::path& file) {
    if (entry_at(file) == Entry::Nothing) return std::nullopt;
    const nlohmann::json json = spec::read_strict_json(file, artefact_limits);
    const auto refuse = [&](const std::string& why) {
        return Error(ErrorKind::Usage, why + "; correct it, or delete the file to have it solved again",
                     {.file = file.string(), .shot = {}, .frame = {}});
    };
    if (!json.is_object() || !json.contains("artefact"))
        throw refuse("an artefact is an object with the key \"artefact\"");
    const auto locked = json.find("locked");
    if (locked != json.end() && !locked->is_boolean()) throw refuse("\"locked\" must be true or false");
    return StoredArtefact{json.at("artefact"), json.value("key", nlohmann::json()),
                          locked != json.end() && locked->get<bool>()};
}

void store_json(const fs::path& file, const nlohmann::json& json, int retries) {
    // A name in a damaged file may be no UTF-8.
    const std::string text = json.dump(1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
    write_atomic(file, text, retries);
}

std::optional<nlohmann::json> load_record(const ShotContext& shot, int frame) {
    std::optional<nlohmann::json> record = load_json(WorkFiles(shot).record(frame));
    if (!record) return std::nullopt;
    try {
        const auto is_list = [&](const char* key) {
            return !record->contains(key) || record->at(key).is_array();
        };
        const bool is_sound = record->at("frame") == frame && record->contains("fingerprint") &&
                              is_list("outputs") && is_list("passes") &&
                              (record->contains("failed") || record->at("key").is_string()) &&
                              (!record->contains("qc") || record->at("qc").at("version").is_number_integer());
        if (!is_sound) return std::nullopt;
        for (const nlohmann::json& finding : record->at("findings")) qc::finding_from_json(finding);
    } catch (const nlohmann::json::exception&) {
        return std::nullopt;
    }
    return record;
}

bool has_qc(const ShotContext& shot, const nlohmann::json& record) {
    if (shot.viewer() == nullptr) return true;
    const auto seen = record.find("qc");
    return seen != record.end() && seen->is_object() && seen->contains("version") &&
           seen->at("version") == qc_version;
}

bool is_younger(const fs::path& file, const fs::path& record) {
    struct stat of_file {
    }, of_record{};
    if (::stat(file.c_str(), &of_file) != 0 || ::stat(record.c_str(), &of_record) != 0) return true;
    // The time of the last change of any kind: a rename counts, which a file's own time does not tell.
    const timespec &changed = of_file.st_ctim, &recorded = of_record.st_ctim;
    return std::pair(changed.tv_sec, changed.tv_nsec) > std::pair(recorded.tv_sec, recorded.tv_nsec);
}

std::optional<nlohmann::json> valid_record(const ShotContext& shot, int frame, const std::string& key) {
    std::optional<nlohmann::json> record = load_record(shot, frame);
    if (!record || !has_key(*record, key) || record->contains("failed")) return std::nullopt;
    if (!has_qc(shot, *record)) return std::nullopt;
    try {
        for (const nlohmann::json& output : record->at("outputs")) {
            const fs::path file = shot.job().folder / output.at("file").get<std::string>();
            std::error_code problem;
            if (fs::file_size(file, problem) != output.at("bytes").get<std::uintmax_t>() || problem)
                return std::nullopt;
            if (file_hash(file) != output.at("hash").get<std::string>()) return std::nullopt;
        }
    } catch (const nlohmann::json::exception&) {
        return std::nullopt;  // not a record of ours: the frame is made again
    } catch (const Error&) {
        return std::nullopt;
    }
    return record;
}

}  // namespace wetgate::pipeline

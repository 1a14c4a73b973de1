#pragma once
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/host_frame.h"
#include "passes/pass.h"
#include "pipeline/shot_context.h"

namespace wetgate::pipeline {

// A frame record is the unit of resume and of the report: one small JSON file a frame, written after the
// frame's outputs are whole under their names. Whatever a shard knows about a frame is in it, so that any
// split of a shot merges to the same report.

/// Where records, measurements, artefacts and movie packets of a shot lie.
class WorkFiles {
public:
    explicit WorkFiles(const ShotContext& shot) : root_(shot.work_folder()) {}
    explicit WorkFiles(std::filesystem::path root) : root_(std::move(root)) {}

    std::filesystem::path record(int frame) const {
        return root_ / "frames" / (std::to_string(frame) + ".json");
    }
    /// Small pictures of a frame for the report: `which` is before, after or touch.
    std::filesystem::path thumbnail(int frame, const std::string& which) const {
        return root_ / "thumbnails" / (std::to_string(frame) + "." + which + ".jpg");
    }
    std::filesystem::path packet(const std::string& output, int frame) const {
        return root_ / "packets" / output / (std::to_string(frame) + ".prores");
    }
    std::filesystem::path measurement(std::size_t pass, const std::string& name, int frame) const {
        return root_ / (std::to_string(pass) + "." + name + ".measured") / (std::to_string(frame) + ".json");
    }
    std::filesystem::path artefact(std::size_t pass, const std::string& name) const {
        return root_ / (std::to_string(pass) + "." + name + ".json");
    }
    /// Removes what killed processes of this host left half-written, in all folders of the shot.
    void remove_orphans() const;

private:
    std::filesystem::path root_;
};

/// Where a file lies from the job's folder, as records and reports have it, through links. Errors as
/// ReadFile.
std::string path_from_job(const spec::JobSpec& job, const std::filesystem::path& file);

/// Name, size and time of a file, or that it is not there. Error{Temporary} when a network file system does
/// not say.
nlohmann::json file_identity(const std::filesystem::path& file);

/// An artefact that the job names: the bare thing or what wraps it in the work folder ({"schema":
/// "wetgate.artefact/1", "artefact": ...}). An ASC CDL (.cc, .ccc, .cdl) as
/// {"schema": "wetgate.cdl/1", "slope", "offset", "power", "saturation"}. Error{Usage} for what is neither,
/// with line and column of what is no strict JSON.
nlohmann::json read_artefact(const std::filesystem::path& file);

/// Name, size and time of the source files behind a window: a changed plate is a changed key.
nlohmann::json source_identity(const ShotContext& shot, const std::vector<int>& frames);

/// What decides the picture of a frame up to (not including) pass `passes_before`: job, source, artefacts,
/// arithmetic. `artefacts` are the contents in use by the passes before, by index (null where there is none);
/// `fingerprint` is of the machine that makes or made it.
std::string frame_key(const ShotContext& shot, int frame, passes::PassReach reach, std::size_t passes_before,
                      const std::vector<nlohmann::json>& artefacts, const nlohmann::json& fingerprint);
/// frame_key of the whole chain and the outputs.
std::string output_key(const ShotContext& shot, int frame, passes::PassReach reach,
                       const std::vector<nlohmann::json>& artefacts, const nlohmann::json& fingerprint);

/// A JSON file of our own; nullopt when it is absent or not readable as JSON (then it is made again).
/// Error{Temporary} or Error{Input} when it is there and cannot be read.
std::optional<nlohmann::json> load_json(const std::filesystem::path& file);
/// Whether a record, measurement or artefact was made for `key`.
bool has_key(const nlohmann::json& json, const std::string& key);

/// An artefact of the work folder. A person may have edited it: what is no strict JSON, or no artefact, is an
/// Error{Usage} with its place and never made again over what was written there. nullopt when it is absent.
struct StoredArtefact {
    nlohmann::json artefact;
    nlohmann::json key;  ///< a text, unless somebody took it away
    bool locked = false;
};
std::optional<StoredArtefact> load_artefact(const std::filesystem::path& file);

void store_json(const std::filesystem::path& file, const nlohmann::json& json,
                int retries = default_io_retries);

/// A frame's record; nullopt when it is absent, or damaged in what every record has (then the frame is made
/// again).
std::optional<nlohmann::json> load_record(const ShotContext& shot, int frame);

/// True where a record holds what QC of this version saw, or the job wants none.
bool has_qc(const ShotContext& shot, const nlohmann::json& record);

/// Whether the file of an output, as a record has it, may have been written after that record: then its size
/// alone does not prove that it is the one that the record speaks of.
bool is_younger(const std::filesystem::path& file, const std::filesystem::path& record);

/// A record that holds `key` and whose output files are all there with the size and hash that it says.
std::optional<nlohmann::json> valid_record(const ShotContext& shot, int frame, const std::string& key);

}  // namespace wetgate::pipeline

#pragma once
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/frame_range.h"
#include "core/timecode.h"
#include "spec/frame_text.h"
#include "spec/params.h"
#include "spec/path_map.h"
#include "spec/path_pattern.h"
#include "spec/problem.h"

namespace wetgate::spec {

/// A path of the job: as it is written there (the same on every machine) and where it lies here.
struct SpecPath {
    std::string text;
    PathPattern pattern;  ///< absolute, mapped
};

struct SourceSpec {
    SpecPath path;
    std::optional<FrameRange> range;  ///< what exists; always there for a sequence
    std::optional<int> first_frame;   ///< of a movie
    std::optional<Rate> rate;
    std::string colorspace;
    std::optional<std::string> layer;
    std::optional<std::string> part;  ///< name, or index as text
};

struct MatteSpec {
    std::string name;
    SpecPath path;  ///< a sequence with the shot's numbers, or one picture for all frames
    std::optional<std::string> channel;  ///< default: A, else Y, else R
    bool invert = false;
};

struct ReferenceSpec {
    std::string name;
    SpecPath path;
    std::optional<FrameRange> range;  ///< always there for a sequence
    std::string colorspace;
    std::optional<std::string> layer;
    std::optional<std::string> part;
};

/// Sound that is not the source's own: of a movie or a WAV file.
struct AudioSpec {
    SpecPath path;
    std::optional<int> first_frame;  ///< where the sound begins, in the shot's numbers; nullopt: where both
                                     ///< timecodes say, else at source.range.first
};

struct PassSpec {
    std::string name;
    bool enabled = true;
    std::optional<FrameSet> frames;  ///< nullopt: all
    std::string matte;               ///< name in ShotSpec::mattes; empty: none
    std::string protect;             ///< name in ShotSpec::mattes; empty: none
    double strength = 1.0;           ///< 0..1
    std::optional<double> limit_stops;
    std::string model;               ///< empty: the pass's own choice
    std::string artefact_text;       ///< as written in the job; empty: measure
    std::filesystem::path artefact;  ///< absolute
    std::string note;
    std::vector<std::string> named_mattes;      ///< further mattes that parameters name
    std::vector<std::string> named_references;  ///< references that parameters name
    Params params;                  ///< with defaults; texts of format "input-file" are absolute paths here
    nlohmann::json written_params;  ///< the same with those paths as the job has them: for keys
    std::string pointer;            ///< "/shots/0/passes/2"
};

enum class OutputType : std::uint8_t { Exr, ProRes, Dpx, Tiff, Png, Jpeg };
enum class PixelChoice : std::uint8_t { Source, Half, Float };
enum class BadFrame : std::uint8_t { Fail, Hold, Black, Skip };
enum class GateMode : std::uint8_t { Off, Warn, Fail };
enum class Precision : std::uint8_t { Fp16, Fp32 };

struct OutputSpec {
    std::string name;
    SpecPath path;
    OutputType type = OutputType::Exr;
    std::optional<std::string> compression;
    PixelChoice pixel = PixelChoice::Source;
    int bits = 0;                           ///< 0: the source's, else the type's usual depth
    std::string profile = "422hq";          ///< ProRes; exr: plate, aces-2065-4, proxy, or empty for none
    std::string encoder = "auto";           ///< ProRes: auto, prores_aw, prores_ks
    std::optional<std::string> colorspace;  ///< nullopt: the source's
    bool alpha = false;
    std::optional<double> dwa_level;
    std::string matte_of;            ///< a pass's name: what it changed or found in place of the picture
    std::optional<int> first_frame;  ///< number of the delivered range's first file; nullopt: the source's
    std::string checksums;           ///< mhl, md5, xxh128, or empty for none
};

struct ShotSpec {
    std::string name;
    SourceSpec source;
    std::optional<FrameRange>
        range;  ///< to deliver; nullopt: all of a movie whose length the job does not say
    BadFrame on_bad_frame = BadFrame::Fail;
    std::optional<std::string> timecode;  ///< of source.range.first
    std::optional<std::string> reel;
    std::optional<AudioSpec> audio;
    std::map<std::string, MatteSpec> mattes;
    std::map<std::string, ReferenceSpec> references;
    std::vector<PassSpec> passes;
    std::vector<OutputSpec> outputs;
};

struct ApprovalSpec {
    std::string ref;
    std::string deliverable = "temp";
};

struct ColorSpec {
    std::string config = "builtin";       ///< "builtin", "$OCIO" or an absolute path
    std::string config_text = "builtin";  ///< as written in the job
    std::string working = "ACEScg";
};

struct ComputeSpec {
    std::string device = "auto";  ///< auto, cpu, cuda, cuda:N
    Precision precision = Precision::Fp16;
    int threads = 1;
    std::int64_t seed = 0;
};

/// A finding that is accepted beforehand.
struct AcceptSpec {
    std::string check;               ///< name of the check; "*" for all
    std::string shot;                ///< empty: every shot
    std::optional<FrameSet> frames;  ///< nullopt: every frame
    std::string reason;
};

/// How a check is to be used in this job.
struct CheckSpec {
    bool enabled = true;
    std::optional<double> threshold;
    std::string severity;  ///< FYI, Issue, Blocker; empty: the check's own
};

struct QcSpec {
    std::filesystem::path report;  ///< folder
    GateMode gate = GateMode::Fail;
    bool measure = true;  ///< look at the pictures; off: only what the pipeline itself knows
    std::map<std::string, CheckSpec> checks;
    std::vector<AcceptSpec> accept;
};

struct JobSpec {
    std::filesystem::path file;    ///< the job file, absolute
    std::filesystem::path folder;  ///< its folder: relative paths start here
    std::string name;
    std::string show;
    std::string version;  ///< what {version} in output paths stands for
    std::string date;     ///< ISO 8601 with a zone, as written; the only date that an output ever gets
    std::filesystem::path work;
    ApprovalSpec approval;
    ColorSpec color;
    ComputeSpec compute;
    std::vector<ShotSpec> shots;
    QcSpec qc;

    /// Error{Usage} with the nearest name.
    const ShotSpec& shot(const std::string& shot_name) const;
};

struct LoadOptions {
    PathMap path_map;
    FramesSyntax frames_syntax = FramesSyntax::None;
};

/// Reads and checks a job without touching any other file. Error{Input} when it cannot be read, Error{Usage}
/// when it is no strict JSON, JobProblems (an Error{Usage}) with everything else that is wrong with it, at
/// once.
JobSpec load_job(const std::filesystem::path& file, const LoadOptions& options = {});
/// The same of a text; `file` gives the folder and the name in messages.
JobSpec parse_job(std::string_view text, const std::filesystem::path& file, const LoadOptions& options = {});

/// The words of the job file.
std::string_view to_text(OutputType type);
std::string_view to_text(PixelChoice pixel);
std::string_view to_text(BadFrame policy);
std::string_view to_text(GateMode mode);
std::string_view to_text(Precision precision);
bool is_movie(OutputType type);

}  // namespace wetgate::spec

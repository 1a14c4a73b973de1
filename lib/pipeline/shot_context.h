#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "color/color.h"
#include "compute/runtime.h"
#include "core/log.h"
#include "core/retry.h"
#include "framing/warp.h"
#include "media/source.h"
#include "nets/job_models.h"
#include "passes/pass.h"
#include "spec/job_spec.h"

namespace wetgate::isolate {
class DecoderPool;
}

namespace wetgate::pipeline {

class ShotReferences;
class Viewer;

/// How files are read and written: neither changes a bit of the result.
struct IoSettings {
    int threads = 1;                   ///< frames decoded and encoded at once
    int retries = default_io_retries;  ///< after transient faults of a network file system
};

/// What all shots of a job share.
struct JobTools {
    const color::Config& colors;
    const compute::Runtime& runtime;
    const nets::JobModels& models;
    Log log;
    std::shared_ptr<isolate::DecoderPool> decoders = nullptr;  ///< nullptr: media is decoded in this process
};

/// Everything of one shot that stages share and nobody changes: specs, opened source, colour transforms. Made
/// once a shot.
class ShotContext {
public:
    /// Opens the source (so Error{Input} when it is not there) and resolves every colour space
    /// (Error{Usage}).
    ShotContext(const spec::JobSpec& job, const spec::ShotSpec& shot, JobTools tools, const IoSettings& io);

    const spec::JobSpec& job() const { return job_; }
    const spec::ShotSpec& shot() const { return shot_; }
    const color::Config& colors() const { return tools_.colors; }
    const compute::Runtime& runtime() const { return tools_.runtime; }
    const nets::JobModels& models() const { return tools_.models; }
    const media::SourceInfo& info() const { return info_; }
    const Log& log() const { return tools_.log; }
    int io_threads() const { return io_.threads; }
    int io_retries() const { return io_.retries; }

    /// What exists, and what is delivered.
    FrameRange source_range() const { return info_.range; }
    FrameRange delivered_range() const;

    const ShotReferences& references() const { return *references_; }
    /// Looks at pictures in the source's space for QC; nullptr where the job does not want that.
    const Viewer* viewer() const { return viewer_.get(); }

    /// Another reader of the source, for a thread of its own.
    std::unique_ptr<media::FrameSource> open() const;
    std::filesystem::path file_of(int frame) const { return shot_.source.path.pattern.path(frame); }
    /// What media is opened with; nullptr: in this process.
    const std::shared_ptr<isolate::DecoderPool>& decoders() const { return tools_.decoders; }

    const std::string& source_space() const { return source_space_; }
    /// The space an output is written in: its own or its profile's, else the source's.
    std::string output_space(const spec::OutputSpec& output) const;
    const color::Transform& to_working() const { return *to_working_; }
    /// From the working space to `space`.
    const color::Transform& from_working(const std::string& space) const { return *from_working_.at(space); }
    const color::Transform& source_to(const std::string& space) const { return *from_source_.at(space); }

    /// The file of a delivered frame: numbered as the source, or from the output's first_frame.
    std::filesystem::path file_of(const spec::OutputSpec& output, int frame) const;
    /// Reel name of the job or the source; empty where neither has one.
    const std::string& reel() const { return shot_.reel ? *shot_.reel : info_.reel; }

    /// SMPTE address of a frame, where the source or the job gives one.
    std::optional<Timecode> timecode_of(int frame) const;
    Rate rate() const { return info_.rate; }

    /// What pass `index` of the shot's list is made from.
    passes::PassContext pass_context(std::size_t index, const nlohmann::json& artefact) const;
    /// The model of pass `index`, where it is enabled and uses one.
    std::optional<nets::ModelUse> model_use(std::size_t index) const;

    /// How many times larger pass `index` makes the picture, and all passes together.
    int scale_of(std::size_t index) const { return scales_.at(index); }
    int scale() const;

    /// How many passes of the list come before the one, `index`, and change what it measures: those that move
    /// the picture do not.
    std::size_t passes_before(std::size_t index) const;
    /// Pass `index` moves the picture; those behind it do too.
    bool is_moving(std::size_t index) const { return is_moving_.at(index); }

    /// Passes, by their place in the shot's list, that move the picture of this output; see passes/move.h.
    const std::vector<std::size_t>& moves_of(const spec::OutputSpec& output) const {
        return moves_.at(output.name);
    }
    bool is_moved(const spec::OutputSpec& output) const { return !moves_of(output).empty(); }
    /// What this output shows, in pixels: the picture's size, or the canvas that its moves make.
    framing::Canvas canvas_of(const spec::OutputSpec& output) const { return canvases_.at(output.name); }

    /// Folder of this shot's intermediate files.
    std::filesystem::path work_folder() const;

    /// Work folder, made if needed; Error{Output} when it cannot be.
    static void make_folder(const std::filesystem::path& folder);

private:
    media::SourceRequest request(int decoder_threads) const;
    void read_scales();
    void read_moves();
    void check_map_spaces(const spec::PassSpec& pass) const;

    const spec::JobSpec& job_;
    const spec::ShotSpec& shot_;
    JobTools tools_;
    IoSettings io_;
    media::SourceInfo info_;
    std::string source_space_;
    std::vector<int> scales_;                                // of each pass
    std::vector<bool> is_moving_;                            // of each pass
    std::map<std::string, std::vector<std::size_t>> moves_;  // by output
    std::map<std::string, framing::Canvas> canvases_;        // by output
    std::shared_ptr<const ShotReferences> references_;
    std::shared_ptr<const Viewer> viewer_;
    std::unique_ptr<color::Transform> to_working_;
    std::map<std::string, std::unique_ptr<color::Transform>> from_working_, from_source_;
};

}  // namespace wetgate::pipeline

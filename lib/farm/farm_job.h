#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/frame_range.h"
#include "farm/farm_settings.h"
#include "farm/job_inputs.h"
#include "pipeline/plan.h"
#include "spec/job_spec.h"

namespace wetgate::farm {

enum class StepKind : std::uint8_t { Measure, Solve, Apply, Merge };

/// A file or a sequence that a step writes, for the monitor of the farm.
struct StepOutput {
    std::filesystem::path folder;  ///< absolute
    std::string name;              ///< "sh010_v002.####.exr", "sh010_v002.mov"
};

/// The same command on runs of frames of one shot (Measure, Apply), or one command (Solve, Merge).
struct Step {
    std::string name;  ///< unique in the job, of A-Z a-z 0-9 . _ -: "sh010.measure.deflicker"
    StepKind kind = StepKind::Apply;
    std::string shot;                ///< empty for Merge, which is about all shots
    FrameRange frames;               ///< of Measure and Apply; else empty
    int chunk = 1;                   ///< frames a task
    std::vector<std::size_t> after;  ///< steps, by index, that must have succeeded before
    std::vector<StepOutput> outputs;

    bool is_sharded() const { return kind == StepKind::Measure || kind == StepKind::Apply; }
    /// Tasks of the step: its runs of frames, ascending; one empty range for a step that is one command.
    std::vector<FrameRange> tasks() const;
};

/// What a task of any step asks of its machine.
struct TaskNeeds {
    int cores = 1;
    std::int64_t memory_mib = 0;
    int gpus = 0;
    std::int64_t gpu_memory_mib = 0;  ///< of each GPU; 0 where none is asked for
};

/// A job as a farm sees it.
struct FarmJob {
    std::string name, show;
    std::filesystem::path file;    ///< the job file, absolute
    std::filesystem::path folder;  ///< where the files for the scheduler go
    FarmSettings settings;
    TaskNeeds needs;
    std::vector<Step> steps;     ///< each behind those that it waits for; the last one is the merge
    std::filesystem::path work;  ///< the work folder, absolute
    JobInputs inputs;
};

/// The steps of a planned job. Stages of a pass that measures wait for each other; shots do not; the merge
/// waits for every `apply`. Where no GPU is asked for, tasks run with --device cpu, where one is, with a CUDA
/// device: "auto" on a mixed farm would mix fingerprints, which merge refuses. Where frames may be missing or
/// substituted, tasks leave it to the merge to tell: a farm takes any other code than 0 for a failure.
/// Error{Usage} for control characters in a setting and numbers out of range.
FarmJob make_farm_job(const spec::JobSpec& job, std::span<const pipeline::ShotPlan> plans,
                      const FarmSettings& settings);

/// The command of a task: argv without quoting. `frames` is what the scheduler puts in the place of the
/// frames ({"--frames=<STARTFRAME>-<ENDFRAME>"}: one word, so that negative numbers are no options); left out
/// for steps that are not sharded. `progress` is a dialect of --progress.
std::vector<std::string> command_of(const FarmJob& job, const Step& step, std::string_view progress,
                                    const std::vector<std::string>& frames);

}  // namespace wetgate::farm

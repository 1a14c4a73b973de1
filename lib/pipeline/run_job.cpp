#include "pipeline/run_job.h"

#include <algorithm>
#include <optional>

#include "core/atomic_file.h"
#include "core/error.h"
#include "core/hash.h"
#include "pipeline/memory.h"
#include "pipeline/merge.h"
#include "pipeline/plan.h"
#include "pipeline/record.h"
#include "pipeline/shot_context.h"
#include "pipeline/shot_qc.h"
#include "pipeline/stages.h"
#include "pipeline/write_guard.h"
#include "qc/report.h"

namespace wetgate::pipeline {
namespace {

std::vector<const spec::ShotSpec*> chosen_shots(const spec::JobSpec& job, const JobRequest& request) {
    std::vector<const spec::ShotSpec*> shots;
    for (const spec::ShotSpec& shot : job.shots) {
        if (!request.shot || shot.name == *request.shot) shots.push_back(&shot);
    }
    if (shots.empty())
        throw Error(ErrorKind::Usage, "the job has no shot called '" + request.shot.value_or("") + "'");
    return shots;
}

// The frames of one shot that the request means; `chunks_before` counts the chunks of the shots before it.
FrameSet chosen_frames(const JobRequest& request, const FrameRange& delivered, int& chunks_before) {
    FrameSet frames;
    for (const int frame : request.frames ? *request.frames : frames_of(delivered)) {
        if (delivered.contains(frame)) frames.push_back(frame);
    }
    if (!request.chunk_index) return frames;
    const int size = request.chunk_size.value_or(1);
    const int chunks = (static_cast<int>(frames.size()) + size - 1) / size;
    const int index = *request.chunk_index - chunks_before;
    chunks_before += chunks;
    return chunk(frames, index, size);
}

// What a command does of a shot, in frames: a stage is about its own alone.
double units_of(const JobRequest& request, const spec::ShotSpec& shot, double all, double chosen) {
    if (request.stage == Stage::Solve) return 0;
    if (request.stage != Stage::All) return chosen;
    constexpr double merge_share = 0.1;
    return all * static_cast<double>(analyses_of(shot).size()) + chosen +
           (request.whole() ? all * merge_share : 0);
}

// Turns the stages' own progress into one fraction over the whole command.
class OverallProgress {
public:
    OverallProgress(ProgressSink sink, double total_units)
        : sink_(std::move(sink)), total_units_(total_units) {}

    void begin(double units) { before_ = std::exchange(upcoming_, upcoming_ + units); }
    void tell(Progress progress) {
        const double units = upcoming_ - before_;
        const double share = progress.total > 0 ? static_cast<double>(progress.done) / progress.total : 1.0;
        reached_ = std::max(reached_, std::min(1.0, (before_ + units * share) / std::max(1.0, total_units_)));
        progress.overall = reached_;
        if (sink_) sink_(progress);
    }

private:
    ProgressSink sink_;
    double total_units_, before_ = 0, upcoming_ = 0, reached_ = 0;
};

/// A copy of the job, as it was run, beside the report.
nlohmann::json kept_job(const spec::JobSpec& job) {
    constexpr std::int64_t limit_bytes = 8 << 20;
    const std::string text = read_text(job.file, limit_bytes);
    ShotContext::make_folder(job.qc.report);
    write_atomic(job.qc.report / "job.json", text);
    return {{"file", "job.json"}, {"hash", content_hash(text)}};
}

qc::ReportHeader header_of(const spec::JobSpec& job) {
    return {
        job.name,        job.show,
        WETGATE_VERSION, {{"ref", job.approval.ref}, {"deliverable", job.approval.deliverable}},
        kept_job(job),   job.qc.measure ? qc::catalogue(check_settings(job.qc)) : nlohmann::json::array()};
}

// The report's page stays small: shots share what pictures it may hold.
std::size_t thumbnails_a_shot(std::size_t shots) {
    constexpr std::size_t most = 36, least = 3, together = 120;
    return std::clamp(together / std::max<std::size_t>(1, shots), least, most);
}

void add(JobOutcome& outcome, std::vector<nlohmann::json>& results, MergedShot merged) {
    results.push_back(std::move(merged.result));
    outcome.thumbnails.insert(outcome.thumbnails.end(), std::make_move_iterator(merged.thumbnails.begin()),
                              std::make_move_iterator(merged.thumbnails.end()));
}

std::vector<qc::Accepted> accepted_of(const spec::JobSpec& job) {
    std::vector<qc::Accepted> accepted;
    for (const spec::AcceptSpec& rule : job.qc.accept)
        accepted.push_back({rule.check, rule.shot, rule.frames.value_or(FrameSet{}), rule.reason});
    return accepted;
}

}  // namespace

JobOutcome run_job(const spec::JobSpec& job, const JobRequest& request, const JobServices& services) {
    refuse_overwriting(job);
    refuse_outside(job, request.output_roots);
    const qc::CheckSettings checks = check_settings(job.qc);
    const std::vector<const spec::ShotSpec*> shots = chosen_shots(job, request);
    std::vector<std::unique_ptr<ShotContext>> contexts;
    std::vector<FrameSet> frames;
    int chunks_before = 0;
    double units = 0;
    for (const spec::ShotSpec* shot : shots) {
        contexts.push_back(std::make_unique<ShotContext>(job, *shot, services.tools, request.io));
        frames.push_back(chosen_frames(request, contexts.back()->delivered_range(), chunks_before));
        if (frames.back().empty()) continue;
        check_memory(*contexts.back(), widest_reach(*contexts.back()), shot->passes.size());
        units += units_of(request, *shot, contexts.back()->delivered_range().size(),
                          static_cast<double>(frames.back().size()));
    }
    if (std::all_of(frames.begin(), frames.end(), [](const FrameSet& set) { return set.empty(); })) {
        throw Error(ErrorKind::Usage, "no frame of the chosen shots is asked for; see `wetgate plan`");
    }

    OverallProgress overall(services.progress, units);
    JobOutcome outcome;
    std::vector<nlohmann::json> results;
    for (std::size_t i = 0; i < contexts.size(); ++i) {
        if (frames[i].empty()) continue;
        const ShotContext& context = *contexts[i];
        ShotContext::make_folder(context.work_folder());
        WorkFiles(context).remove_orphans();
        const FrameSet whole_shot = frames_of(context.delivered_range());
        const StageOptions stage_options{request.overwrite, request.continue_on_error, services.stop,
                                         [&overall](const Progress& progress) { overall.tell(progress); }};
        std::optional<ShotStages> stages(std::in_place, context, stage_options);
        std::size_t left = analyses_of(*shots[i]).size();
        while (const auto unsolved = stages->next_unsolved()) {
            if (request.stage == Stage::Apply) {
                throw Error(ErrorKind::Input,
                            "the pass '" + shots[i]->passes[*unsolved].name +
                                "' is not solved; run --stage measure and solve first",
                            {.file = {}, .shot = shots[i]->name, .frame = {}});
            }
            if (request.stage != Stage::Solve) {
                // An artefact needs the whole shot; a run that may do everything measures what the others
                // have not.
                const FrameSet& measured = request.stage == Stage::All ? whole_shot : frames[i];
                overall.begin(static_cast<double>(measured.size()));
                stages->measure(*unsolved, measured);
                --left;
            }
            if (request.stage == Stage::Measure) break;
            stages->solve(*unsolved);
            if (request.stage == Stage::Solve) break;
        }
        if (request.stage == Stage::Measure || request.stage == Stage::Solve) continue;
        if (request.stage == Stage::All)  // what was solved before
            overall.begin(static_cast<double>(left * whole_shot.size()));
        overall.begin(static_cast<double>(frames[i].size()));
        const ShotStages::Outcome applied = stages->apply(frames[i]);
        outcome.made += applied.made;
        outcome.reused += applied.reused;
        outcome.failed += static_cast<int>(applied.failed.size());
        outcome.substituted += static_cast<int>(applied.substituted.size());
        if (!request.whole()) continue;
        stages.reset();  // the merge has its own: no need of the passes' memory twice
        overall.begin(static_cast<double>(whole_shot.size()) * 0.1);
        add(outcome, results,
            merge_shot(
                context, stage_options,
                {request.mix_fingerprints, request.verify, true, checks, thumbnails_a_shot(shots.size()),
                 request.preview, [&overall](const Progress& progress) { overall.tell(progress); }}));
    }
    if (request.whole())
        outcome.result = qc::make_result(header_of(job), std::move(results), accepted_of(job));
    return outcome;
}

JobOutcome merge_job(const spec::JobSpec& job, const JobRequest& request, const JobServices& services) {
    refuse_overwriting(job);
    refuse_outside(job, request.output_roots);
    const qc::CheckSettings checks = check_settings(job.qc);
    JobOutcome outcome;
    std::vector<nlohmann::json> results;
    OverallProgress overall(services.progress, static_cast<double>(job.shots.size()));
    for (const spec::ShotSpec* shot : chosen_shots(job, request)) {
        const ShotContext context(job, *shot, services.tools, request.io);
        const ProgressSink tell = [&overall](const Progress& progress) { overall.tell(progress); };
        overall.begin(1);
        add(outcome, results,
            merge_shot(context, {false, request.continue_on_error, services.stop, tell},
                       {request.mix_fingerprints, request.verify, !request.continue_on_error, checks,
                        thumbnails_a_shot(job.shots.size()), request.preview, tell}));
        for (const nlohmann::json& frame : results.back().at("frames")) {
            outcome.failed += frame.contains("failed") ? 1 : 0;
            outcome.substituted += frame.contains("substitute") ? 1 : 0;
        }
    }
    outcome.result = qc::make_result(header_of(job), std::move(results), accepted_of(job));
    return outcome;
}

}  // namespace wetgate::pipeline

#include "farm/farm_job.h"

#include <algorithm>

#include "core/error.h"
#include "farm/text.h"
#include "spec/output_names.h"

namespace wetgate::farm {
namespace {

constexpr std::int64_t mebibyte = 1 << 20;

[[noreturn]] void refuse(const std::string& what) {
    throw Error(ErrorKind::Usage, what);
}

void check_text(const char* option, const std::string& text) {
    const bool plain = std::none_of(text.begin(), text.end(),
                                    [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
    if (!plain) refuse(std::string(option) + " holds a control character (a new line?): write it without");
}

void check_settings(const FarmSettings& settings) {
    check_text("--wetgate", settings.wetgate);
    if (settings.wetgate.empty()) refuse("--wetgate names the binary on the farm's machines: it is empty");
    check_text("--pool", settings.pool);
    check_text("--secondary-pool", settings.secondary_pool);
    check_text("--group", settings.group);
    check_text("--partition", settings.partition);
    check_text("--account", settings.account);
    check_text("--department", settings.department);
    check_text("--comment", settings.comment);
    check_text("--facility", settings.facility);
    check_text("--device", settings.device);
    check_text("--user", settings.user);
    for (const std::string& tag : settings.tags) check_text("--tags", tag);
    for (const std::string& limit : settings.limits) check_text("--limits", limit);
    for (const auto* options : {&settings.options, &settings.run_options, &settings.merge_options})
        for (const std::string& option : *options) check_text("an option of the tasks", option);
    for (const auto& [name, value] : settings.environment) {
        const bool is_name = !name.empty() && (std::isdigit(static_cast<unsigned char>(name[0])) == 0) &&
                             std::all_of(name.begin(), name.end(), [](char c) {
                                 return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
                             });
        if (!is_name) refuse("--env: '" + name + "' is no name of an environment variable");
        check_text("--env", value);
    }
}

// A task decodes chunk + reach frames: four times the reach keeps that within a quarter more.
int chunk_for(const pipeline::ShotPlan& plan, const FarmSettings& settings) {
    constexpr int least = 10;
    const int frames = plan.delivered.size();
    int chunk = settings.chunk;
    if (chunk == 0) {
        chunk = std::max(least, 4 * (plan.reach.before + plan.reach.after));
        if (settings.most_tasks > 0)
            chunk = std::max(chunk, (frames + settings.most_tasks - 1) / settings.most_tasks);
    }
    return std::clamp(chunk, 1, std::max(1, frames));
}

TaskNeeds needs_of(const spec::JobSpec& job, std::span<const pipeline::ShotPlan> plans,
                   const FarmSettings& settings) {
    // The most of all shots, and an eighth.
    const auto most_mib = [plans](std::int64_t pipeline::ShotPlan::*bytes) {
        std::int64_t most = 0;
        for (const pipeline::ShotPlan& plan : plans) most = std::max(most, plan.*bytes);
        return (most + most / 8 + mebibyte - 1) / mebibyte;
    };
    TaskNeeds needs;
    needs.cores = settings.cores;
    needs.memory_mib =
        settings.memory_mib > 0 ? settings.memory_mib : most_mib(&pipeline::ShotPlan::memory_bytes);
    const std::string device = settings.device.empty() ? job.compute.device : settings.device;
    needs.gpus = settings.gpus >= 0 ? settings.gpus : (ascii_lower(device).starts_with("cuda") ? 1 : 0);
    if (needs.gpus > 0) {
        needs.gpu_memory_mib = settings.gpu_memory_mib > 0 ? settings.gpu_memory_mib
                                                           : most_mib(&pipeline::ShotPlan::device_bytes);
    }
    if (needs.gpus == 0 && ascii_lower(device).starts_with("cuda"))
        refuse("the device " + device + " needs a GPU, and --gpus 0 asks for none");
    return needs;
}

bool goes_on(const spec::JobSpec& job, const FarmSettings& settings) {
    const auto& options = settings.options;
    return std::find(options.begin(), options.end(), "--continue-on-error") != options.end() ||
           std::any_of(job.shots.begin(), job.shots.end(),
                       [](const spec::ShotSpec& shot) { return shot.on_bad_frame != spec::BadFrame::Fail; });
}

std::vector<StepOutput> outputs_of(const spec::ShotSpec& shot, bool movies) {
    std::vector<StepOutput> outputs;
    for (const spec::OutputSpec& output : shot.outputs) {
        if (spec::is_movie(output.type) != movies) continue;
        const spec::PathPattern& pattern = output.path.pattern;
        std::string name = pattern.prefix();
        if (pattern.is_sequence()) {
            name.append(static_cast<std::size_t>(std::max(1, pattern.width())), '#');
            name += pattern.suffix();
        }
        outputs.push_back({pattern.folder(), name});
    }
    return outputs;
}

void add_shot(FarmJob& farm, const spec::ShotSpec& shot, const pipeline::ShotPlan& plan, Step& merge) {
    std::optional<std::size_t> before;
    const int chunk = chunk_for(plan, farm.settings);
    const auto add = [&](const std::string& name, StepKind kind) -> Step& {
        Step step{shot.name + "." + name, kind, shot.name, {}, chunk, {}, {}};
        if (step.is_sharded()) step.frames = plan.delivered;
        if (before) step.after = {*before};
        before = farm.steps.size();
        return farm.steps.emplace_back(std::move(step));
    };
    const std::vector<std::size_t> analyses = pipeline::analyses_of(shot);
    for (std::size_t i = 0; i < analyses.size(); ++i) {
        // A pass may be there twice.
        const std::string pass = std::to_string(i + 1) + "." + shot.passes[analyses[i]].name;
        add("measure." + pass, StepKind::Measure);
        add("solve." + pass, StepKind::Solve);
    }
    add("apply", StepKind::Apply).outputs = outputs_of(shot, /*movies=*/false);
    merge.after.push_back(*before);
    const std::vector<StepOutput> movies = outputs_of(shot, /*movies=*/true);
    merge.outputs.insert(merge.outputs.end(), movies.begin(), movies.end());
}

}  // namespace

std::vector<FrameRange> Step::tasks() const {
    if (!is_sharded()) return {FrameRange{}};
    std::vector<FrameRange> tasks;
    for (int first = frames.first; first < frames.end; first += chunk)
        tasks.push_back({first, std::min(first + chunk, frames.end)});
    return tasks;
}

FarmJob make_farm_job(const spec::JobSpec& job, std::span<const pipeline::ShotPlan> plans,
                      const FarmSettings& settings) {
    check_settings(settings);
    FarmJob farm{job.name, job.show, job.file,
                 {},       settings, needs_of(job, plans, settings),
                 {},       job.work, inputs_of(job, plans)};
    check_text("the path of the job", job.file.string());
    if (goes_on(job, settings)) farm.settings.run_options.emplace_back("--leave-to-merge");
    Step merge{"merge", StepKind::Merge, {}, {}, 1, {}, {}};
    for (const pipeline::ShotPlan& plan : plans) {
        if (plan.shot.starts_with('-'))
            refuse("the name of shot '" + plan.shot +
                   "' begins with '-': a command line takes it for an option");
    }
    for (const pipeline::ShotPlan& plan : plans) add_shot(farm, job.shot(plan.shot), plan, merge);
    for (const Step& step : farm.steps)
        for (const StepOutput& output : step.outputs)
            check_text("the path of an output", (output.folder / output.name).string());
    if (!job.qc.report.empty()) merge.outputs.push_back({job.qc.report, "report.html"});
    // One shot alone is merged alone: the others may not have been made.
    if (plans.size() == 1 && job.shots.size() > 1) merge.shot = plans[0].shot;
    farm.steps.push_back(std::move(merge));
    return farm;
}

std::vector<std::string> command_of(const FarmJob& job, const Step& step, std::string_view progress,
                                    const std::vector<std::string>& frames) {
    const FarmSettings& settings = job.settings;
    const bool merging = step.kind == StepKind::Merge;
    std::vector<std::string> argv{settings.wetgate, merging ? "merge" : "run", job.file.string()};
    const auto add = [&argv](const std::vector<std::string>& words) {
        argv.insert(argv.end(), words.begin(), words.end());
    };
    if (!step.shot.empty()) add({"--shot", step.shot});
    if (!merging) {
        add({"--stage", step.kind == StepKind::Measure ? "measure"
                        : step.kind == StepKind::Solve ? "solve"
                                                       : "apply"});
    }
    if (step.is_sharded()) add(frames);
    const bool named = !settings.device.empty() && settings.device != "auto";
    add({"--device", named ? settings.device : job.needs.gpus > 0 ? "cuda" : "cpu"});
    add({"--threads", std::to_string(job.needs.cores), "--progress", std::string(progress)});
    add(settings.options);
    add(merging ? settings.merge_options : settings.run_options);
    return argv;
}

}  // namespace wetgate::farm

#include <cstdio>
#include <cstdlib>

#include "cmd/job_setup.h"
#include "cmd/verbs.h"
#include "core/error.h"
#include "farm/scheduler.h"
#include "pipeline/plan.h"
#include "pipeline/write_guard.h"

namespace wetgate::cmd {
namespace {

namespace fs = std::filesystem;

// The switches of this command line that every task is to have, too.
farm::FarmSettings settings_of(const Options& options, const farm::Scheduler& scheduler) {
    farm::FarmSettings settings = options.submit.settings;
    settings.most_tasks = scheduler.most_tasks;
    settings.device = options.device.value_or("");
    const auto add = [](std::vector<std::string>& words, const std::string& option,
                        const std::string& value) {
        words.push_back(option);
        words.push_back(value);
    };
    // A task has another environment than the shell that submits it.
    const char* models = std::getenv("WETGATE_MODELS");
    if (options.models || (models != nullptr && *models != '\0'))
        add(settings.options, "--models",
            fs::absolute(options.models.value_or(models == nullptr ? "" : models)).string());
    if (options.path_map) add(settings.options, "--path-map", fs::absolute(*options.path_map).string());
    for (const auto& [from, to] : options.maps) add(settings.options, "--map", from + "=" + to);
    for (const fs::path& root : options.output_roots)
        add(settings.options, "--output-root", fs::absolute(root).string());
    if (options.continue_on_error) settings.options.emplace_back("--continue-on-error");
    if (options.overwrite) settings.run_options.emplace_back("--overwrite");
    if (options.verbosity != 0) settings.options.emplace_back(options.verbosity > 0 ? "-v" : "-q");
    if (!options.isolate) add(settings.options, "--isolate", "off");
    if (options.frame_limit_s != Options{}.frame_limit_s)
        add(settings.options, "--frame-limit", std::to_string(options.frame_limit_s));
    if (options.io_retries != default_io_retries)
        add(settings.options, "--io-retries", std::to_string(options.io_retries));
    if (options.qc_gate) add(settings.merge_options, "--qc-gate", *options.qc_gate);
    if (options.verify) settings.merge_options.emplace_back("--verify");
    if (options.preview) settings.merge_options.emplace_back("--preview");
    if (options.mix_fingerprints) settings.merge_options.emplace_back("--mix-fingerprints");
    // Tasks begin in other folders.
    if (settings.wetgate.find('/') != std::string::npos)
        settings.wetgate = fs::absolute(settings.wetgate).string();
    return settings;
}

std::vector<pipeline::ShotPlan> plans_of(const JobSetup& setup, const Options& options,
                                         const Services& services) {
    std::vector<pipeline::ShotPlan> plans;
    for (const spec::ShotSpec& shot : setup.job.shots) {
        if (options.shot && shot.name != *options.shot) continue;
        // A task decodes as many frames at once as it has cores: memory is reckoned with that.
        const pipeline::ShotContext context(setup.job, shot, setup.tools(services.log),
                                            {options.submit.settings.cores, options.io_retries});
        plans.push_back(pipeline::plan_shot(context, context.delivered_range().size(), 0));
    }
    if (plans.empty())
        throw Error(ErrorKind::Usage, "the job has no shot called '" + options.shot.value_or("") + "'");
    return plans;
}

}  // namespace

int submit(const Options& options, const Services& services) {
    const farm::Scheduler& scheduler = farm::find_scheduler(options.submit.to);
    if (options.io_threads != 0)
        throw Error(ErrorKind::Usage,
                    "--threads of a task are its --cores, which the farm is asked for: name those");
    // Tasks have the device; the machine that submits may have none.
    Options here = options;
    here.device = "cpu";
    const JobSetup setup(here);
    pipeline::refuse_overwriting(setup.job);
    pipeline::refuse_outside(setup.job, output_roots_of(options));
    farm::FarmJob job =
        farm::make_farm_job(setup.job, plans_of(setup, options, services), settings_of(options, scheduler));
    job.folder = options.submit.folder.empty() ? setup.job.work / ("farm." + options.submit.to)
                                               : fs::absolute(options.submit.folder);
    farm::check_settings_for(scheduler, job.settings);
    const std::vector<farm::FarmFile> files = scheduler.files(job);
    farm::write_files(job, files);
    for (const farm::FarmFile& file : files) std::printf("%s\n", (job.folder / file.name).c_str());
    if (!options.submit.dry_run) std::printf("%s\n", scheduler.submit(job).c_str());
    return 0;
}

}  // namespace wetgate::cmd

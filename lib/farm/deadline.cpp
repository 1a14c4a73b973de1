#include "farm/deadline.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <span>

#include "core/atomic_file.h"
#include "core/error.h"
#include "farm/command.h"
#include "farm/deadline_words.h"
#include "farm/quote.h"
#include "spec/frame_text.h"

namespace wetgate::farm {
namespace {

namespace fs = std::filesystem;

void refuse_what_deadline_has_not(const FarmSettings& settings) {
    const auto refuse = [](const char* option, const char* instead) {
        throw Error(ErrorKind::Usage,
                    std::string(option) + " is nothing that Deadline knows; it has " + instead);
    };
    if (!settings.partition.empty()) refuse("--partition", "--pool and --group");
    if (!settings.account.empty()) refuse("--account", "--department");
    if (!settings.facility.empty()) refuse("--facility", "--pool and --group");
    if (!settings.tags.empty()) refuse("--tags", "--group and --limits");
}

bool is_commandline(const FarmJob& job) {
    return job.settings.plugin == "commandline";
}

bool counts_chunks(const Step& step) {
    return step.is_sharded() && step.frames.first < 0;
}

/// "03_sh010.apply"
std::string file_name(const FarmJob& job, std::size_t index) {
    const std::size_t width = std::max<std::size_t>(2, std::to_string(job.steps.size()).size());
    std::string number = std::to_string(index + 1);
    number.insert(0, width - number.size(), '0');
    return number + "_" + job.steps[index].name;
}

std::string joined(std::span<const std::string> words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : ",") + word;
    return text;
}

std::string frames_of_deadline(const Step& step) {
    if (!step.is_sharded()) return "0";
    if (counts_chunks(step)) return "0-" + std::to_string(step.tasks().size() - 1);
    return spec::print_frames(step.frames);
}

/// The job info file; `dependencies` has an id, or what stands for it, for each step that this one waits for.
std::string job_text(const FarmJob& job, const Step& step, std::span<const std::string> dependencies) {
    const FarmSettings& settings = job.settings;
    std::string text;
    const auto add = [&text](std::string_view key, std::string_view value) {
        text += deadline_line(key, value);
    };
    const auto add_number = [&](std::string_view key, std::int64_t value) {
        add(key, std::to_string(value));
    };
    const auto add_named = [&](std::string_view key, std::string_view value) {
        if (!value.empty()) add(key, value);
    };
    add("Plugin", is_commandline(job) ? "CommandLine" : "Wetgate");
    add("Name", job.name + " " + step.name);
    add("BatchName", job.name);
    add_named("Comment", settings.comment);
    add_named("Department", settings.department);
    add_named("Pool", settings.pool);
    add_named("SecondaryPool", settings.secondary_pool);
    add_named("Group", settings.group);
    add_number("Priority", settings.priority);
    add("Frames", frames_of_deadline(step));
    add_number("ChunkSize", step.is_sharded() && !counts_chunks(step) ? step.chunk : 1);
    add_number("ConcurrentTasks", settings.concurrent_tasks);
    add("LimitConcurrentTasksToNumberOfCpus", "True");
    add("OnJobComplete", "Nothing");
    if (!dependencies.empty()) {
        add("JobDependencies", joined(dependencies));
        add("ResumeOnCompleteDependencies", "True");
        add("ResumeOnDeletedDependencies", "False");
        add("ResumeOnFailedDependencies", "False");
    }
    add("OverrideTaskFailureDetection", "True");
    // Tries, the first one too; 0 would be "never".
    add_number("FailureDetectionTaskErrors", settings.retries + 1);
    if (settings.time_limit_min > 0) {
        add("EnableAutoTimeout", "False");
        add_number("TaskTimeoutMinutes", settings.time_limit_min);
        add("OnTaskTimeout", "Error");
    }
    for (const std::string& limit : settings.limits) {
        if (limit.find(',') != std::string::npos)
            throw Error(ErrorKind::Usage,
                        "--limits: '" + limit + "' has a comma, which parts Deadline's limits");
    }
    add_named("LimitGroups", joined(settings.limits));
    for (std::size_t i = 0; i < settings.environment.size(); ++i) {
        const auto& [name, value] = settings.environment[i];
        add("EnvironmentKeyValue" + std::to_string(i), name + "=" + value);
    }
    // Deadline knows no such needs of a job: here they are for who sets up groups, pools and limits.
    std::size_t info = 0;
    const auto add_need = [&](const std::string& name, std::int64_t value) {
        if (value > 0) add("ExtraInfoKeyValue" + std::to_string(info++), name + '=' + std::to_string(value));
    };
    add_need("wetgate_cores", job.needs.cores);
    add_need("wetgate_memory_mib", job.needs.memory_mib);
    add_need("wetgate_gpus", job.needs.gpus);
    add_need("wetgate_gpu_memory_mib", job.needs.gpu_memory_mib);
    for (std::size_t i = 0; i < step.outputs.size(); ++i) {
        add("OutputDirectory" + std::to_string(i), step.outputs[i].folder.string());
        add("OutputFilename" + std::to_string(i), step.outputs[i].name);
    }
    return text;
}

std::string plugin_text(const FarmJob& job, const Step& step) {
    const std::vector<std::string> argv = command_of(job, step, "deadline", {});
    const std::span<const std::string> words = std::span(argv).subspan(1);
    const std::string chunk = std::to_string(step.chunk);
    std::string text = deadline_line("Executable", argv[0]);
    if (is_commandline(job)) {
        std::string arguments = deadline_arguments(words);
        if (counts_chunks(step)) {
            arguments += " --chunk-index=<STARTFRAME> --chunk-size=" + chunk;
        } else if (step.is_sharded()) {
            arguments += " --frames=<STARTFRAME>-<ENDFRAME>";
        }
        text += deadline_line("Arguments", arguments);
        text += deadline_line("ShellExecute", "False") + deadline_line("SingleFramesOnly", "False");
        return text;
    }
    for (const std::string& word : words) check_deadline_word(word);
    text += deadline_line("Arguments", shell_line(words));
    text += deadline_line("Frames", counts_chunks(step) ? "chunks" : step.is_sharded() ? "range" : "none");
    if (counts_chunks(step)) text += deadline_line("ChunkSize", chunk);
    text += deadline_line("GpusPerTask", std::to_string(job.needs.gpus));
    return text;
}

std::vector<std::string> markers_of(const FarmJob& job, const Step& step) {
    std::vector<std::string> markers;
    for (const std::size_t before : step.after) {
        std::string& marker = markers.emplace_back("<JobID of ");
        marker += file_name(job, before);
        marker += '>';
    }
    return markers;
}

/// The same as submit_deadline() by hand. All that varies in it are names of steps, which are plain words.
std::string script_text(const FarmJob& job) {
    std::string text = R"sh(#!/bin/sh
# Submits these jobs in their order, each with the ids of those that it waits for, as `wetgate submit` does.
set -eu
cd "$(dirname "$0")"
ids=$(mktemp -d)
trap 'rm -rf "$ids"' EXIT

# step NAME BEFORE...
step() {
    name=$1 wait_for=
    shift
    for before; do wait_for=$wait_for${wait_for:+,}$(cat "$ids/$before"); done
    sed "s/^JobDependencies=.*/JobDependencies=$wait_for/" "$name.job.txt" >"$ids/job.txt"
    deadlinecommand -SubmitJob "$ids/job.txt" "$name.plugin.txt" >"$ids/said" 2>&1 || true
    tr -d '\r' <"$ids/said" | sed -n 's/^JobID=//p' >"$ids/$name"
    [ -s "$ids/$name" ] || { cat "$ids/said"; echo "Deadline did not take $name"; exit 75; }
    echo "$name $(cat "$ids/$name")"
}

)sh";
    for (std::size_t i = 0; i < job.steps.size(); ++i) {
        text += "step ";
        text += file_name(job, i);
        for (const std::size_t before : job.steps[i].after) {
            text += ' ';
            text += file_name(job, before);
        }
        text += '\n';
    }
    return text;
}

std::string deadlinecommand() {
    // Thinkbox's installers set it on machines where the PATH has it not.
    const char* folder = std::getenv("DEADLINE_PATH");
    std::error_code ignored;
    if (folder != nullptr && *folder != '\0') {
        const fs::path program = fs::path(folder) / "deadlinecommand";
        if (fs::is_regular_file(program, ignored)) return program.string();
    }
    return "deadlinecommand";
}

/// What is behind "JobID=" in what deadlinecommand said; empty where there is none that could be an id.
std::string job_id_in(const std::string& said) {
    std::size_t at = said.starts_with("JobID=") ? 0 : said.find("\nJobID=");
    if (at == std::string::npos) return {};
    at = said.find('=', at) + 1;
    std::string id = said.substr(at, said.find_first_of("\r\n", at) - at);
    const bool plain = std::all_of(id.begin(), id.end(), [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
    });
    return plain ? id : std::string();
}

}  // namespace

std::vector<FarmFile> deadline_files(const FarmJob& job) {
    refuse_what_deadline_has_not(job.settings);
    if (is_commandline(job) && job.needs.gpus > 0 && job.settings.concurrent_tasks > 1) {
        throw Error(
            ErrorKind::Usage,
            "tasks of the CommandLine plugin do not know their worker's GPUs, and several at once would "
            "all take the first: use --plugin wetgate, or --concurrent-tasks 1");
    }
    std::vector<FarmFile> files;
    for (std::size_t i = 0; i < job.steps.size(); ++i) {
        const Step& step = job.steps[i];
        files.push_back({file_name(job, i) + ".job.txt", job_text(job, step, markers_of(job, step))});
        files.push_back({file_name(job, i) + ".plugin.txt", plugin_text(job, step)});
    }
    files.push_back({"submit.sh", script_text(job), /*executable=*/true});
    return files;
}

std::string submit_deadline(const FarmJob& job) {
    std::vector<std::string> ids;
    std::string taken;
    for (std::size_t i = 0; i < job.steps.size(); ++i) {
        const Step& step = job.steps[i];
        std::vector<std::string> dependencies;
        for (const std::size_t before : step.after) dependencies.push_back(ids[before]);
        const fs::path job_file = job.folder / (file_name(job, i) + ".job.txt");
        write_atomic(job_file, job_text(job, step, dependencies));
        const std::array<std::string, 4> argv{deadlinecommand(), "-SubmitJob", job_file.string(),
                                              (job.folder / (file_name(job, i) + ".plugin.txt")).string()};
        const CommandResult result = run_command(argv);
        const std::string id = job_id_in(result.output);
        if (result.code != 0 || id.empty()) {
            throw Error(
                // A second try would submit again what was taken.
                taken.empty() ? kind_of_refusal(result) : ErrorKind::Usage,
                "Deadline did not take it (exit " + std::to_string(result.code) +
                    "): " + result.output.substr(0, 500) +
                    (taken.empty() ? "" : "; it has these already, delete them or go on by hand:\n" + taken),
                {.file = job_file.string(), .shot = {}, .frame = {}});
        }
        ids.push_back(id);
        if (!taken.empty()) taken += '\n';
        taken += file_name(job, i) + ' ' + id;
    }
    return taken;
}

}  // namespace wetgate::farm

#include "farm/slurm.h"

#include <algorithm>
#include <array>

#include "core/error.h"
#include "farm/command.h"
#include "farm/quote.h"

namespace wetgate::farm {
namespace {

// A word that no text of a person can be: make_farm_job() refuses control characters.
constexpr const char* frames_mark = "\x01";

// Shorter limits have no room for a signal ahead of time: Slurm may send it a minute early.
constexpr int least_limit_for_signal_min = 5;

// Note [A task in Slurm]
// The script waits for wetgate with traps instead of becoming it: exit 75 must go back into the queue on
// sites whose slurm.conf does not say RequeueExit=75, and no more than --retries times on those whose does.
// wetgate ends within 5 s of SIGTERM and keeps whole frames, so that a task goes on where it stopped.
constexpr std::string_view task_end = R"(
child= stopped= late=
stop() {
    stopped=yes
    [ -z "$child" ] || kill -TERM "$child" 2>/dev/null
}
trap stop TERM
trap 'late=yes; stop' USR1
"$@" </dev/null &
child=$!
[ -z "$stopped" ] || kill -TERM "$child" 2>/dev/null
while :; do
    wait "$child"
    code=$?
    kill -0 "$child" 2>/dev/null || break # a signal ended the wait, not the task
done
[ "$code" != 143 ] || [ -z "$late" ] || code=75
if [ "$code" = 75 ]; then
    if [ "${SLURM_RESTART_COUNT:-0}" -lt "$retries" ]; then
        # An element of an array by both numbers: one of them has the number of the whole array.
        task=${SLURM_ARRAY_JOB_ID:+${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID}
        scontrol requeue "${task:-$SLURM_JOB_ID}" && echo "back into the queue, retry $((${SLURM_RESTART_COUNT:-0} + 1)) of $retries"
    else
        echo "given up after $retries retries"
        code=1 # a site with RequeueExit=75 would go on for ever
    fi
fi
)";

constexpr std::string_view submit_start = R"sh(#!/bin/sh
# Hands the steps to Slurm, each behind those that it waits for, and prints the numbers of their jobs.
cd "$(dirname "$0")" || exit 1
config=$(scontrol show config) || exit 1
limit_of() { echo "$config" | sed -n "s/.*$1 *= *\([0-9][0-9]*\).*/\1/p" | head -n 1; }
most=$(limit_of MaxArraySize)
fewer=$(limit_of max_array_tasks)
[ -z "$fewer" ] || [ "$fewer" -ge "$most" ] || most=$fewer
[ "${most:-0}" -gt 0 ] || { echo "this Slurm takes no job arrays: MaxArraySize is ${most:-not told}"; exit 1; }
all=
trap '[ -z "$all" ] || scancel $all; exit 1' INT TERM HUP

# submit FILE TASKS JOBS: hands a step over, behind JOBS (:ID:ID), and leaves its own in $jobs. TASKS is 0 for a step that
# is no array; an array larger than this Slurm takes becomes several, whose scripts get the number of their first task.
submit() {
    file=$1 tasks=$2 after=$3 offset=0 jobs=
    while :; do
        set -- --parsable
        [ -z "$after" ] || set -- "$@" "--dependency=afterok$after"
        if [ "$tasks" -gt 0 ]; then
            count=$((tasks - offset))
            [ "$count" -le "$most" ] || count=$most
            set -- "$@" "--array=0-$((count - 1))"
        fi
        if ! id=$(sbatch "$@" "./$file" "$offset"); then
            [ -z "$all" ] || scancel $all
            echo "Slurm does not take $file; what it took before is cancelled"
            exit 1
        fi
        id=${id%%;*} # the cluster
        jobs=$jobs:$id all="$all $id"
        [ "$tasks" -gt 0 ] && offset=$((offset + count)) && [ "$offset" -lt "$tasks" ] || break
    done
    echo "${file%.sbatch} $jobs" | tr -s ': ' ' '
}

)sh";

std::string file_of(const FarmJob& job, std::size_t step) {
    const std::size_t width = std::max<std::size_t>(2, std::to_string(job.steps.size() - 1).size());
    const std::string number = std::to_string(step);
    return std::string(width - number.size(), '0') + number + "_" + job.steps[step].name;
}

// Words joined by `separator`, in quotes.
std::string joined(const std::vector<std::string>& words, char separator) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : std::string(1, separator)) + word;
    return sbatch_quoted(text);
}

// A name of Slurm's file patterns, where % stands for something.
std::string pattern_of(const std::filesystem::path& folder) {
    std::string pattern;
    for (const char c : folder.string()) pattern += c == '%' ? "%%" : std::string(1, c);
    return pattern + "/";
}

std::vector<std::string> options_of(const FarmJob& job, std::size_t index) {
    const Step& step = job.steps[index];
    const FarmSettings& settings = job.settings;
    const std::string log = file_of(job, index) + (step.is_sharded() ? "_%A_%a.log" : "_%j.log");
    std::vector<std::string> options{
        "--job-name=" + sbatch_quoted(job.name + "." + step.name),
        "--chdir=" + sbatch_quoted(job.folder.string()),
        "--output=" + sbatch_quoted(pattern_of(job.folder) + log),
        "--open-mode=append",
        "--nodes=1",
        "--ntasks=1",
        "--cpus-per-task=" + std::to_string(job.needs.cores),
        // 0 would be all of the machine
        "--mem=" + std::to_string(std::max<std::int64_t>(1, job.needs.memory_mib)) + "M",
        "--requeue",
        "--kill-on-invalid-dep=yes",
        "--export=ALL",
    };
    const auto add = [&](const std::string& name, const std::string& quoted) {
        options.push_back("--" + name + "=" + quoted);
    };
    if (step.is_sharded()) add("array", "0-" + std::to_string(step.tasks().size() - 1));
    if (job.needs.gpus > 0) add("gres", "gpu:" + std::to_string(job.needs.gpus));
    if (settings.time_limit_min > 0) add("time", std::to_string(settings.time_limit_min));
    if (settings.time_limit_min >= least_limit_for_signal_min) add("signal", "B:USR1@60");
    // Only operators may go ahead; sbatch refuses the job of anybody else who asks.
    if (settings.priority < 50) add("nice", std::to_string((50 - settings.priority) * 100));
    if (!settings.partition.empty()) add("partition", sbatch_quoted(settings.partition));
    if (!settings.account.empty()) add("account", sbatch_quoted(settings.account));
    if (!settings.comment.empty()) add("comment", sbatch_quoted(settings.comment));
    if (!settings.tags.empty()) add("constraint", joined(settings.tags, '&'));
    if (!settings.limits.empty()) add("licenses", joined(settings.limits, ','));
    return options;
}

// What works out the frames of a task.
std::string frames_of(const Step& step) {
    const std::string first = std::to_string(step.frames.first), last = std::to_string(step.frames.end - 1);
    return "task=$((${1:-0} + ${SLURM_ARRAY_TASK_ID:-0}))\n"
           "first=$((" +
           first + " + " + std::to_string(step.chunk) + " * task))\nlast=$((first + " +
           std::to_string(step.chunk - 1) + "))\n[ \"$last\" -le " + last + " ] || last=" + last + "\n";
}

std::string script_of(const FarmJob& job, std::size_t index) {
    const Step& step = job.steps[index];
    std::string text = "#!/bin/sh\n";
    for (const std::string& option : options_of(job, index)) text += "#SBATCH " + option + "\n";
    text += "\n";
    for (const auto& [name, value] : job.settings.environment)
        text += "export " + name + "=" + shell_quoted(value) + "\n";
    if (step.is_sharded()) text += frames_of(step);
    text += "retries=" + std::to_string(job.settings.retries) + "\nset --";
    for (const std::string& word : command_of(job, step, "deadline", {frames_mark})) {
        text += ' ';
        text += word == frames_mark ? R"("--frames=$first-$last")" : shell_quoted(word);
    }
    text += task_end;
    return text + "exit \"$code\"\n";
}

std::string submit_script(const FarmJob& job) {
    std::string text(submit_start);
    for (std::size_t i = 0; i < job.steps.size(); ++i) {
        const Step& step = job.steps[i];
        std::string after;
        for (const std::size_t other : step.after) after += "$jobs_" + std::to_string(other);
        const std::size_t tasks = step.is_sharded() ? step.tasks().size() : 0;
        text += "submit " + file_of(job, i) + ".sbatch " + std::to_string(tasks) + " \"" + after +
                "\"\njobs_" + std::to_string(i) + "=$jobs\n";
    }
    return text + "echo \"to look: squeue -u $(id -un); to stop: scancel$all\"\n";
}

}  // namespace

std::string sbatch_quoted(std::string_view text) {
    std::string quoted = "\"";
    for (const char c : text) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
            throw Error(ErrorKind::Usage, "'" + std::string(text) +
                                              "' holds a control character, which a line of Slurm's script "
                                              "cannot: write it without");
        }
        if (c == '"' || c == '\\') quoted += '\\';
        quoted += c;
    }
    return quoted + "\"";
}

std::vector<FarmFile> slurm_files(const FarmJob& job) {
    if (job.settings.gpu_memory_mib > 0) {
        throw Error(ErrorKind::Usage,
                    "Slurm cannot be asked for GPU memory: leave --gpu-memory out and name machines with "
                    "large GPUs by their features, --tags");
    }
    if (job.folder.string().find('\\') != std::string::npos) {
        throw Error(ErrorKind::Usage,
                    "Slurm writes no logs into a folder with a backslash in its name; name another with -o",
                    {.file = job.folder.string(), .shot = {}, .frame = {}});
    }
    std::vector<FarmFile> files;
    for (std::size_t i = 0; i < job.steps.size(); ++i)
        files.push_back({file_of(job, i) + ".sbatch", script_of(job, i)});
    files.push_back({"submit.sh", submit_script(job), true});
    return files;
}

std::string submit_slurm(const FarmJob& job) {
    run_command(std::array<std::string, 2>{"sbatch", "--version"});
    const CommandResult result =
        run_command(std::array<std::string, 2>{"sh", (job.folder / "submit.sh").string()});
    if (result.code != 0)
        throw Error(kind_of_refusal(result), "Slurm did not take the job: " + result.output);
    return result.output.substr(0, result.output.find_last_not_of('\n') + 1);
}

}  // namespace wetgate::farm

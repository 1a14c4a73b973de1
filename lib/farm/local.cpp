#include "farm/local.h"

#include <algorithm>

#include "core/error.h"
#include "farm/quote.h"
#include "spec/frame_text.h"

namespace wetgate::farm {

namespace {

/// What goes before every command: the programs that set its surroundings and its time limit.
std::vector<std::string> front_of(const FarmSettings& settings) {
    std::vector<std::string> words;
    if (settings.time_limit_min > 0) {
        words = {"timeout", "--foreground", "--preserve-status",
                 "-k",      "10",           std::to_string(settings.time_limit_min) + "m"};
    }
    if (!settings.environment.empty()) words.emplace_back("env");
    for (const auto& [name, value] : settings.environment) words.push_back(name + "=" + value);
    return words;
}

}  // namespace

std::vector<FarmFile> local_files(const FarmJob& job) {
    FarmFile list{"steps.txt", {}};
    std::vector<FarmFile> files;
    std::vector<int> ranks;
    for (const Step& step : job.steps) {
        int rank = 1;
        for (const std::size_t before : step.after) rank = std::max(rank, ranks[before] + 1);
        ranks.push_back(rank);
        FarmFile commands{step.name + ".commands", {}};
        for (const FrameRange& frames : step.tasks()) {
            std::vector<std::string> words = front_of(job.settings);
            const std::vector<std::string> command =
                command_of(job, step, "deadline", {"--frames=" + spec::print_frames(frames)});
            words.insert(words.end(), command.begin(), command.end());
            commands.text += shell_line(words) + "\n";
        }
        list.text += std::to_string(rank) + " " + step.name + " " + commands.name + "\n";
        files.push_back(std::move(commands));
    }
    files.push_back(std::move(list));
    return files;
}

std::string submit_local(const FarmJob& job) {
    throw Error(ErrorKind::Usage, "this machine takes no jobs: the steps are in " + job.folder.string() +
                                      "; scripts/local-farm runs them");
}

}  // namespace wetgate::farm

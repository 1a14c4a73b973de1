#include "farm/local.h"

#include "core/error.h"
#include "farm/quote.h"
#include "spec/frame_text.h"

namespace wetgate::farm {

std::vector<FarmFile> local_files(const FarmJob& job) {
    FarmFile list{"steps.txt", {}};
    std::vector<FarmFile> files;
    for (const Step& step : job.steps) {
        FarmFile commands{step.name + ".commands", {}};
        for (const FrameRange& frames : step.tasks()) {
            const std::vector<std::string> words =
                command_of(job, step, "deadline", {"--frames=" + spec::print_frames(frames)});
            commands.text += shell_line(words) + "\n";
        }
        list.text += step.name + " " + commands.name + "\n";
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

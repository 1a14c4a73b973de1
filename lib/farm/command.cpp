#include "farm/command.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <vector>

#include "farm/text.h"

extern char** environ;

namespace wetgate::farm {
namespace {

// What posix_spawn() is told; freed whatever happens.
struct SpawnSettings {
    SpawnSettings() {
        posix_spawn_file_actions_init(&actions);
        posix_spawnattr_init(&attributes);
    }
    ~SpawnSettings() {
        posix_spawn_file_actions_destroy(&actions);
        posix_spawnattr_destroy(&attributes);
    }
    SpawnSettings(const SpawnSettings&) = delete;
    SpawnSettings& operator=(const SpawnSettings&) = delete;

    posix_spawn_file_actions_t actions{};
    posix_spawnattr_t attributes{};
};

std::string read_to_end(int fd) {
    constexpr std::size_t kept_bytes = 1 << 20;
    std::string text;
    std::array<char, 4096> buffer{};
    while (true) {
        const ssize_t got = ::read(fd, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return text;
        text.append(buffer.data(), std::min(static_cast<std::size_t>(got), kept_bytes - text.size()));
    }
}

}  // namespace

CommandResult run_command(std::span<const std::string> argv) {
    std::array<int, 2> pipe_ends{};
    if (::pipe2(pipe_ends.data(), O_CLOEXEC) != 0)
        throw Error(ErrorKind::Internal, std::string("pipe: ") + std::generic_category().message(errno));
    SpawnSettings settings;
    posix_spawn_file_actions_addopen(&settings.actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&settings.actions, pipe_ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&settings.actions, pipe_ends[1], STDERR_FILENO);
    // This process blocks signals for its watcher and ignores some; the program is to have them as usual.
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&settings.attributes, &none);
    sigset_t ignored;
    sigemptyset(&ignored);
    for (const int number : {SIGPIPE, SIGXFSZ}) sigaddset(&ignored, number);
    posix_spawnattr_setsigdefault(&settings.attributes, &ignored);
    posix_spawnattr_setflags(&settings.attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

    std::vector<char*> words;
    for (const std::string& word : argv) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    pid_t pid = 0;
    const int problem =
        ::posix_spawnp(&pid, words[0], &settings.actions, &settings.attributes, words.data(), environ);
    ::close(pipe_ends[1]);
    if (problem != 0) {
        ::close(pipe_ends[0]);
        throw Error(ErrorKind::Usage, "the program '" + argv[0] + "' cannot be started: " +
                                          std::generic_category().message(problem) + "; is it in the PATH?");
    }
    CommandResult result;
    result.output = read_to_end(pipe_ends[0]);
    ::close(pipe_ends[0]);
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    result.code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return result;
}

ErrorKind kind_of_refusal(const CommandResult& result) {
    constexpr std::array unreached = {"unable to contact", "timed out",         "connection refused",
                                      "could not connect", "failed to connect", "temporarily"};
    const std::string output = ascii_lower(result.output);
    const bool is_unreached = std::any_of(unreached.begin(), unreached.end(), [&](const char* words) {
        return output.find(words) != std::string::npos;
    });
    return result.code == exit_code(ErrorKind::Temporary) || is_unreached ? ErrorKind::Temporary
                                                                          : ErrorKind::Usage;
}

}  // namespace wetgate::farm

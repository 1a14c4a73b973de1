#include "cmd/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include "core/error.h"

namespace wetgate::cmd {

void prepare_process() {
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (::fcntl(fd, F_GETFD) >= 0 || errno != EBADF) continue;
        const int flags = fd == STDIN_FILENO ? O_RDONLY : O_WRONLY;
        if (::open("/dev/null", flags) < 0) std::_Exit(exit_code(ErrorKind::Internal));
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
}

void check_threads() {
    // Decoders, encoders and LibTorch's own, each as many as there are cores, and a few that watch.
    const unsigned cores = std::clamp(std::thread::hardware_concurrency(), 1U, 64U);
    const unsigned wanted = 3 * cores + 8;
    std::mutex gate;
    std::vector<std::jthread> threads;
    const std::lock_guard shut(gate);  // goes before the threads do: they pass and end
    try {
        for (unsigned i = 0; i < wanted; ++i)
            threads.emplace_back([&gate] { const std::lock_guard pass(gate); });
    } catch (const std::system_error& error) {
        throw Error(ErrorKind::OutOfMemory,
                    "only " + std::to_string(threads.size()) + " threads of " + std::to_string(wanted) +
                        " could be started (" + error.code().message() +
                        "); raise the limit of processes (ulimit -u, pids of the cgroup) or of memory");
    }
}

bool lost_output() {
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return false;
    pollfd reader{STDOUT_FILENO, POLLOUT, 0};
    if (::poll(&reader, 1, 0) == 1 && (reader.revents & POLLERR) != 0) return false;
    std::fprintf(stderr, "wetgate: what was printed is not whole: stdout cannot be written\n");
    return true;
}

}  // namespace wetgate::cmd

#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <system_error>
#include <thread>

#include "cmd/command_line.h"
#include "cmd/engine.h"
#include "cmd/logging.h"
#include "cmd/verbs.h"
#include "core/binary_folder.h"
#include "core/error.h"
#include "core/escape.h"
#include "core/pinned_environment.h"
#include "core/system_error.h"

namespace wetgate::cmd {
namespace {

constexpr int opencue_memory_code = 33;
constexpr std::chrono::seconds shutdown_grace{4};  // a farm waits 5 s before it kills

/// Turns SIGTERM, SIGINT and SIGHUP into a stop request; the process then ends by that same signal. A thread
/// that waits (never a handler) so that it may lock and unlink.
class SignalWatch {
public:
    SignalWatch() {
        sigemptyset(&set_);
        for (const int signal_number : {SIGTERM, SIGINT, SIGHUP, SIGUSR2}) sigaddset(&set_, signal_number);
        pthread_sigmask(SIG_BLOCK, &set_, nullptr);  // before any thread starts: all inherit it
        watcher_ = std::thread([this] { watch(); });
    }
    ~SignalWatch() {
        pthread_kill(watcher_.native_handle(), SIGUSR2);
        watcher_.join();
    }
    SignalWatch(const SignalWatch&) = delete;
    SignalWatch& operator=(const SignalWatch&) = delete;

    std::stop_token token() const { return source_.get_token(); }
    int received() const { return received_; }

    std::atomic<void (*)()>& last_resort() { return last_resort_; }

    /// Ends the process by `signal_number`, as whoever sent it expects. Flushes nothing: a reader of our
    /// output that has stopped reading must not keep us.
    [[noreturn]] static void die_by(int signal_number) {
        signal(signal_number, SIG_DFL);
        sigset_t one;
        sigemptyset(&one);
        sigaddset(&one, signal_number);
        kill(getpid(), signal_number);
        pthread_sigmask(SIG_UNBLOCK, &one, nullptr);
        _exit(exit_code(ErrorKind::Cancelled));
    }

private:
    void watch() {
        int signal_number = 0;
        if (sigwait(&set_, &signal_number) != 0 || signal_number == SIGUSR2) return;
        received_ = signal_number;
        source_.request_stop();
        // The stages stop between frames; a frame that takes longer than the grace is given up.
        const timespec grace{shutdown_grace.count(), 0};
        sigset_t done;
        sigemptyset(&done);
        sigaddset(&done, SIGUSR2);
        if (sigtimedwait(&done, nullptr, &grace) >= 0) return;
        if (void (*remove_temps)() = last_resort_) remove_temps();
        die_by(signal_number);
    }

    sigset_t set_{};
    std::stop_source source_;
    std::atomic<int> received_{0};
    std::atomic<void (*)()> last_resort_{nullptr};
    std::thread watcher_;
};

EngineEntry load_engine() {
    const std::filesystem::path library = binary_folder() / "libwetgate_engine.so";
    void* handle = dlopen(library.c_str(), RTLD_LAZY | RTLD_LOCAL);
    if (handle == nullptr) {
        const std::string why = dlerror();
        // What the loader says of an address space or a machine that is too small.
        const bool memory = why.find("failed to map segment") != std::string::npos ||
                            why.find("annot allocate memory") != std::string::npos ||
                            why.find("cannot create") != std::string::npos;
        throw Error(memory ? ErrorKind::OutOfMemory : ErrorKind::Internal,
                    "the engine library beside the binary cannot be loaded: " + why,
                    {.file = library.string(), .shot = {}, .frame = {}});
    }
    void* entry = dlsym(handle, engine_symbol);
    if (entry == nullptr)
        throw Error(ErrorKind::Internal, "the engine library is of another version",
                    {.file = library.string(), .shot = {}, .frame = {}});
    return reinterpret_cast<EngineEntry>(entry);
}

// For what stands between double quotes.
std::string quotable(std::string_view text) {
    std::string line = one_line(text);
    std::replace(line.begin(), line.end(), '"', '\'');
    return line;
}

// For what stands between blanks: the name of a shot may be that of a file.
std::string word(std::string_view text) {
    std::string line = one_line(text);
    std::replace_if(
        line.begin(), line.end(), [](char c) { return c == ' ' || c == '"' || c == '='; }, '_');
    return line.empty() ? "-" : line;
}

int report_failure(const Options& options, const Error& error, const Log& log) {
    int code = exit_code(error.kind());
    if (options.exit_map == "opencue" && error.kind() == ErrorKind::OutOfMemory) code = opencue_memory_code;
    log(LogLevel::Error, error.what());
    if (options.progress == "openjd") std::printf("openjd_fail: %s\n", one_line(error.what()).c_str());
    std::printf("WETGATE-FAIL class=%s code=%d shot=%s frame=%s retryable=%s msg=\"%s\"\n",
                std::string(kind_name(error.kind())).c_str(), code, word(error.context().shot).c_str(),
                error.context().frame ? std::to_string(*error.context().frame).c_str() : "-",
                is_retryable(error.kind()) ? "yes" : "no", quotable(error.what()).c_str());
    std::fflush(stdout);
    return code;
}

int run_verb(const Options& options, const Services& services) {
    if (options.verb == "passes") return passes(options);
    pin_environment();
    keep_large_blocks();
    return load_engine()(options, services);
}

/// Any exception as an Error.
Error as_error(const std::exception& exception) {
    if (const auto* error = dynamic_cast<const Error*>(&exception)) return *error;
    if (dynamic_cast<const std::bad_alloc*>(&exception) != nullptr)
        return Error(ErrorKind::OutOfMemory, "the machine has no memory left; use fewer --threads");
    if (const auto* file = dynamic_cast<const std::filesystem::filesystem_error*>(&exception)) {
        const int error_number = file->code().value();
        const bool own = write_error_kind(error_number) == ErrorKind::Output;
        return Error(own ? ErrorKind::Internal : write_error_kind(error_number), file->what());
    }
    if (const auto* system = dynamic_cast<const std::system_error*>(&exception);
        system != nullptr && system->code() == std::errc::resource_unavailable_try_again) {
        return Error(ErrorKind::OutOfMemory,
                     "the machine or this user may start no more threads; use fewer --threads");
    }
    return Error(ErrorKind::Internal, exception.what());
}

int guarded(const Options& options, SignalWatch& signals) {
    Log log = make_console_log(options);
    try {
        log = make_log(options);
        return run_verb(options, {log, signals.token(), signals.last_resort()});
    } catch (const std::exception& exception) {
        if (signals.received() != 0) return 0;  // main ends by the signal
        return report_failure(options, as_error(exception), log);
    }
}

/// A closed stdin, stdout or stderr would give its number to the next file that is opened, and a line of
/// progress would go into a frame.
void occupy_standard_descriptors() {
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
        if (::fcntl(fd, F_GETFD) >= 0 || errno != EBADF) continue;
        if (::open("/dev/null", fd == STDIN_FILENO ? O_RDONLY : O_WRONLY) < 0) std::_Exit(1);
    }
}

/// What has gone wrong with stdout. Progress that nobody can read loses no frame; a result that could not be
/// written is a failure, unless its reader closed the pipe and so wants no more.
int code_after_output(const Options& options, int code) {
    const bool lost = std::fflush(stdout) != 0 || std::ferror(stdout) != 0;
    pollfd reader{STDOUT_FILENO, POLLOUT, 0};
    if (!lost || (::poll(&reader, 1, 0) == 1 && (reader.revents & POLLERR) != 0)) return code;
    std::fprintf(stderr, "wetgate: what was printed is not whole: stdout cannot be written\n");
    const bool has_files = options.verb == "run" || options.verb == "merge" || options.verb == "train";
    return code == 0 && !has_files ? exit_code(ErrorKind::Output) : code;
}

}  // namespace
}  // namespace wetgate::cmd

int main(int argc, char** argv) {
    wetgate::cmd::occupy_standard_descriptors();
    // Both come back as errors of the call, which say what happened.
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    int code = 0;
    const auto options = wetgate::cmd::parse_command_line(argc, argv, code);
    if (!options) return code;
    int received = 0;
    {
        wetgate::cmd::SignalWatch signals;
        code = wetgate::cmd::guarded(*options, signals);
        // Under the watch still: a reader that has stopped reading may hold this up for ever.
        code = wetgate::cmd::code_after_output(*options, code);
        std::fflush(nullptr);
        received = signals.received();
    }
    if (received != 0) wetgate::cmd::SignalWatch::die_by(received);
    // The engine's libraries have static destructors that take 0.1 s and free what the process gives back
    // anyway.
    std::_Exit(code);
}

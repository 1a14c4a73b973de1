#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <mutex>
#include <system_error>
#include <thread>

#include "cmd/command_line.h"
#include "cmd/engine.h"
#include "cmd/logging.h"
#include "cmd/process.h"
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
        done_ = true;
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
        do {  // another's SIGUSR2 (a farm may warn by it) ends nothing
            if (sigwait(&set_, &signal_number) != 0 || done_) return;
        } while (signal_number == SIGUSR2);
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
    std::atomic<bool> done_{false};
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
    check_threads();
    return load_engine()(options, services);
}

/// Whether what the verb makes lies in files; else stdout has it.
bool has_files(const Options& options) {
    return options.verb == "run" || options.verb == "merge" || options.verb == "train";
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

// A library that meets a fault where no exception may pass (a static initialiser that gets no thread) ends
// here and not in a core dump without a word.
const Options* ended_options = nullptr;
[[noreturn]] void end_by_exception() {
    Error error(ErrorKind::Internal, "a library ended the process");
    try {
        if (const std::exception_ptr current = std::current_exception()) std::rethrow_exception(current);
    } catch (const std::exception& exception) {
        error = as_error(exception);
    } catch (...) {
    }
    const int code = report_failure(*ended_options, error, make_console_log(*ended_options));
    std::_Exit(code);
}

}  // namespace
}  // namespace wetgate::cmd

int main(int argc, char** argv) {
    wetgate::cmd::prepare_process();
    int code = 0;
    const auto options = wetgate::cmd::parse_command_line(argc, argv, code);
    if (!options) return code;
    wetgate::cmd::ended_options = &*options;
    std::set_terminate(wetgate::cmd::end_by_exception);
    int received = 0;
    {
        wetgate::cmd::SignalWatch signals;
        code = wetgate::cmd::guarded(*options, signals);
        // Under the watch still: a reader that has stopped reading may hold this up for ever.
        if (wetgate::cmd::lost_output() && code == 0 && !wetgate::cmd::has_files(*options))
            code = wetgate::exit_code(wetgate::ErrorKind::Output);
        std::fflush(nullptr);
        received = signals.received();
    }
    if (received != 0) wetgate::cmd::SignalWatch::die_by(received);
    // The engine's libraries have static destructors that take 0.1 s and free what the process gives back
    // anyway.
    std::_Exit(code);
}

#include "isolate/decoder_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "core/error.h"
#include "core/system_error.h"
#include "isolate/serve.h"
#include "media/wire.h"

extern "C" char** environ;

namespace wetgate::isolate {
namespace {

constexpr std::chrono::seconds start_limit{60};

// Out of the way of the numbers that the decoder gets them under.
Descriptor moved_up(int number) {
    const Descriptor low(number);
    constexpr int first = 16;
    return Descriptor(number < 0 ? -1 : ::fcntl(number, F_DUPFD_CLOEXEC, first));
}

std::pair<Descriptor, Descriptor> moved_up(const std::array<int, 2>& pair) {
    Descriptor first = moved_up(pair[0]);
    return {std::move(first), moved_up(pair[1])};
}

std::pair<Descriptor, Descriptor> socket_pair() {
    std::array<int, 2> pair{-1, -1};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0) return {};
    return moved_up(pair);
}

std::pair<Descriptor, Descriptor> pipe_pair() {
    std::array<int, 2> pair{-1, -1};
    if (::pipe2(pair.data(), O_CLOEXEC) != 0) return {};
    return moved_up(pair);
}

// Sealed: memory that became shorter under a mapping would end whoever reads it.
Descriptor shared_memory() {
    Descriptor memory = moved_up(::memfd_create("wetgate frame", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (memory.is_open() && ::fcntl(memory.number(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_SEAL) != 0)
        return {};
    return memory;
}

[[noreturn]] void fail_to_start(const std::filesystem::path& program, const std::string& why,
                                ErrorKind kind = ErrorKind::Internal) {
    rlimit limit{};
    const bool is_short = ::getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
    throw Error(is_short ? ErrorKind::OutOfMemory : kind,
                "the decoder beside the binary cannot be started (--isolate off decodes without it): " + why,
                {.file = program.string(), .shot = {}, .frame = {}});
}

[[noreturn]] void fail_to_start(const std::filesystem::path& program, int error_number) {
    // A number past the limit of open files is an invalid argument to those that ask for it by name.
    const bool no_descriptor =
        error_number == EINVAL || error_number == EBADF || error_number == EMFILE || error_number == ENFILE;
    if (no_descriptor) fail_to_start(program, describe_error(EMFILE), ErrorKind::Temporary);
    fail_to_start(program, std::strerror(error_number));
}

class SpawnActions {
public:
    SpawnActions() {
        ::posix_spawn_file_actions_init(&actions_);
        ::posix_spawnattr_init(&attributes_);
    }
    ~SpawnActions() {
        ::posix_spawn_file_actions_destroy(&actions_);
        ::posix_spawnattr_destroy(&attributes_);
    }
    SpawnActions(const SpawnActions&) = delete;
    SpawnActions& operator=(const SpawnActions&) = delete;

    void give(const Descriptor& descriptor, int number) {
        ::posix_spawn_file_actions_adddup2(&actions_, descriptor.number(), number);
    }
    void close_the_rest(int first) {
        for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
            ::posix_spawn_file_actions_addopen(&actions_, number, "/dev/null", O_RDWR, 0);
        ::posix_spawn_file_actions_addclosefrom_np(&actions_, first);
    }
    // wetgate's threads block the signals that one of them waits for; a decoder starts with none blocked.
    void set_signals() {
        sigset_t none, all;
        sigemptyset(&none);
        sigfillset(&all);
        ::posix_spawnattr_setsigmask(&attributes_, &none);
        ::posix_spawnattr_setsigdefault(&attributes_, &all);
        ::posix_spawnattr_setflags(&attributes_,
                                   static_cast<short>(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));
    }
    int spawn(pid_t& pid, const char* program) {
        std::string name = "wetgate-decoder";
        std::array<char*, 2> arguments{name.data(), nullptr};
        return ::posix_spawn(&pid, program, &actions_, &attributes_, arguments.data(), environ);
    }

private:
    posix_spawn_file_actions_t actions_{};
    posix_spawnattr_t attributes_{};
};

}  // namespace

bool Ending::is_from_outside() const {
    return by_signal && (number == SIGKILL || number == SIGTERM || number == SIGINT || number == SIGHUP);
}

std::string Ending::text() const {
    if (!by_signal) return fmt::format("ended with exit code {}", number);
    const char* name = ::sigabbrev_np(number);
    return name == nullptr ? fmt::format("died by signal {}", number) : fmt::format("died by SIG{}", name);
}

DecoderProcess::DecoderProcess(const std::filesystem::path& program, const Log& log)
    : memory_(shared_memory()), channel_(Descriptor{}) {
    auto [own, other] = socket_pair();
    auto [life_end, life] = pipe_pair();
    if (!memory_.is_open() || !own.is_open() || !other.is_open() || !life_end.is_open() || !life.is_open())
        fail_to_start(program, errno);
    channel_ = Channel(std::move(own));
    life_ = std::move(life);
    spawn(program, std::move(other), std::move(life_end));
    std::string why;
    try {
        constexpr std::size_t most = 1 << 16;
        Patience patience(start_limit);
        const auto ready = channel_.receive(patience, most);
        if (ready && ready->kind == MessageKind::Ready) {
            media::WireReader in(ready->body);
            if (const std::string missing = in.text(); !missing.empty())
                log(LogLevel::Debug, "decoders run without " + missing + ": this kernel does not have it");
            return;
        }
        why = channel_.end() == Channel::End::Late ? "it says nothing" : "";
    } catch (const media::WireFault& fault) {
        why = fault.what();
    }
    const Ending ending = end();
    fail_to_start(program, why.empty() ? "it " + ending.text() : why);
}

DecoderProcess::~DecoderProcess() {
    end();
    if (map_ != nullptr) ::munmap(map_, size_);
}

void DecoderProcess::spawn(const std::filesystem::path& program, Descriptor socket, Descriptor life) {
    SpawnActions actions;
    actions.give(socket, decoder_socket);
    actions.give(memory_, decoder_memory);
    actions.give(life, decoder_life);
    actions.close_the_rest(decoder_life + 1);
    actions.set_signals();
    if (const int problem = actions.spawn(pid_, program.c_str()); problem != 0) {
        pid_ = -1;
        fail_to_start(program, problem);
    }
}

void DecoderProcess::make_room(std::size_t bytes) {
    if (bytes <= size_) return;
    constexpr std::size_t step = std::size_t{1} << 21;
    const std::size_t size = (bytes + step - 1) / step * step;
    if (::ftruncate(memory_.number(), static_cast<off_t>(size)) != 0) {
        if (errno == EFBIG)  // shared memory counts as a file
            throw Error(ErrorKind::Output,
                        "the limit of file sizes (ulimit -f) has no room for a decoded frame; raise it");
        throw Error(ErrorKind::OutOfMemory, "no memory for a decoded frame");
    }
    if (map_ != nullptr) ::munmap(map_, size_);
    map_ = nullptr;
    size_ = 0;
    void* map = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, memory_.number(), 0);
    if (map == MAP_FAILED) throw Error(ErrorKind::OutOfMemory, "no memory for a decoded frame");
    map_ = static_cast<std::byte*>(map);
    size_ = size;
}

bool DecoderProcess::wait_for_end(int timeout_ms, bool unknown) const {
    const Descriptor process(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    if (!process.is_open()) return unknown;
    pollfd state{process.number(), POLLIN, 0};
    return ::poll(&state, 1, timeout_ms) != 0;
}

Ending DecoderProcess::end() {
    if (pid_ < 0) return ending_;
    constexpr int own_end_ms = 1000, killed_end_ms = 2000;
    // A decoder that has hung up is about to end, and how it does is wanted; one that has not is not waited
    // for.
    pollfd hung_up{channel_.socket(), 0, 0};
    const bool is_ending = ::poll(&hung_up, 1, 0) > 0 && (hung_up.revents & (POLLHUP | POLLERR)) != 0;
    if (!is_ending || !wait_for_end(own_end_ms, false)) ::kill(pid_, SIGKILL);
    int status = 0;
    // One that waits for a dead file server cannot be ended before that answers: left to the system.
    if (wait_for_end(killed_end_ms, true) && ::waitpid(pid_, &status, 0) == pid_)
        ending_ = WIFSIGNALED(status) ? Ending{true, WTERMSIG(status)} : Ending{false, WEXITSTATUS(status)};
    pid_ = -1;
    return ending_;
}

bool DecoderProcess::waits_for_disk() const {
    std::ifstream file(fmt::format("/proc/{}/stat", pid_));
    std::string text;
    std::getline(file, text);
    const std::size_t name_end = text.rfind(')');
    return name_end != std::string::npos && name_end + 2 < text.size() && text[name_end + 2] == 'D';
}

}  // namespace wetgate::isolate

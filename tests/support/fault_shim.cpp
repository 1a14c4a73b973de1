// LD_PRELOADed into the real binary by the tests: makes the N-th call of one kind on files of one name fail,
// hang, kill the process, or run a command first. It sees what the program and its libraries call, not what
// libc calls inside itself (fopen, the dynamic loader).
//
//   WETGATE_FAULT=call=pwrite,path=/OUT/,errno=28,nth=3,times=1
//     call   open read write fsync rename close stat mkdir thread malloc (of 64 KiB and more), any: all but
//     the
//            last two
//     path   part of the file's path; none: every file
//     errno  0: the call is made after all (after delay_ms, signal or the command)
//     nth    the first call that is struck, counted from 1; times  how many are struck, 0: all from then on
//     delay_ms, signal
//   WETGATE_FAULT_COMMAND=...   a shell command that runs before the struck call
//   WETGATE_FAULT_FIRED=FILE    gets one byte for each call struck
//   WETGATE_FAULT_CLOCK=1       the clock of the day jumps by a year, back and forth, at every look
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

extern "C" void* __libc_malloc(std::size_t bytes);

namespace {

constexpr std::size_t large_block_bytes = std::size_t{64} << 10;

struct Fault {
    std::array<char, 16> call{};
    std::array<char, 256> path{};
    int error_number = 0;
    long nth = 1, times = 1, delay_ms = 0, signal_number = 0;
};

// Nothing here may allocate: malloc is one of the calls.
Fault fault;
bool is_armed = false;
bool clock_jumps = false;
const char* command = nullptr;
std::atomic<long> calls_seen{0};
thread_local bool is_inside = false;

template <class Function>
Function next(const char* name) {
    return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

void read_field(char* field) {
    char* value = std::strchr(field, '=');
    if (value == nullptr) return;
    *value++ = '\0';
    const auto is = [&](const char* name) { return std::strcmp(field, name) == 0; };
    if (is("call")) std::snprintf(fault.call.data(), fault.call.size(), "%s", value);
    if (is("path")) std::snprintf(fault.path.data(), fault.path.size(), "%s", value);
    if (is("errno")) fault.error_number = std::atoi(value);
    if (is("nth")) fault.nth = std::atol(value);
    if (is("times")) fault.times = std::atol(value);
    if (is("delay_ms")) fault.delay_ms = std::atol(value);
    if (is("signal")) fault.signal_number = std::atol(value);
}

__attribute__((constructor)) void arm() {
    clock_jumps = std::getenv("WETGATE_FAULT_CLOCK") != nullptr;
    const char* text = std::getenv("WETGATE_FAULT");
    if (text == nullptr) return;
    std::array<char, 512> copy{};
    std::snprintf(copy.data(), copy.size(), "%s", text);
    char* rest = nullptr;
    for (char* field = strtok_r(copy.data(), ",", &rest); field != nullptr;
         field = strtok_r(nullptr, ",", &rest))
        read_field(field);
    command = std::getenv("WETGATE_FAULT_COMMAND");
    is_armed = true;
}

// The system's own calls, so that what is done here is not struck.
void note_firing() {
    const char* name = std::getenv("WETGATE_FAULT_FIRED");
    if (name == nullptr) return;
    const auto file = static_cast<int>(
        syscall(SYS_openat, AT_FDCWD, name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
    if (file < 0) return;
    syscall(SYS_write, file, "x", 1);
    syscall(SYS_close, file);
}

bool is_of_kind(const char* call) {
    if (std::strcmp(fault.call.data(), call) == 0) return true;
    const bool of_files = std::strcmp(call, "thread") != 0 && std::strcmp(call, "malloc") != 0;
    return of_files && std::strcmp(fault.call.data(), "any") == 0;
}

/// True when the call is to fail; errno is set then.
bool is_struck(const char* call, const char* path) {
    if (!is_armed || is_inside || !is_of_kind(call)) return false;
    if (fault.path[0] != '\0' && (path == nullptr || std::strstr(path, fault.path.data()) == nullptr))
        return false;
    const long number = ++calls_seen;
    if (number < fault.nth || (fault.times > 0 && number >= fault.nth + fault.times)) return false;
    is_inside = true;
    note_firing();
    if (command != nullptr) {
        unsetenv("LD_PRELOAD");
        if (std::system(command) != 0) std::abort();
    }
    if (fault.delay_ms > 0) {
        const timespec delay{fault.delay_ms / 1000, (fault.delay_ms % 1000) * 1'000'000};
        nanosleep(&delay, nullptr);
    }
    if (fault.signal_number != 0) kill(getpid(), static_cast<int>(fault.signal_number));
    is_inside = false;
    errno = fault.error_number;
    return fault.error_number != 0;
}

bool is_struck(const char* call, int fd) {
    if (!is_armed || is_inside || !is_of_kind(call)) return false;
    std::array<char, 4096> path{};
    std::array<char, 64> link{};
    std::snprintf(link.data(), link.size(), "/proc/self/fd/%d", fd);
    if (readlink(link.data(), path.data(), path.size() - 1) < 0) return false;
    return is_struck(call, path.data());
}

mode_t mode_of(int flags, std::va_list arguments) {
    return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
    std::va_list arguments;
    va_start(arguments, flags);
    const mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    if (is_struck("open", path)) return -1;
    static const auto real = next<int (*)(const char*, int, ...)>("open");
    return real(path, flags, mode);
}
int open64(const char* path, int flags, ...) {
    std::va_list arguments;
    va_start(arguments, flags);
    const mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    return open(path, flags, mode);
}
int openat(int folder, const char* path, int flags, ...) {
    std::va_list arguments;
    va_start(arguments, flags);
    const mode_t mode = mode_of(flags, arguments);
    va_end(arguments);
    if (is_struck("open", path)) return -1;
    static const auto real = next<int (*)(int, const char*, int, ...)>("openat");
    return real(folder, path, flags, mode);
}
int close(int fd) {
    const bool fails = is_struck("close", fd);
    const int error_number = errno;
    static const auto real = next<int (*)(int)>("close");
    const int code = real(fd);  // as NFS does: the descriptor is gone in either case
    if (!fails) return code;
    errno = error_number;
    return -1;
}
ssize_t read(int fd, void* bytes, std::size_t count) {
    if (is_struck("read", fd)) return -1;
    static const auto real = next<ssize_t (*)(int, void*, std::size_t)>("read");
    return real(fd, bytes, count);
}
ssize_t pread(int fd, void* bytes, std::size_t count, off_t offset) {
    if (is_struck("read", fd)) return -1;
    static const auto real = next<ssize_t (*)(int, void*, std::size_t, off_t)>("pread");
    return real(fd, bytes, count, offset);
}
ssize_t pread64(int fd, void* bytes, std::size_t count, off64_t offset) {
    return pread(fd, bytes, count, offset);
}
ssize_t write(int fd, const void* bytes, std::size_t count) {
    if (is_struck("write", fd)) return -1;
    static const auto real = next<ssize_t (*)(int, const void*, std::size_t)>("write");
    return real(fd, bytes, count);
}
ssize_t writev(int fd, const iovec* parts, int count) {
    if (is_struck("write", fd)) return -1;
    static const auto real = next<ssize_t (*)(int, const iovec*, int)>("writev");
    return real(fd, parts, count);
}
ssize_t pwrite(int fd, const void* bytes, std::size_t count, off_t offset) {
    if (is_struck("write", fd)) return -1;
    static const auto real = next<ssize_t (*)(int, const void*, std::size_t, off_t)>("pwrite");
    return real(fd, bytes, count, offset);
}
ssize_t pwrite64(int fd, const void* bytes, std::size_t count, off64_t offset) {
    return pwrite(fd, bytes, count, offset);
}
int fsync(int fd) {
    if (is_struck("fsync", fd)) return -1;
    static const auto real = next<int (*)(int)>("fsync");
    return real(fd);
}
int rename(const char* from, const char* to) noexcept {
    if (is_struck("rename", to)) return -1;
    static const auto real = next<int (*)(const char*, const char*)>("rename");
    return real(from, to);
}
int mkdir(const char* path, mode_t mode) noexcept {
    if (is_struck("mkdir", path)) return -1;
    static const auto real = next<int (*)(const char*, mode_t)>("mkdir");
    return real(path, mode);
}
int stat(const char* path, struct stat* status) noexcept {
    if (is_struck("stat", path)) return -1;
    static const auto real = next<int (*)(const char*, struct stat*)>("stat");
    return real(path, status);
}
int lstat(const char* path, struct stat* status) noexcept {
    if (is_struck("stat", path)) return -1;
    static const auto real = next<int (*)(const char*, struct stat*)>("lstat");
    return real(path, status);
}
int fstat(int fd, struct stat* status) noexcept {
    if (is_struck("stat", fd)) return -1;
    static const auto real = next<int (*)(int, struct stat*)>("fstat");
    return real(fd, status);
}

int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*work)(void*),
                   void* argument) noexcept {
    if (is_struck("thread", nullptr)) return fault.error_number;
    static const auto real =
        next<int (*)(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*)>("pthread_create");
    return real(thread, attributes, work, argument);
}
void* malloc(std::size_t bytes) noexcept {
    if (bytes >= large_block_bytes && is_struck("malloc", nullptr)) return nullptr;
    return __libc_malloc(bytes);
}

int clock_gettime(clockid_t clock, timespec* time) noexcept {
    static const auto real = next<int (*)(clockid_t, timespec*)>("clock_gettime");
    const int code = real(clock, time);
    static std::atomic<int> looks{0};
    constexpr std::time_t year_s = 365 * 24 * 3600;
    if (clock_jumps && clock == CLOCK_REALTIME) time->tv_sec += (++looks % 2 == 0 ? 1 : -1) * year_s;
    return code;
}
std::time_t time(std::time_t* result) noexcept {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    if (result != nullptr) *result = now.tv_sec;
    return now.tv_sec;
}
int gettimeofday(timeval* __restrict now, void* __restrict /*zone*/) noexcept {
    timespec precise{};
    clock_gettime(CLOCK_REALTIME, &precise);
    *now = {precise.tv_sec, precise.tv_nsec / 1000};
    return 0;
}

}  // extern "C"

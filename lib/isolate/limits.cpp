#include "isolate/limits.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace wetgate::isolate {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool can_limit_memory = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr bool can_limit_memory = false;
#else
constexpr bool can_limit_memory = true;
#endif
#else
constexpr bool can_limit_memory = true;
#endif

constexpr std::int64_t gibibyte = std::int64_t{1} << 30;

void set(__rlimit_resource what, rlim_t value) {
    rlimit limit{};
    if (::getrlimit(what, &limit) != 0) return;
    limit.rlim_cur = std::min(value, limit.rlim_max);
    limit.rlim_max = limit.rlim_cur;
    ::setrlimit(what, &limit);
}

std::int64_t address_space_bytes() {
    std::ifstream file("/proc/self/statm");
    std::int64_t pages = 0;
    file >> pages;
    return pages * ::sysconf(_SC_PAGESIZE);
}

}  // namespace

void set_process_limits() {
    constexpr rlim_t descriptors = 64;
    set(RLIMIT_FSIZE, 0);
    // One byte: the kernel still starts a program that core_pattern names when it is 0.
    set(RLIMIT_CORE, 1);
    set(RLIMIT_NOFILE, descriptors);
    // When the machine runs out of memory the kernel ends the decoder first.
    std::ofstream("/proc/self/oom_score_adj") << 500;
}

void limit_memory(std::int64_t more_bytes) {
    if (!can_limit_memory) return;
    rlimit limit{};
    if (::getrlimit(RLIMIT_AS, &limit) != 0) return;
    limit.rlim_cur = std::min(static_cast<rlim_t>(address_space_bytes() + more_bytes), limit.rlim_max);
    ::setrlimit(RLIMIT_AS, &limit);
}

bool memory_is_limited_here() {
    constexpr char strict = '2';  // without overcommitment the machine itself refuses
    char overcommitment = strict;
    std::ifstream("/proc/sys/vm/overcommit_memory") >> overcommitment;
    rlimit limit{};
    return can_limit_memory && overcommitment != strict && ::getrlimit(RLIMIT_AS, &limit) == 0 &&
           limit.rlim_cur < limit.rlim_max;
}

std::int64_t opening_bytes() {
    const std::int64_t machine = std::int64_t{::sysconf(_SC_PHYS_PAGES)} * ::sysconf(_SC_PAGESIZE);
    return std::min(28 * gibibyte, machine);
}

std::int64_t decoding_bytes(std::int64_t frame_bytes) {
    return std::max(4 * gibibyte, 8 * frame_bytes);
}

}  // namespace wetgate::isolate

#include "core/share.h"

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <thread>

#include "core/cgroup.h"
#include "core/environment.h"

namespace wetgate {
namespace {

// A whole number above 0, and nothing else.
std::optional<std::int64_t> count_in(const std::optional<std::string>& text) {
    std::int64_t count = 0;
    if (!text) return std::nullopt;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), count);
    constexpr std::int64_t most = std::int64_t{1} << 40;
    if (error != std::errc() || end != text->data() + text->size() || count <= 0 || count > most)
        return std::nullopt;
    return count;
}

std::optional<int> affinity() {
    // Machines of more than 1024 processors need a larger set than cpu_set_t.
    for (int processors = CPU_SETSIZE; processors <= 1 << 16; processors *= 4) {
        cpu_set_t* set = CPU_ALLOC(static_cast<std::size_t>(processors));
        if (set == nullptr) return std::nullopt;
        const std::size_t bytes = CPU_ALLOC_SIZE(static_cast<std::size_t>(processors));
        const bool known = sched_getaffinity(0, bytes, set) == 0;
        const int count = known ? CPU_COUNT_S(bytes, set) : 0;
        CPU_FREE(set);
        if (count > 0) return count;
    }
    return std::nullopt;
}

// "NAME: 123 kB" of a file of /proc, in bytes.
std::optional<std::int64_t> kibibytes_in(const char* path, const std::string& wanted) {
    std::ifstream file(path);
    std::string line;
    while (std::getline(file, line)) {
        if (line.starts_with(wanted + ":"))
            return std::strtoll(line.c_str() + wanted.size() + 1, nullptr, 10) << 10;
    }
    return std::nullopt;
}

std::optional<std::int64_t> address_space_left() {
    rlimit limit{};
    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return std::nullopt;
    const auto most = static_cast<std::int64_t>(
        std::min<rlim_t>(limit.rlim_cur, static_cast<rlim_t>(std::numeric_limits<std::int64_t>::max())));
    return std::max<std::int64_t>(0, most - kibibytes_in("/proc/self/status", "VmSize").value_or(0));
}

}  // namespace

CpuFacts cpu_facts() {
    return {environment_variable("CUE_THREADS"), environment_variable("SLURM_CPUS_PER_TASK"), affinity(),
            cgroup_cpus(), static_cast<int>(std::thread::hardware_concurrency())};
}

int threads_of(const CpuFacts& facts) {
    std::int64_t threads = std::max(1, facts.cores);
    const auto at_most = [&](std::optional<std::int64_t> count) {
        if (count) threads = std::clamp<std::int64_t>(*count, 1, threads);
    };
    at_most(count_in(facts.cue_threads));
    at_most(count_in(facts.slurm_cpus_per_task));
    at_most(facts.affinity);
    if (facts.quota) at_most(static_cast<std::int64_t>(std::ceil(std::clamp(*facts.quota, 0.0, 1e6))));
    return static_cast<int>(threads);
}

MemoryFacts memory_facts() {
    return {kibibytes_in("/proc/self/status", "RssAnon").value_or(0),
            kibibytes_in("/proc/meminfo", "MemAvailable"),
            cgroup_bytes_left(),
            address_space_left(),
            environment_variable("SLURM_MEM_PER_NODE"),
            environment_variable("SLURM_MEM_PER_CPU"),
            environment_variable("SLURM_CPUS_ON_NODE")};
}

MemoryShare memory_of(const MemoryFacts& facts) {
    MemoryShare share{std::numeric_limits<std::int64_t>::max(), "nothing"};
    const auto at_most = [&](std::optional<std::int64_t> bytes, const char* name) {
        if (bytes && *bytes < share.bytes) share = {*bytes, name};
    };
    const auto with_own = [&](std::optional<std::int64_t> left) {
        if (left) *left += facts.own_bytes;
        return left;
    };
    at_most(with_own(facts.machine_left_bytes), "the machine");
    at_most(with_own(facts.group_left_bytes), "the control group");
    at_most(with_own(facts.space_left_bytes), "ulimit -v");
    if (const auto mebibytes = count_in(facts.slurm_mem_per_node)) {
        at_most(*mebibytes << 20, "Slurm");
    } else if (const auto each = count_in(facts.slurm_mem_per_cpu)) {
        const std::int64_t cpus =
            std::min<std::int64_t>(count_in(facts.slurm_cpus_on_node).value_or(1), 1 << 12);
        at_most(std::min<std::int64_t>(*each, std::int64_t{1} << 30) * cpus << 20, "Slurm");
    }
    return share;
}

}  // namespace wetgate

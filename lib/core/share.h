#pragma once
#include <cstdint>
#include <optional>
#include <string>

// What of a machine is this process's: a farm gives a task some cores and some memory of a machine that
// others use, too.

namespace wetgate {

/// What says how many threads are worth having.
struct CpuFacts {
    std::optional<std::string> cue_threads;          ///< $CUE_THREADS: OpenCue's RQD
    std::optional<std::string> slurm_cpus_per_task;  ///< $SLURM_CPUS_PER_TASK
    std::optional<int> affinity;                     ///< processors that the process may run on
    std::optional<double> quota;                     ///< cgroup_cpus()
    int cores = 1;                                   ///< of the machine
};
CpuFacts cpu_facts();

/// The least of what is said, part of a processor counted as a whole one; at least 1. What is no number above
/// 0 says nothing.
int threads_of(const CpuFacts& facts);

/// What says how much memory this process may have.
struct MemoryFacts {
    std::int64_t own_bytes = 0;                      ///< that it has already (anonymous, resident)
    std::optional<std::int64_t> machine_left_bytes;  ///< MemAvailable
    std::optional<std::int64_t> group_left_bytes;    ///< cgroup_bytes_left()
    std::optional<std::int64_t> space_left_bytes;    ///< of the address space: RLIMIT_AS
    std::optional<std::string> slurm_mem_per_node;   ///< $SLURM_MEM_PER_NODE, MiB: of the whole task
    std::optional<std::string> slurm_mem_per_cpu;    ///< $SLURM_MEM_PER_CPU, MiB
    std::optional<std::string> slurm_cpus_on_node;   ///< $SLURM_CPUS_ON_NODE
};
MemoryFacts memory_facts();

/// Memory that this process may have in all, with what it has already.
struct MemoryShare {
    std::int64_t bytes = 0;
    std::string limited_by;  ///< for a message: "the machine", "the control group", "ulimit -v", "Slurm"
};
/// The least of what is said; the greatest number where nothing is.
MemoryShare memory_of(const MemoryFacts& facts);

}  // namespace wetgate

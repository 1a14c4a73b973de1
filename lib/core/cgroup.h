#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>

namespace wetgate {

// What the control groups (version 1, 2 or both) of this process let it have. A process is in one group of
// each hierarchy and bound by all groups above it too; inside a container the paths of /proc/self/cgroup may
// be the host's, so what is not there is passed over. `root` is "/" but in tests.

/// Processors: quota over period of the narrowest group; nothing where there is no quota.
std::optional<double> cgroup_cpus(const std::filesystem::path& root = "/");

/// Bytes until the narrowest limit, file pages that the kernel would drop counted as free; nothing where
/// there is no limit.
std::optional<std::int64_t> cgroup_bytes_left(const std::filesystem::path& root = "/");

}  // namespace wetgate

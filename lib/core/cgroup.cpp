#include "core/cgroup.h"

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

namespace wetgate {
namespace {

namespace fs = std::filesystem;

// Version 1 says "no limit" with the greatest number of pages, in bytes.
constexpr std::int64_t no_limit = std::int64_t{1} << 60;

// The number that a file starts with; nothing for "max", -1 and files that are not there.
std::optional<std::int64_t> number_in(const fs::path& path) {
    std::ifstream file(path);
    std::int64_t value = 0;
    if (file >> value && value >= 0 && value < no_limit) return value;
    return std::nullopt;
}

// Values of "name value" lines, added up.
std::int64_t sum_in(const fs::path& path, const std::vector<std::string>& names) {
    std::ifstream file(path);
    std::string name;
    std::int64_t value = 0, sum = 0;
    while (file >> name >> value) {
        if (std::find(names.begin(), names.end(), name) != names.end()) sum += value;
    }
    return sum;
}

struct Group {
    fs::path folder;
    bool is_v2 = false;
};

// `path` below `mount`, and every group above it.
void add_groups(const fs::path& mount, const std::string& path, bool is_v2, std::vector<Group>& groups) {
    std::error_code ignored;
    if (!fs::is_directory(mount, ignored)) return;
    fs::path inside = fs::path(path).relative_path();
    while (true) {
        groups.push_back({mount / inside, is_v2});
        if (inside.empty()) return;
        inside = inside.parent_path();
    }
}

bool has_controller(const std::string& list, const std::string& controller) {
    return ("," + list + ",").find("," + controller + ",") != std::string::npos;
}

std::vector<Group> groups_of(const fs::path& root, const std::string& controller) {
    const fs::path mounts = root / "sys/fs/cgroup";
    std::vector<Group> groups;
    std::ifstream file(root / "proc/self/cgroup");
    std::string line;
    while (std::getline(file, line)) {  // "4:memory:/path", version 2: "0::/path"
        const std::size_t first = line.find(':');
        const std::size_t second = line.find(':', first + 1);
        if (first == std::string::npos || second == std::string::npos) continue;
        const std::string controllers = line.substr(first + 1, second - first - 1);
        const std::string path = line.substr(second + 1);
        if (controllers.empty()) {
            add_groups(mounts, path, true, groups);
            add_groups(mounts / "unified", path, true, groups);
        } else if (has_controller(controllers, controller)) {
            add_groups(mounts / controllers, path, false, groups);
            if (controllers != controller) add_groups(mounts / controller, path, false, groups);
        }
    }
    return groups;
}

std::optional<double> cpus_of(const Group& group) {
    std::int64_t period = 0;
    std::optional<std::int64_t> quota;
    if (group.is_v2) {
        std::ifstream file(group.folder / "cpu.max");  // "max 100000", "150000 100000"
        std::int64_t value = 0;
        if (file >> value >> period) quota = value;
    } else {
        quota = number_in(group.folder / "cpu.cfs_quota_us");
        period = number_in(group.folder / "cpu.cfs_period_us").value_or(0);
    }
    if (!quota || *quota <= 0 || period <= 0) return std::nullopt;
    return static_cast<double>(*quota) / static_cast<double>(period);
}

std::optional<std::int64_t> bytes_left_of(const Group& group) {
    const auto limit = number_in(group.folder / (group.is_v2 ? "memory.max" : "memory.limit_in_bytes"));
    const auto used = number_in(group.folder / (group.is_v2 ? "memory.current" : "memory.usage_in_bytes"));
    if (!limit || !used) return std::nullopt;
    // Pages of files that were read lie there until somebody needs the memory.
    const std::int64_t droppable =
        sum_in(group.folder / "memory.stat",
               group.is_v2 ? std::vector<std::string>{"inactive_file", "active_file"}
                           : std::vector<std::string>{"total_inactive_file", "total_active_file"});
    return std::max<std::int64_t>(0, *limit - std::max<std::int64_t>(0, *used - droppable));
}

}  // namespace

std::optional<double> cgroup_cpus(const fs::path& root) {
    std::optional<double> least;
    for (const Group& group : groups_of(root, "cpu")) {
        const auto cpus = cpus_of(group);
        if (cpus && (!least || *cpus < *least)) least = cpus;
    }
    return least;
}

std::optional<std::int64_t> cgroup_bytes_left(const fs::path& root) {
    std::optional<std::int64_t> least;
    for (const Group& group : groups_of(root, "memory")) {
        const auto left = bytes_left_of(group);
        if (left && (!least || *left < *least)) least = left;
    }
    return least;
}

}  // namespace wetgate

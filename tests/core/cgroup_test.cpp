#include "core/cgroup.h"

#include <doctest/doctest.h>

#include <fstream>

#include "support/temp_folder.h"

namespace wetgate {
namespace {

// A root folder with some of the files that a kernel shows.
class FakeRoot {
public:
    explicit FakeRoot(const std::string& groups) { put("proc/self/cgroup", groups); }
    void put(const std::string& name, const std::string& text) const {
        const std::filesystem::path path = root_ / name;
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path) << text;
    }
    const std::filesystem::path& path() const { return root_.path(); }

private:
    tests::TempFolder root_;
};

TEST_CASE("version 2: the narrowest quota of a group and those above it") {
    const FakeRoot root("0::/farm/task\n");
    CHECK(!cgroup_cpus(root.path()));
    root.put("sys/fs/cgroup/farm/cpu.max", "150000 100000\n");
    root.put("sys/fs/cgroup/farm/task/cpu.max", "max 100000\n");
    CHECK(cgroup_cpus(root.path()) == 1.5);
    root.put("sys/fs/cgroup/farm/task/cpu.max", "50000 100000\n");
    CHECK(cgroup_cpus(root.path()) == 0.5);
}

TEST_CASE("version 2: memory until the limit, file pages that can be dropped counted as free") {
    const FakeRoot root("0::/farm/task\n");
    root.put("sys/fs/cgroup/farm/task/memory.max", "max\n");
    root.put("sys/fs/cgroup/farm/task/memory.current", "700\n");
    CHECK(!cgroup_bytes_left(root.path()));
    root.put("sys/fs/cgroup/farm/memory.max", "1000\n");
    root.put("sys/fs/cgroup/farm/memory.current", "990\n");
    CHECK(cgroup_bytes_left(root.path()) == 10);
    root.put("sys/fs/cgroup/farm/memory.stat", "anon 700\nfile 290\ninactive_file 200\nactive_file 80\n");
    CHECK(cgroup_bytes_left(root.path()) == 290);
    root.put("sys/fs/cgroup/farm/memory.current", "1990\n");
    CHECK(cgroup_bytes_left(root.path()) == 0);
}

TEST_CASE("version 1: each controller has a hierarchy of its own") {
    const FakeRoot root("9:name=systemd:/\n5:cpu,cpuacct:/farm\n4:memory:/farm/task\n0::/\n");
    root.put("sys/fs/cgroup/cpu,cpuacct/farm/cpu.cfs_quota_us", "-1\n");
    root.put("sys/fs/cgroup/cpu,cpuacct/farm/cpu.cfs_period_us", "100000\n");
    CHECK(!cgroup_cpus(root.path()));
    root.put("sys/fs/cgroup/cpu,cpuacct/farm/cpu.cfs_quota_us", "300000\n");
    CHECK(cgroup_cpus(root.path()) == 3.0);
    root.put("sys/fs/cgroup/memory/farm/task/memory.limit_in_bytes", "9223372036854771712\n");
    root.put("sys/fs/cgroup/memory/farm/task/memory.usage_in_bytes", "5000\n");
    CHECK(!cgroup_bytes_left(root.path()));
    root.put("sys/fs/cgroup/memory/farm/task/memory.limit_in_bytes", "8000\n");
    root.put("sys/fs/cgroup/memory/farm/task/memory.stat",
             "total_inactive_file 600\ntotal_active_file 400\n");
    CHECK(cgroup_bytes_left(root.path()) == 4000);
}

TEST_CASE("a container that shows the host's paths and its own files has the limits of its root") {
    const FakeRoot root("4:memory:/docker/0123\n0::/docker/0123\n");
    root.put("sys/fs/cgroup/cpu.max", "200000 100000\n");
    root.put("sys/fs/cgroup/memory.max", "4000\n");
    root.put("sys/fs/cgroup/memory.current", "1000\n");
    CHECK(cgroup_cpus(root.path()) == 2.0);
    CHECK(cgroup_bytes_left(root.path()) == 3000);
}

TEST_CASE("nothing that reads as a limit is none") {
    const FakeRoot root("nonsense\n0:\n0::/x\n");
    root.put("sys/fs/cgroup/x/cpu.max", "0 0\n");
    root.put("sys/fs/cgroup/x/memory.max", "much\n");
    CHECK(!cgroup_cpus(root.path()));
    CHECK(!cgroup_bytes_left(root.path()));
    CHECK(!cgroup_cpus(root.path() / "nowhere"));
}

}  // namespace
}  // namespace wetgate

#include "core/share.h"

#include <doctest/doctest.h>
#include <sched.h>

#include <limits>
#include <vector>

namespace wetgate {
namespace {

constexpr std::int64_t gib = std::int64_t{1} << 30;

TEST_CASE("threads are the least of what the farm, the affinity and the quota say") {
    struct Row {
        CpuFacts facts;
        int threads;
    };
    const std::vector<Row> rows{
        {{{}, {}, {}, {}, 16}, 16},
        {{{}, {}, 4, {}, 16}, 4},
        {{{}, {}, 4, 2.0, 16}, 2},
        {{{}, {}, 4, 2.5, 16}, 3},   // half a processor is worth a thread
        {{{}, {}, 4, 0.25, 16}, 1},  // and so is a quarter of one
        {{{}, "6", {}, {}, 16}, 6},
        {{"8", {}, {}, {}, 16}, 8},
        {{"8", "6", {}, {}, 16}, 6},
        {{"8", {}, 4, {}, 16}, 4},     // RQD's own taskset leaves less
        {{{}, "32", {}, {}, 16}, 16},  // more than the machine has
        {{"0", "-3", {}, {}, 16}, 16},
        {{"", "4 cores", {}, {}, 16}, 16},
        {{"99999999999999999999", {}, {}, {}, 16}, 16},
        {{{}, {}, {}, {}, 0}, 1},
    };
    for (const Row& row : rows) {
        CAPTURE(row.facts.cue_threads.value_or("-"));
        CAPTURE(row.facts.slurm_cpus_per_task.value_or("-"));
        CAPTURE(row.facts.affinity.value_or(-1));
        CAPTURE(row.facts.quota.value_or(-1));
        CHECK(threads_of(row.facts) == row.threads);
    }
}

TEST_CASE("this process's own affinity is seen") {
    cpu_set_t before;
    REQUIRE(sched_getaffinity(0, sizeof before, &before) == 0);
    cpu_set_t one;
    CPU_ZERO(&one);
    for (std::size_t cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
        if (!CPU_ISSET(cpu, &before)) continue;
        CPU_SET(cpu, &one);
        break;
    }
    REQUIRE(sched_setaffinity(0, sizeof one, &one) == 0);
    const CpuFacts facts = cpu_facts();
    CHECK(sched_setaffinity(0, sizeof before, &before) == 0);
    CHECK(facts.affinity == 1);
    CHECK(threads_of(facts) == 1);
}

TEST_CASE("memory is the least of what the machine, the group, ulimit and Slurm leave, and says which") {
    struct Row {
        MemoryFacts facts;
        std::int64_t bytes;
        const char* limited_by;
    };
    const std::vector<Row> rows{
        {{gib, {}, {}, {}, {}, {}, {}}, std::numeric_limits<std::int64_t>::max(), "nothing"},
        {{gib, 8 * gib, {}, {}, {}, {}, {}}, 9 * gib, "the machine"},  // what it has already is its own
        {{gib, 8 * gib, 2 * gib, {}, {}, {}, {}}, 3 * gib, "the control group"},
        {{gib, 8 * gib, 2 * gib, gib, {}, {}, {}}, 2 * gib, "ulimit -v"},
        {{gib, 8 * gib, {}, {}, "4096", {}, {}}, 4 * gib, "Slurm"},     // Slurm's is of the whole task
        {{gib, 8 * gib, {}, {}, "0", {}, {}}, 9 * gib, "the machine"},  // 0: all of the machine
        {{gib, 8 * gib, {}, {}, {}, "1024", "3"}, 3 * gib, "Slurm"},
        {{gib, 8 * gib, {}, {}, "4096", "1024", "1"}, 4 * gib, "Slurm"},
        {{gib, 8 * gib, {}, {}, "lots", "-1", "3"}, 9 * gib, "the machine"},
        {{0, {}, {}, {}, {}, "1099511627776", "1099511627776"}, std::int64_t{1} << 62, "Slurm"},
    };
    for (const Row& row : rows) {
        const MemoryShare share = memory_of(row.facts);
        CAPTURE(row.limited_by);
        CHECK(share.bytes == row.bytes);
        CHECK(share.limited_by == row.limited_by);
    }
}

TEST_CASE("this process has some memory and a share of the machine") {
    const MemoryFacts facts = memory_facts();
    CHECK(facts.own_bytes > 0);
    CHECK(facts.machine_left_bytes.value_or(0) > 0);
    CHECK(memory_of(facts).bytes > 0);
}

}  // namespace
}  // namespace wetgate

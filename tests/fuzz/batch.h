#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "fuzz/seeds.h"
#include "fuzz/targets.h"

namespace wetgate::fuzz {

/// What no input may exceed.
struct Bounds {
    std::int64_t memory_mib =
        512;           ///< address space beside what the process has before the first input; 0: no bound
    int seconds = 10;  ///< an input
    std::size_t most_bytes = std::size_t{64} << 10;
};

/// A mutant is named by target and number alone: seed, partner and changes follow from them.
struct Mutant {
    std::string seed;  ///< name of the seed that it was made from
    Bytes bytes;
};
/// The first mutants are the seeds themselves, unchanged.
Mutant mutant_of(const Target& target, const std::vector<Seed>& seeds, const std::vector<Bytes>& words,
                 std::size_t number, const Bounds& bounds);

struct Finding {
    std::size_t number = 0;
    std::string seed, how;  ///< "died by signal 11", "took more than 10 s", "needs more memory than ..."
    Bytes bytes;
};

struct Tally {
    std::size_t inputs = 0, accepted = 0;
    std::array<std::size_t, 16> refused{};  ///< by ErrorKind
    double slowest_s = 0;
    std::size_t slowest = 0;        ///< number of that mutant
    std::int64_t greatest_kib = 0;  ///< of the resident memory of any process
    std::vector<Finding> findings;
};

/// Runs mutants [0, count) of a target in forked processes under the bounds; after a finding a new process
/// goes on behind it. Stops after 20 findings.
Tally run_batch(const Target& target, std::size_t count, const Bounds& bounds);

}  // namespace wetgate::fuzz

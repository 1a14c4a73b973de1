#include "fuzz/batch.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fstream>
#include <limits>
#include <new>

#include "fuzz/input.h"
#include "support/sanitizer.h"

namespace wetgate::fuzz {
namespace {

constexpr std::size_t most_findings = 20;
constexpr std::size_t none = std::numeric_limits<std::size_t>::max();
constexpr int out_of_memory_exit = 40;

/// What a child tells its parent, in memory that both see, so that it outlives a crash.
struct Board {
    std::atomic<std::size_t> at{none};  ///< mutant at work
    Tally counts;                       ///< without the findings
};

/// A Board in shared memory, zeroed by the system.
class SharedBoard {
public:
    SharedBoard()
        : memory_(::mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {
        require(memory_ != MAP_FAILED, "there is memory for a few numbers");
        board_ = new (memory_) Board;
    }
    ~SharedBoard() {
        board_->~Board();
        ::munmap(memory_, sizeof(Board));
    }
    SharedBoard(const SharedBoard&) = delete;
    SharedBoard& operator=(const SharedBoard&) = delete;
    Board& operator*() { return *board_; }
    Board* operator->() { return board_; }

private:
    void* memory_;
    Board* board_;
};

std::uint64_t hash_of(const char* text) {
    std::uint64_t hash = 0xCBF29CE484222325;  // FNV-1a
    for (; *text != '\0'; ++text) hash = (hash ^ static_cast<unsigned char>(*text)) * 0x100000001B3;
    return hash;
}

std::int64_t address_space_bytes() {
    std::ifstream stream("/proc/self/statm");
    std::int64_t pages = 0;
    stream >> pages;
    return pages * ::sysconf(_SC_PAGESIZE);
}

void set_limit(__rlimit_resource what, rlim_t value) {
    const rlimit limit{value, value};
    require(::setrlimit(what, &limit) == 0, "a limit can be set");
}

class Child {
public:
    Child(const Target& target, const Bounds& bounds, Board& board)
        : target_(target), bounds_(bounds), board_(board) {}

    [[noreturn]] void work(std::size_t first, std::size_t count, const std::vector<Seed>& seeds,
                           const std::vector<Bytes>& words) {
        set_limit(RLIMIT_CORE, 0);
        if (bounds_.memory_mib > 0 && !tests::has_address_sanitizer)
            set_limit(RLIMIT_AS, static_cast<rlim_t>(address_space_bytes() + (bounds_.memory_mib << 20)));
        for (std::size_t i = first; i < count; ++i) {
            const Mutant mutant = mutant_of(target_, seeds, words, i, bounds_);
            board_.at = i;
            ::alarm(static_cast<unsigned>(bounds_.seconds));
            run(mutant.bytes, i);
            ::alarm(0);
        }
        rusage usage{};
        ::getrusage(RUSAGE_SELF, &usage);
        board_.counts.greatest_kib = std::max<std::int64_t>(board_.counts.greatest_kib, usage.ru_maxrss);
        board_.at = none;
        std::fflush(nullptr);
        ::_exit(0);
    }

private:
    void run(const Bytes& bytes, std::size_t number) {
        outcome() = {};
        const auto start = std::chrono::steady_clock::now();
        try {
            target_.run(bytes.data(), bytes.size());
        } catch (const std::bad_alloc&) {
            ::_exit(out_of_memory_exit);
        } catch (const std::exception& problem) {
            std::fprintf(stderr, "fuzz: left with the exception: %s\n", problem.what());
            std::abort();
        }
        const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
        Tally& counts = board_.counts;
        ++counts.inputs;
        if (outcome().verdict == Verdict::Accepted) ++counts.accepted;
        if (outcome().verdict == Verdict::Refused)
            ++counts.refused.at(static_cast<std::size_t>(outcome().kind));
        if (seconds.count() <= counts.slowest_s) return;
        counts.slowest_s = seconds.count();
        counts.slowest = number;
    }

    const Target& target_;
    const Bounds& bounds_;
    Board& board_;
};

std::string end_of(int status, const Bounds& bounds) {
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
        return "took more than " + std::to_string(bounds.seconds) + " s";
    if (WIFSIGNALED(status)) return std::string("died: ") + ::strsignal(WTERMSIG(status));
    if (WEXITSTATUS(status) == out_of_memory_exit)
        return "needs more than " + std::to_string(bounds.memory_mib) + " MiB and does not say so";
    return "ended with " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

Mutant mutant_of(const Target& target, const std::vector<Seed>& seeds, const std::vector<Bytes>& words,
                 std::size_t number, const Bounds& bounds) {
    if (seeds.empty()) return {"nothing", {}};
    if (number < seeds.size()) return {seeds[number].name, seeds[number].bytes};
    Random random(hash_of(target.name) + number);
    const Seed& seed = seeds[number % seeds.size()];  // each is as often the start as the others
    const Seed& other = seeds[random.below(seeds.size())];
    const std::size_t most = std::max(bounds.most_bytes, seed.bytes.size());
    return {seed.name, mutated(seed.bytes, other.bytes, words, most, random)};
}

Tally run_batch(const Target& target, std::size_t count, const Bounds& bounds) {
    const std::vector<Seed> seeds = seeds_of(target.name);
    const std::vector<Bytes> words = words_of(target.name);
    require(!seeds.empty(), "a target has seeds");
    count = std::max(count, seeds.size());
    SharedBoard board;
    std::vector<Finding> findings;
    for (std::size_t next = 0; next < count && findings.size() < most_findings;) {
        std::fflush(nullptr);
        const pid_t child = ::fork();
        require(child >= 0, "a process can be made");
        if (child == 0) Child(target, bounds, *board).work(next, count, seeds, words);
        int status = 0;
        rusage usage{};
        ::wait4(child, &status, 0, &usage);
        board->counts.greatest_kib = std::max<std::int64_t>(board->counts.greatest_kib, usage.ru_maxrss);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 0) break;
        std::error_code ignored;
        std::filesystem::remove_all("/dev/shm/wetgate_fuzz_" + std::to_string(child), ignored);
        const std::size_t at = board->at;
        require(at != none, "a process that died was at work on an input");
        const Mutant mutant = mutant_of(target, seeds, words, at, bounds);
        findings.push_back({at, mutant.seed, end_of(status, bounds), mutant.bytes});
        next = at + 1;
    }
    Tally tally = board->counts;
    tally.findings = std::move(findings);
    return tally;
}

}  // namespace wetgate::fuzz

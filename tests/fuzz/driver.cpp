// The fuzz targets without libFuzzer: every seed and a fixed set of mutants of them, in processes with
// bounded memory and time. The same inputs on every machine.
//   fuzz_driver [--inputs N] [--memory-mib M] [--seconds S] [--keep FOLDER] [TARGET...]
//   fuzz_driver --run TARGET FILE...        those files alone, in this process
//   fuzz_driver --write-seeds FOLDER        the seeds of all targets, a folder each
//   fuzz_driver --write-mutants FOLDER N TARGET
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "fuzz/batch.h"
#include "fuzz/input.h"

namespace {

namespace fs = std::filesystem;
namespace fuzz = wetgate::fuzz;

struct Wish {
    std::size_t inputs = 300;  ///< a target
    fuzz::Bounds bounds;
    fs::path keep;
    std::vector<std::string> names;
};

int usage() {
    std::fprintf(
        stderr,
        "usage: fuzz_driver [--inputs N] [--memory-mib M] [--seconds S] [--keep FOLDER] [TARGET...]\n");
    return 2;
}

void save(const fs::path& file, const fuzz::Bytes& bytes) {
    fs::create_directories(file.parent_path());
    std::ofstream stream(file, std::ios::binary);
    stream.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    stream.close();
    fuzz::require(!stream.fail(), "a file can be written");
}

const fuzz::Target* target_named(std::string_view name) {
    for (const fuzz::Target& target : fuzz::targets()) {
        if (name == target.name) return &target;
    }
    std::fprintf(stderr, "fuzz_driver: there is no target %.*s\n", static_cast<int>(name.size()),
                 name.data());
    return nullptr;
}

int write_seeds(const fs::path& folder) {
    for (const fuzz::Target& target : fuzz::targets()) {
        for (const fuzz::Seed& seed : fuzz::seeds_of(target.name))
            save(folder / target.name / seed.name, seed.bytes);
    }
    return 0;
}

int write_mutants(const fs::path& folder, std::size_t count, const fuzz::Target& target) {
    const auto seeds = fuzz::seeds_of(target.name);
    const auto words = fuzz::words_of(target.name);
    for (std::size_t i = 0; i < count; ++i) {
        const fuzz::Mutant mutant = fuzz::mutant_of(target, seeds, words, i, {});
        save(folder / (std::to_string(i) + "." + fs::path(mutant.seed).stem().string()), mutant.bytes);
    }
    return 0;
}

int run_files(const fuzz::Target& target, std::span<char*> files) {
    for (const char* file : files) {
        std::ifstream stream(file, std::ios::binary);
        const fuzz::Bytes bytes{std::istreambuf_iterator<char>(stream), {}};
        if (!stream.good() && !stream.eof()) return usage();
        fuzz::outcome() = {};
        target.run(bytes.data(), bytes.size());
        const bool accepted = fuzz::outcome().verdict == fuzz::Verdict::Accepted;
        std::printf("%s: %s\n", file, accepted ? "accepted" : "refused");
    }
    return 0;
}

// One row of the table; false where there are findings.
bool run_target(const fuzz::Target& target, const Wish& wish) {
    const fuzz::Tally tally = fuzz::run_batch(target, wish.inputs, wish.bounds);
    std::string refused;
    for (std::size_t kind = 0; kind < tally.refused.size(); ++kind) {
        if (tally.refused[kind] == 0) continue;
        refused += (refused.empty() ? "" : ", ") + std::to_string(tally.refused[kind]) + " " +
                   std::string(wetgate::kind_name(static_cast<wetgate::ErrorKind>(kind)));
    }
    std::printf("%-14s %7zu %9zu  %-28s %8.3f s (%zu) %6lld MiB %9zu\n", target.name, tally.inputs,
                tally.accepted, refused.c_str(), tally.slowest_s, tally.slowest,
                static_cast<long long>(tally.greatest_kib >> 10), tally.findings.size());
    for (const fuzz::Finding& finding : tally.findings) {
        const fs::path file = wish.keep / (std::string(target.name) + "." + std::to_string(finding.number));
        save(file, finding.bytes);
        std::printf("FINDING: %s mutant %zu (of %s) %s; kept as %s\n", target.name, finding.number,
                    finding.seed.c_str(), finding.how.c_str(), file.c_str());
    }
    std::fflush(stdout);
    return tally.findings.empty();
}

int run_all(const Wish& wish) {
    std::printf("%-14s %7s %9s  %-28s %10s %16s %9s\n", "target", "inputs", "accepted", "refused", "slowest",
                "memory", "findings");
    bool sound = true;
    for (const fuzz::Target& target : fuzz::targets()) {
        const bool wanted =
            wish.names.empty() || std::count(wish.names.begin(), wish.names.end(), target.name) > 0;
        if (wanted) sound = run_target(target, wish) && sound;
    }
    return sound ? 0 : 1;
}

template <class Number>
bool read_number(const char* text, Number& number) {
    const char* end = text + std::strlen(text);
    const auto read = std::from_chars(text, end, number);
    return read.ec == std::errc() && read.ptr == end;
}

int run_wish(std::span<char*> arguments) {
    Wish wish;
    wish.keep = fs::temp_directory_path() / "wetgate_findings";
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string_view word = arguments[i];
        if (!word.starts_with("--")) {
            if (target_named(word) == nullptr) return 2;
            wish.names.emplace_back(word);
            continue;
        }
        if (i + 1 == arguments.size()) return usage();
        const char* value = arguments[++i];
        const bool read = word == "--inputs"       ? read_number(value, wish.inputs)
                          : word == "--memory-mib" ? read_number(value, wish.bounds.memory_mib)
                          : word == "--seconds"    ? read_number(value, wish.bounds.seconds)
                                                   : word == "--keep";
        if (!read) return usage();
        if (word == "--keep") wish.keep = value;
    }
    return run_all(wish);
}

}  // namespace

int main(int argc, char** argv) {
    const std::span<char*> arguments(argv + 1, static_cast<std::size_t>(argc > 0 ? argc - 1 : 0));
    const std::string_view verb = arguments.empty() ? "" : arguments[0];
    if (verb == "--write-seeds") return arguments.size() == 2 ? write_seeds(arguments[1]) : usage();
    if (verb == "--write-mutants") {
        std::size_t count = 0;
        if (arguments.size() != 4 || !read_number(arguments[2], count)) return usage();
        const fuzz::Target* target = target_named(arguments[3]);
        return target == nullptr ? 2 : write_mutants(arguments[1], count, *target);
    }
    if (verb == "--run") {
        const fuzz::Target* target = arguments.size() > 1 ? target_named(arguments[1]) : nullptr;
        return target == nullptr ? usage() : run_files(*target, arguments.subspan(2));
    }
    return run_wish(arguments);
}

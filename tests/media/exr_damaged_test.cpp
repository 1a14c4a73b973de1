#include <doctest/doctest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "core/error.h"
#include "media/exr.h"
#include "support/sanitizer.h"
#include "support/shared.h"
#include "support/temp_folder.h"

namespace fs = std::filesystem;
using wetgate::Error;
using wetgate::ErrorKind;

namespace {

enum Verdict { accepted = 0, rejected = 1, other_error = 2, wrong_kind = 3, crashed = 100 };

Verdict verdict_here(const fs::path& file) {
    try {
        wetgate::media::read_exr(file, 1001, {});
        return accepted;
    } catch (const Error& error) {
        const bool named = error.context().file == file.string() && error.context().frame == 1001;
        return error.kind() == ErrorKind::Input && named && !error.message().empty() ? rejected : wrong_kind;
    } catch (...) {
        return other_error;
    }
}

// As whatever its first bytes say that it is; a picture or the first frames of a movie.
Verdict source_verdict_here(const fs::path& file) {
    try {
        wetgate::media::SourceRequest request;
        request.display_name = file.string();
        request.path_of = [&](int) { return file; };
        const auto source = wetgate::media::open_source(request, wetgate::silent_log());
        const wetgate::FrameRange range = source->info().range;
        for (int frame = range.first; frame < std::min(range.end, range.first + 4); ++frame)
            source->read(frame);
        return accepted;
    } catch (const Error& error) {
        return error.kind() == ErrorKind::Input && !error.message().empty() ? rejected : wrong_kind;
    } catch (...) {
        return other_error;
    }
}

// In a process of its own with 2 GiB and 10 s, so that a crash is the file's and not the test's. The pool of
// OpenEXR is empty, so forking is safe.
Verdict verdict_of(const fs::path& file, Verdict (*read)(const fs::path&) = verdict_here) {
    const pid_t child = fork();
    if (child == 0) {
        const rlimit memory{rlim_t{2} << 30, rlim_t{2} << 30};
        if (!wetgate::tests::has_address_sanitizer) setrlimit(RLIMIT_AS, &memory);
        alarm(10);
        for (const int signal : {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL}) std::signal(signal, SIG_DFL);
        _exit(read(file));
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? static_cast<Verdict>(WEXITSTATUS(status)) : crashed;
}

std::string bytes_of(const fs::path& file) {
    std::ifstream stream(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

void write_bytes(const fs::path& file, const std::string& bytes) {
    std::ofstream stream(file, std::ios::binary);
    stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

struct Expected {
    fs::path file;
    std::string verdict;
};

std::vector<Expected> expected_files(const fs::path& folder) {
    std::vector<Expected> files;
    std::ifstream csv(folder / "expected.csv");
    std::string line;
    std::getline(csv, line);
    while (std::getline(csv, line)) {
        const auto first = line.find(',');
        const auto second = line.find(',', first + 1);
        const auto third = line.find(',', second + 1);
        files.push_back({folder / line.substr(0, first) / line.substr(first + 1, second - first - 1),
                         line.substr(second + 1, third - second - 1)});
    }
    return files;
}

}  // namespace

TEST_CASE("every damaged file of the collection gets its verdict, within memory and time") {
    const auto folder = wetgate::tests::shared("footage/damaged");
    if (!folder) {
        MESSAGE("skipped: no ../shared/footage/damaged here");
        return;
    }
    const auto files = expected_files(*folder);
    REQUIRE(files.size() > 200);
    for (const Expected& expected : files) {
        CAPTURE(expected.file);
        const auto start = std::chrono::steady_clock::now();
        const Verdict verdict = verdict_of(expected.file);
        const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
        if (std::getenv("WETGATE_TEST_VERBOSE") != nullptr)
            MESSAGE(expected.file << " " << expected.verdict << " " << static_cast<int>(verdict) << " "
                                  << seconds.count());
        if (expected.verdict == "reject") {
            CHECK(verdict == rejected);
        } else {
            CHECK((verdict == rejected || verdict == accepted));
        }
        CHECK(seconds.count() < 10.0);
        const Verdict as_source = verdict_of(expected.file, source_verdict_here);
        CHECK((as_source == rejected || (as_source == accepted && expected.verdict != "reject")));
    }
}

TEST_CASE("a file cut anywhere is refused with its name") {
    const auto folder = wetgate::tests::shared("footage/exr");
    if (!folder) {
        MESSAGE("skipped: no ../shared/footage/exr here");
        return;
    }
    const wetgate::tests::TempFolder temp;
    std::mt19937 random(7);
    for (const char* name :
         {"TestImages/stripes.exr", "TestImages/GammaChart.exr", "TestImages/BrightRings.exr",
          "DisplayWindow/t07.exr", "Chromaticities/Rec709_YC.exr", "MultiResolution/Bonita.exr",
          "Tiles/GoldenGate.exr", "Beachball/multipart.0001.exr", "MultiView/Adjuster.exr"}) {
        const std::string bytes = bytes_of(*folder / name);
        for (int i = 0; i < 10; ++i) {
            const std::size_t length =
                std::uniform_int_distribution<std::size_t>(0, bytes.size() - 1)(random);
            CAPTURE(name);
            CAPTURE(length);
            write_bytes(temp / "cut.exr", bytes.substr(0, length));
            CHECK(verdict_of(temp / "cut.exr") == rejected);
        }
    }
}

TEST_CASE("a damaged file that is also cut is refused") {
    const auto folder = wetgate::tests::shared("footage/damaged");
    if (!folder) {
        MESSAGE("skipped: no ../shared/footage/damaged here");
        return;
    }
    const wetgate::tests::TempFolder temp;
    std::mt19937 random(11);
    for (const Expected& expected : expected_files(*folder)) {
        const std::string bytes = bytes_of(expected.file);
        for (int i = 0; i < 10 && !bytes.empty(); ++i) {
            const std::size_t length =
                std::uniform_int_distribution<std::size_t>(0, bytes.size() - 1)(random);
            write_bytes(temp / "cut", bytes.substr(0, length));
            CAPTURE(expected.file);
            CAPTURE(length);
            CHECK(verdict_of(temp / "cut") == rejected);
        }
    }
}

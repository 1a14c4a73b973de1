#include "core/atomic_file.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "core/error.h"
#include "core/hash.h"
#include "support/temp_folder.h"

namespace wetgate {
namespace {

std::size_t entries(const std::filesystem::path& folder) {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder)) ++count;
    return count;
}

}  // namespace

TEST_CASE("a file appears whole at commit, and not before") {
    const tests::TempFolder folder;
    AtomicFile file(folder / "a.exr");
    file.write(std::as_bytes(std::span("hello", 5)));
    CHECK(!std::filesystem::exists(folder / "a.exr"));
    CHECK(file.temp_path().filename().string()[0] == '.');
    CHECK(file.temp_path().extension() != ".exr");
    file.seek(1);
    file.write(std::as_bytes(std::span("a", 1)));
    file.commit();
    CHECK(read_text(folder / "a.exr", 100) == "hallo");
    CHECK(entries(folder.path()) == 1);
}

TEST_CASE("a file that is not committed leaves nothing, and an older one stays") {
    const tests::TempFolder folder;
    write_atomic(folder / "a.json", "old");
    {
        AtomicFile file(folder / "a.json");
        file.write(std::as_bytes(std::span("new", 3)));
    }
    CHECK(read_text(folder / "a.json", 100) == "old");
    CHECK(entries(folder.path()) == 1);
}

TEST_CASE("a folder that is not there is an output error with the file's name") {
    const tests::TempFolder folder;
    try {
        write_atomic(folder / "no/such/a.exr", "x");
        FAIL("no error");
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::Output);
        CHECK(std::string(error.what()).find("a.exr") != std::string::npos);
    }
}

TEST_CASE("a file size limit is an output error and leaves nothing") {
    const tests::TempFolder folder;
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        signal(SIGXFSZ, SIG_IGN);
        const rlimit limit{1000, 1000};
        setrlimit(RLIMIT_FSIZE, &limit);
        try {
            write_atomic(folder / "big.exr", std::string(5000, 'x'));
        } catch (const Error& error) {
            _exit(exit_code(error.kind()));
        }
        _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    CHECK(WEXITSTATUS(status) == 11);
    CHECK(entries(folder.path()) == 0);
}

TEST_CASE("reading is bounded") {
    const tests::TempFolder folder;
    write_atomic(folder / "a", std::string(11, 'x'));
    CHECK_THROWS_AS(read_text(folder / "a", 10), Error);
    CHECK_THROWS_AS(read_text(folder / "absent", 10), Error);
    CHECK_THROWS_AS(read_text(folder.path(), 10), Error);
}

TEST_CASE("the content hash is XXH3-128") {
    CHECK(content_hash(std::string_view("")) ==
          "99aa06d3014798d86001c324468d497f");  // the published value of the empty input
}

}  // namespace wetgate

#include "core/temp_files.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <string>

#include "core/atomic_file.h"
#include "core/error.h"
#include "support/temp_folder.h"

namespace wetgate {
namespace {

namespace fs = std::filesystem;

void touch(const fs::path& file) {
    std::ofstream(file) << "x";
}

void make_older(const fs::path& file, std::chrono::hours by) {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    now.tv_sec -= std::chrono::seconds(by).count();
    const timespec times[] = {now, now};
    REQUIRE(utimensat(AT_FDCWD, file.c_str(), times, 0) == 0);
}

/// A temp of this process whose name has `was` replaced.
fs::path altered(const fs::path& folder, const std::string& was, const std::string& is) {
    std::string name = temp_path_for(folder / "a.exr").filename().string();
    const std::size_t at = name.find(was);
    REQUIRE(at != std::string::npos);
    return folder / name.replace(at, was.size(), is);
}

std::string own_process() {  // ".PID-START."
    const std::string name = temp_path_for("a").filename().string();
    const std::size_t at = name.find("." + std::to_string(getpid()) + "-");
    return name.substr(at, name.find('.', at + 1) - at + 1);
}

/// The number of a process that is gone.
pid_t dead_process() {
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) _exit(0);
    waitpid(child, nullptr, 0);
    return child;
}

}  // namespace

TEST_CASE(
    "a temp's name is hidden, never the same twice, and fits a file system however long the file's is") {
    const fs::path first = temp_path_for("folder/a.exr"), second = temp_path_for("folder/a.exr");
    CHECK(first != second);
    CHECK(first.parent_path() == "folder");
    CHECK(first.filename().string().starts_with(".a.exr."));
    CHECK(first.extension() == ".part");
    const tests::TempFolder folder;
    const fs::path longest = folder / std::string(255, 'n');
    CHECK(temp_path_for(longest).filename().string().size() == 255);
    write_atomic(longest, "x");
    CHECK(read_text(longest, 10) == "x");
}

TEST_CASE("temps of dead processes of this host go, those of living ones stay") {
    const tests::TempFolder folder;
    const fs::path own = temp_path_for(folder / "a.exr");
    const fs::path dead = altered(folder.path(), own_process(), "." + std::to_string(dead_process()) + "-0.");
    touch(own);
    touch(dead);
    make_older(own, std::chrono::hours(1000));
    remove_orphan_temps(folder.path());
    CHECK(fs::exists(own));
    CHECK(!fs::exists(dead));
}

TEST_CASE("a temp whose process number has gone to another process goes") {
    const tests::TempFolder folder;
    const fs::path before = altered(folder.path(), own_process(), "." + std::to_string(getpid()) + "-1.");
    touch(before);
    remove_orphan_temps(folder.path());
    CHECK(!fs::exists(before));
}

TEST_CASE("a temp of a killed process that nobody has waited for goes") {
    const tests::TempFolder folder;
    int ready[2];
    REQUIRE(pipe(ready) == 0);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        touch(temp_path_for(folder / "a.exr"));
        if (::write(ready[1], "x", 1) != 1) _exit(1);
        for (;;) pause();
    }
    char byte = 0;
    REQUIRE(::read(ready[0], &byte, 1) == 1);
    remove_orphan_temps(folder.path());
    CHECK(!fs::is_empty(folder.path()));
    kill(child, SIGKILL);
    siginfo_t info{};
    waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT);  // dead, and still listed
    remove_orphan_temps(folder.path());
    CHECK(fs::is_empty(folder.path()));
    waitpid(child, nullptr, 0);
    close(ready[0]);
    close(ready[1]);
}

TEST_CASE("a temp of another host goes only when it is older than any frame takes") {
    const tests::TempFolder folder;
    const std::string name = temp_path_for("a.exr").filename().string();
    const std::string host = name.substr(6, name.find(own_process()) - 6);
    const fs::path fresh = altered(folder.path(), host, "render12-0123abcd");
    const fs::path old = altered(folder.path(), host, "render13-0123abcd");
    const fs::path of_the_future = altered(folder.path(), host, "render14-0123abcd");
    for (const fs::path& file : {fresh, old, of_the_future}) touch(file);
    make_older(fresh, std::chrono::hours(11));
    make_older(old, std::chrono::hours(13));
    make_older(of_the_future, std::chrono::hours(-1000));
    remove_orphan_temps(folder.path());
    CHECK(fs::exists(fresh));
    CHECK(!fs::exists(old));
    CHECK(fs::exists(of_the_future));
    CHECK(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()) == 2);
}

TEST_CASE("what is not named as our temps are is never touched") {
    const tests::TempFolder folder;
    const std::string dead = std::to_string(dead_process());
    const std::string name = temp_path_for("a.exr").filename().string();
    const std::string host = name.substr(6, name.find(own_process()) - 6);
    const std::string names[] = {"." + dead + ".part",
                                 ".a.exr.part",
                                 "a.exr." + host + "." + dead + "-0.0.part",
                                 ".a.exr." + host + "." + dead + ".0.part",
                                 ".a.exr." + host + "." + dead + "-0.x.part",
                                 ".a.exr." + host + "." + dead + "-0.0.exr",
                                 ".a.exr." + host + ".-" + dead + "-0.0.part",
                                 ".a.exr.host." + dead + "-0.0.part"};
    for (const std::string& other : names) {
        touch(folder / other);
        make_older(folder / other, std::chrono::hours(1000));
    }
    fs::create_directory(folder / (".d." + host + "." + dead + "-0.0.part"));
    remove_orphan_temps(folder.path());
    for (const std::string& other : names) CHECK_MESSAGE(fs::exists(folder / other), other);
}

TEST_CASE("a file whose temp was removed by someone else is written again") {
    const tests::TempFolder folder;
    int tries = 0;
    with_retries(1, [&] {
        AtomicFile file(folder / "a.exr");
        file.write(std::as_bytes(std::span("x", 1)));
        if (++tries == 1) fs::remove(file.temp_path());
        file.commit();
    });
    CHECK(tries == 2);
    CHECK(read_text(folder / "a.exr", 10) == "x");
}

}  // namespace wetgate

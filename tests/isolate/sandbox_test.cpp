#include "isolate/sandbox.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <fstream>
#include <functional>
#include <thread>

#include "isolate/limits.h"
#include "support/temp_folder.h"

namespace {

// What `work` returns in a process of its own that is locked in.
int locked_in(const std::function<int()>& work) {
    const pid_t child = ::fork();
    if (child == 0) {
        wetgate::isolate::set_process_limits();
        wetgate::isolate::lock_in();
        ::_exit(work());
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

int error_of(int result) {
    return result < 0 ? errno : 0;
}

}  // namespace

TEST_CASE("a process that is locked in reads files and makes threads, and changes no file") {
    const wetgate::tests::TempFolder folder;
    const std::string there = (folder / "there").string(), made = (folder / "made").string();
    std::ofstream(there) << "text";
    CHECK(locked_in([&] { return error_of(::open(there.c_str(), O_RDONLY)); }) == 0);
    CHECK(locked_in([] {
              int seen = 7;
              std::thread([&seen] { seen = 0; }).join();
              return seen;
          }) == 0);
    CHECK(locked_in([&] {
              const int file = ::open(there.c_str(), O_WRONLY | O_APPEND);
              return file >= 0 && ::write(file, "x", 1) == 1 ? 0 : 1;
          }) != 0);
    CHECK(locked_in([&] { return error_of(::open(made.c_str(), O_WRONLY | O_CREAT, 0600)); }) != 0);
    CHECK(locked_in([&] { return error_of(::unlink(there.c_str())); }) != 0);
    CHECK(locked_in([&] { return error_of(::rename(there.c_str(), made.c_str())); }) != 0);
    CHECK(locked_in([&] { return error_of(::truncate(there.c_str(), 0)); }) != 0);
    std::string text;
    std::ifstream(there) >> text;
    CHECK(text == "text");
}

TEST_CASE("a process that is locked in has no network and starts no program") {
    CHECK(locked_in([] { return error_of(::socket(AF_INET, SOCK_STREAM, 0)); }) == EPERM);
    CHECK(locked_in([] { return error_of(::socket(AF_UNIX, SOCK_STREAM, 0)); }) == EPERM);
    CHECK(locked_in([] { return error_of(::execl("/bin/true", "true", nullptr)); }) == EPERM);
    CHECK(locked_in([] { return error_of(static_cast<int>(::fork())); }) == EPERM);
    CHECK(locked_in([] { return error_of(::kill(::getppid(), 0)); }) == EPERM);
}

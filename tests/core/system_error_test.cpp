#include "core/system_error.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "core/atomic_file.h"
#include "core/make_folder.h"
#include "support/temp_folder.h"

namespace wetgate {
namespace {

namespace fs = std::filesystem;

template <class Work>
ErrorKind kind_of(const Work& work) {
    try {
        work();
    } catch (const Error& error) {
        return error.kind();
    }
    FAIL("no error");
    return ErrorKind::Internal;
}

}  // namespace

TEST_CASE("what a network file system does for a while is worth another try, whether read or written") {
    for (const int number : {ESTALE, EIO, ETIMEDOUT, EHOSTDOWN, ENOTCONN, ECONNRESET}) {
        CHECK(read_error_kind(number) == ErrorKind::Temporary);
        CHECK(write_error_kind(number) == ErrorKind::Temporary);
    }
}

TEST_CASE("a full, read-only or forbidden place is the output's fault, a forbidden file the input's") {
    for (const int number : {ENOSPC, EDQUOT, EFBIG, EROFS, EACCES, EPERM, ENOTDIR, ENAMETOOLONG})
        CHECK(write_error_kind(number) == ErrorKind::Output);
    for (const int number : {ENOENT, EACCES, EPERM, ENOTDIR, ELOOP})
        CHECK(read_error_kind(number) == ErrorKind::Input);
}

TEST_CASE("a machine that is out of descriptors or memory does not make a bad frame of a good one") {
    CHECK(read_error_kind(EMFILE) == ErrorKind::Temporary);
    CHECK(read_error_kind(ENFILE) == ErrorKind::Temporary);
    CHECK(read_error_kind(ENOMEM) == ErrorKind::OutOfMemory);
    CHECK(write_error_kind(ENOMEM) == ErrorKind::OutOfMemory);
}

TEST_CASE("the message says what failed, why, and what to do") {
    CHECK(write_error("write", ENOSPC).message() ==
          "cannot write the file: No space left on device; free space and run the same command again");
    CHECK(read_error("open", ENOENT).message() == "cannot open the file: No such file or directory");
}

TEST_CASE("folders are made with those above them, and what is there stays") {
    const tests::TempFolder folder;
    make_folder(folder / "a/b/c");
    make_folder(folder / "a/b/c/");
    CHECK(fs::is_directory(folder / "a/b/c"));
    make_folder("");
    std::ofstream(folder / "file") << "x";
    CHECK(kind_of([&] { make_folder(folder / "file"); }) == ErrorKind::Output);
    CHECK(kind_of([&] { make_folder(folder / "file/below"); }) == ErrorKind::Output);
    CHECK(kind_of([&] { make_folder(folder / std::string(300, 'x')); }) == ErrorKind::Output);
}

TEST_CASE("a file to be read that is missing, a folder or a pipe is an input error at once") {
    const tests::TempFolder folder;
    CHECK(kind_of([&] { read_text(folder / "absent", 10); }) == ErrorKind::Input);
    CHECK(kind_of([&] { read_text(folder.path(), 10); }) == ErrorKind::Input);
    REQUIRE(mkfifo((folder / "pipe").c_str(), 0600) == 0);
    CHECK(kind_of([&] { read_text(folder / "pipe", 10); }) == ErrorKind::Input);
}

}  // namespace wetgate

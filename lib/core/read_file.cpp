#include "core/read_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "core/retry.h"
#include "core/system_error.h"

namespace wetgate {
namespace {

ErrorContext at(const std::filesystem::path& path) {
    return {.file = path.string(), .shot = {}, .frame = {}};
}

}  // namespace

Entry entry_at(const std::filesystem::path& path) {
    return with_retries(default_io_retries, [&] {
        struct stat status {};
        if (::stat(path.c_str(), &status) == 0) return S_ISREG(status.st_mode) ? Entry::File : Entry::Other;
        if (errno == ENOENT || errno == ENOTDIR) return Entry::Nothing;
        if (read_error_kind(errno) == ErrorKind::Temporary) throw read_error("look at", errno, at(path));
        return Entry::Other;
    });
}

ReadFile::ReadFile(std::filesystem::path path) : path_(std::move(path)) {
    fd_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a pipe must not hang the render
    if (fd_ < 0) throw read_error("open", errno, at(path_));
    struct stat status {};
    const int looked = ::fstat(fd_, &status);
    const int look_error = errno;
    if (looked == 0 && S_ISREG(status.st_mode)) {
        size_ = status.st_size;
        return;
    }
    ::close(fd_);
    if (looked != 0) throw read_error("look at", look_error, at(path_));
    throw Error(ErrorKind::Input, "is not a file", at(path_));
}

ReadFile::~ReadFile() {
    ::close(fd_);
}

void ReadFile::read(std::span<std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t got = ::pread(fd_, bytes.data(), bytes.size(), offset_);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) throw read_error("read", errno, at(path_));
        if (got == 0) throw Error(ErrorKind::Input, "became shorter while it was read", at(path_));
        offset_ += got;
        bytes = bytes.subspan(static_cast<std::size_t>(got));
    }
}

}  // namespace wetgate

#include "media/exr_bytes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "core/system_error.h"

namespace wetgate::media::exr {
namespace {

[[noreturn]] void fail(const char* step, int error_number) {
    if (error_number == ENOENT || error_number == ENOTDIR) throw Error(ErrorKind::Input, "is missing");
    throw Error(read_error_kind(error_number),
                std::string("cannot be ") + step + ": " + describe_error(error_number));
}

}  // namespace

ByteSource::ByteSource(const std::filesystem::path& file) {
    fd_ = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // a pipe must not hang the render
    if (fd_ < 0) fail("opened", errno);
    struct stat status {};
    const int looked = ::fstat(fd_, &status);
    const int look_error = errno;
    if (looked == 0 && S_ISREG(status.st_mode)) {
        size_ = status.st_size;
        return;
    }
    ::close(fd_);
    if (looked != 0) fail("looked at", look_error);
    throw Error(ErrorKind::Input, "is not a file");
}

ByteSource::ByteSource(std::vector<std::byte> bytes)
    : size_(static_cast<std::int64_t>(bytes.size())), loaded_(std::move(bytes)) {}

ByteSource::~ByteSource() {
    if (fd_ >= 0) ::close(fd_);
}

void ByteSource::load(std::int64_t end) {
    const auto held = static_cast<std::int64_t>(loaded_.size());
    if (end <= held) return;
    const std::int64_t step = std::max<std::int64_t>(std::int64_t{64} << 10, held);
    std::int64_t target = std::min(size_, std::max(end, held + step));
    loaded_.resize(static_cast<std::size_t>(target));
    std::int64_t at = held;
    while (at < target) {
        const ssize_t got = ::pread(fd_, loaded_.data() + at, static_cast<std::size_t>(target - at), at);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) fail("read", errno);
        if (got == 0) throw Error(ErrorKind::Input, "became shorter while it was read");
        at += got;
    }
}

std::span<const std::byte> ByteSource::at(std::int64_t offset, std::int64_t count, std::string_view what) {
    if (offset < 0 || count < 0 || offset > size_ || count > size_ - offset) {
        throw Error(ErrorKind::Input, "is truncated or damaged: " + std::string(what) +
                                          " would reach past the end of the file (" + std::to_string(size_) +
                                          " bytes)");
    }
    load(offset + count);
    return std::span(loaded_).subspan(static_cast<std::size_t>(offset), static_cast<std::size_t>(count));
}

std::span<const std::byte> ByteSource::all() {
    load(size_);
    return loaded_;
}

std::span<const std::byte> Cursor::bytes(std::int64_t count) {
    const auto result = source_.at(offset_, count, what_);
    offset_ += count;
    return result;
}

std::string Cursor::text(std::size_t limit) {
    std::string result;
    for (;;) {
        const auto c = value<char>();
        if (c == '\0') return result;
        if (result.size() == limit) {
            throw Error(ErrorKind::Input, "is damaged: a name in " + std::string(what_) + " is longer than " +
                                              std::to_string(limit) + " characters");
        }
        result.push_back(c);
    }
}

void append_bytes(std::vector<std::byte>& bytes, std::span<const std::byte> more) {
    bytes.insert(bytes.end(), more.begin(), more.end());
}

void append_text(std::vector<std::byte>& bytes, std::string_view text) {
    append_bytes(bytes, std::as_bytes(std::span(text.data(), text.size())));
    bytes.push_back(std::byte{0});
}

}  // namespace wetgate::media::exr

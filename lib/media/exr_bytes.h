#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace wetgate::media::exr {

static_assert(std::endian::native == std::endian::little,
              "EXR is little-endian and so are the machines it is read on");

/// The bytes of a file, read from its front on demand and kept: what was checked is what is decoded, even if
/// somebody writes to the file meanwhile. Also wraps bytes that are in memory already.
///
/// Errors: Error{Input} for a missing file or reads past its end, Error{Temporary} for ESTALE, EIO,
/// ETIMEDOUT.
class ByteSource {
public:
    explicit ByteSource(const std::filesystem::path& file);
    explicit ByteSource(std::vector<std::byte> bytes);
    ~ByteSource();
    ByteSource(const ByteSource&) = delete;
    ByteSource& operator=(const ByteSource&) = delete;

    std::int64_t size() const { return size_; }
    /// `count` bytes at `offset`, valid until the next call. `what` is for the message: "the chunk table".
    std::span<const std::byte> at(std::int64_t offset, std::int64_t count, std::string_view what);
    /// The whole file.
    std::span<const std::byte> all();

private:
    void load(std::int64_t end);

    int fd_ = -1;
    std::int64_t size_ = 0;
    std::vector<std::byte> loaded_;
};

/// Reads forward through a ByteSource.
class Cursor {
public:
    Cursor(ByteSource& source, std::int64_t offset, std::string_view what)
        : source_(source), offset_(offset), what_(what) {}

    template <class T>
    T value() {
        T result;
        std::memcpy(&result, bytes(static_cast<std::int64_t>(sizeof(T))).data(), sizeof(T));
        return result;
    }
    std::span<const std::byte> bytes(std::int64_t count);
    /// A zero-terminated string of at most `limit` characters.
    std::string text(std::size_t limit);
    std::int64_t offset() const { return offset_; }

private:
    ByteSource& source_;
    std::int64_t offset_;
    std::string_view what_;
};

template <class T>
T value_at(std::span<const std::byte> bytes, std::size_t offset) {
    T result;
    std::memcpy(&result, bytes.subspan(offset, sizeof(T)).data(), sizeof(T));
    return result;
}

void append_bytes(std::vector<std::byte>& bytes, std::span<const std::byte> more);

template <class T>
void append(std::vector<std::byte>& bytes, const T& value) {
    append_bytes(bytes, std::as_bytes(std::span(&value, 1)));
}

/// With the terminating zero.
void append_text(std::vector<std::byte>& bytes, std::string_view text);

}  // namespace wetgate::media::exr

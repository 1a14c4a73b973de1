#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

namespace wetgate {

/// What lies under a name, links followed.
enum class Entry : std::uint8_t { Nothing, File, Other };

/// Asks again after a transient fault: "not there" is not said for "cannot tell". Other where that cannot be
/// told for good (a folder that may not be entered): opening it says why. Error{Temporary}.
Entry entry_at(const std::filesystem::path& path);

/// A regular file, read from its start to its end. For one thread.
///
/// Errors, with the file's name: Error{Input} for one that is missing, refused, no regular file or shorter
/// than it was when it was opened; Error{Temporary} for the faults of network file systems (system_error.h).
class ReadFile {
public:
    explicit ReadFile(std::filesystem::path path);
    ~ReadFile();
    ReadFile(const ReadFile&) = delete;
    ReadFile& operator=(const ReadFile&) = delete;

    /// As it was when the file was opened; what grows behind it is not read.
    std::int64_t size() const { return size_; }
    std::int64_t left() const { return size_ - offset_; }
    /// Fills all of `bytes`, at most left().
    void read(std::span<std::byte> bytes);

private:
    std::filesystem::path path_;
    int fd_ = -1;
    std::int64_t size_ = 0;
    std::int64_t offset_ = 0;
};

}  // namespace wetgate

#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "core/retry.h"

namespace wetgate {

/// A file that appears under its name only when whole: hidden temp in the same folder, fsync, size check,
/// checked close, rename, fsync of the folder. If commit() is not reached, nothing is left. Writes and seeks
/// are for one thread.
///
/// Errors: Error{Output} (ENOSPC, EDQUOT, EROFS, EACCES ...), Error{Temporary} (ESTALE, EIO, ETIMEDOUT ...;
/// see system_error.h; also when someone removed the temp).
class AtomicFile {
public:
    explicit AtomicFile(std::filesystem::path final_path);
    ~AtomicFile();
    AtomicFile(const AtomicFile&) = delete;
    AtomicFile& operator=(const AtomicFile&) = delete;

    void write(std::span<const std::byte> bytes);
    void seek(std::int64_t offset);
    std::int64_t tell() const { return offset_; }
    std::int64_t size() const { return size_; }
    void commit();

    /// The hidden name that the bytes have until commit(): for libraries that insist on opening by path.
    const std::filesystem::path& temp_path() const { return temp_path_; }
    /// Takes the size from the file system, after a library wrote temp_path() itself.
    void adopt_external_writes();

private:
    [[noreturn]] void fail(const char* step, int error_number) const;

    std::filesystem::path final_path_;
    std::filesystem::path temp_path_;
    int fd_ = -1;
    std::int64_t offset_ = 0;
    std::int64_t size_ = 0;
};

/// Writes `bytes` as `path`, atomically; again after Error{Temporary}, at most `retries` times.
void write_atomic(const std::filesystem::path& path, std::span<const std::byte> bytes,
                  int retries = default_io_retries);
void write_atomic(const std::filesystem::path& path, std::string_view text, int retries = default_io_retries);

/// Reads a whole file of at most `limit_bytes`; again after Error{Temporary}, at most `retries` times.
/// Error{Input} when it is missing, unreadable or larger.
std::string read_text(const std::filesystem::path& path, std::int64_t limit_bytes,
                      int retries = default_io_retries);

/// Unlinks the temps of this process that are still open, and lets no thread open another.
/// Async-signal-unsafe; for the signal thread's last resort.
void unlink_live_temps();

}  // namespace wetgate

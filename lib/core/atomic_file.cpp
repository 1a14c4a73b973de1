#include "core/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <mutex>
#include <set>

#include "core/read_file.h"
#include "core/system_error.h"
#include "core/temp_files.h"

namespace wetgate {
namespace {

namespace fs = std::filesystem;

// The temps that this process has open. A process-wide fact (the signal thread must find them), so
// process-wide state.
class LiveTemps {
public:
    /// False when the process ends: then no temp may come into being.
    bool add(const fs::path& path) {
        const std::lock_guard lock(mutex_);
        if (!ended_) paths_.insert(path.string());
        return !ended_;
    }
    void remove(const fs::path& path) {
        const std::lock_guard lock(mutex_);
        paths_.erase(path.string());
    }
    bool has_ended() {
        const std::lock_guard lock(mutex_);
        return ended_;
    }
    void end() {
        const std::lock_guard lock(mutex_);
        ended_ = true;
        for (const std::string& path : paths_) ::unlink(path.c_str());
    }

private:
    std::mutex mutex_;
    std::set<std::string> paths_;
    bool ended_ = false;
};
LiveTemps& live_temps() {
    static LiveTemps temps;
    return temps;
}

fs::path folder_of(const fs::path& path) {
    const fs::path folder = path.parent_path();
    return folder.empty() ? fs::path(".") : folder;
}

}  // namespace

AtomicFile::AtomicFile(fs::path final_path)
    : final_path_(std::move(final_path)), temp_path_(temp_path_for(final_path_)) {
    if (!live_temps().add(temp_path_)) throw Error(ErrorKind::Cancelled, "the process ends");
    fd_ = ::open(temp_path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (fd_ < 0) {
        const int error_number = errno;
        live_temps().remove(temp_path_);
        fail("create a temporary file for", error_number);
    }
    if (live_temps().has_ended()) ::unlink(temp_path_.c_str());  // it came just after the others had gone
}

AtomicFile::~AtomicFile() {
    if (fd_ >= 0) ::close(fd_);
    if (temp_path_.empty()) return;
    ::unlink(temp_path_.c_str());
    live_temps().remove(temp_path_);
}

void AtomicFile::fail(const char* step, int error_number) const {
    const ErrorContext where{.file = final_path_.string(), .shot = {}, .frame = {}};
    const Error error = write_error(step, error_number, where);
    if (error_number != ENOENT) throw error;
    std::error_code ignored;
    if (!fs::is_directory(folder_of(final_path_), ignored))
        throw Error(error.kind(), error.message() + "; the folder does not exist", where);
    throw Error(ErrorKind::Temporary, error.message() + "; someone removed its temporary file", where);
}

void AtomicFile::write(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::pwrite(fd_, bytes.data(), bytes.size(), offset_);
        if (written < 0) {
            if (errno == EINTR) continue;
            fail("write", errno);
        }
        if (written == 0) fail("write", EIO);
        offset_ += written;
        size_ = std::max(size_, offset_);
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
}

void AtomicFile::seek(std::int64_t offset) {
    if (offset < 0) fail("seek in", EINVAL);
    offset_ = offset;
}

void AtomicFile::adopt_external_writes() {
    struct stat status {};
    if (::stat(temp_path_.c_str(), &status) != 0) fail("look at", errno);
    // A library may have replaced the file by one of its own: commit what carries the name now.
    ::close(fd_);
    fd_ = ::open(temp_path_.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd_ < 0) fail("open", errno);
    size_ = status.st_size;
}

void AtomicFile::commit() {
    if (::fsync(fd_) != 0)
        fail("flush", errno);  // never retried on the same descriptor: the pages may be gone
    struct stat status {};
    if (::fstat(fd_, &status) != 0) fail("look at", errno);
    if (status.st_size != size_) fail("write all of", EIO);
    const int closed = ::close(fd_);  // NFS reports late write errors here
    const int close_error = errno;
    fd_ = -1;
    if (closed != 0) fail("close", close_error);
    if (::rename(temp_path_.c_str(), final_path_.c_str()) != 0) fail("rename", errno);
    live_temps().remove(temp_path_);
    temp_path_.clear();

    const int folder = ::open(folder_of(final_path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) fail("open the folder of", errno);
    const int synced = ::fsync(folder);
    const int sync_error = errno;
    ::close(folder);
    if (synced != 0 && sync_error != EINVAL) fail("flush the folder of", sync_error);
}

void write_atomic(const fs::path& path, std::span<const std::byte> bytes, int retries) {
    with_retries(retries, [&] {
        AtomicFile file(path);
        file.write(bytes);
        file.commit();
    });
}

void write_atomic(const fs::path& path, std::string_view text, int retries) {
    write_atomic(path, std::as_bytes(std::span(text.data(), text.size())), retries);
}

std::string read_text(const fs::path& path, std::int64_t limit_bytes, int retries) {
    return with_retries(retries, [&] {
        ReadFile file(path);
        if (file.size() > limit_bytes) {
            throw Error(ErrorKind::Input,
                        "is " + std::to_string(file.size()) + " bytes; at most " +
                            std::to_string(limit_bytes) + " are read",
                        {.file = path.string(), .shot = {}, .frame = {}});
        }
        std::string text(static_cast<std::size_t>(file.size()), '\0');
        file.read(std::as_writable_bytes(std::span(text)));
        return text;
    });
}

void unlink_live_temps() {
    live_temps().end();
}

}  // namespace wetgate

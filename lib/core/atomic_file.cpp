#include "core/atomic_file.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <mutex>
#include <set>
#include <system_error>

#include "core/error.h"

namespace wetgate {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view temp_suffix = ".part";

std::string host_name() {
    std::array<char, 256> name{};
    if (gethostname(name.data(), name.size() - 1) != 0) return "host";
    for (char& c : name) {
        if (c == '/' || c == '.') c = '-';
    }
    return name.data();
}

// The temps that this process has open. A process-wide fact (the signal thread must find them), so
// process-wide state.
struct LiveTemps {
    std::mutex mutex;
    std::set<std::string> paths;
};
LiveTemps& live_temps() {
    static LiveTemps temps;
    return temps;
}

fs::path temp_name_for(const fs::path& final_path) {
    static std::atomic<unsigned> counter{0};
    // ".NAME.HOST.PID.N.part": hidden, and never matched by *.exr.
    const std::string name = "." + final_path.filename().string() + "." + host_name() + "." +
                             std::to_string(getpid()) + "." + std::to_string(counter++) +
                             std::string(temp_suffix);
    return final_path.parent_path() / name;
}

fs::path folder_of(const fs::path& path) {
    const fs::path folder = path.parent_path();
    return folder.empty() ? fs::path(".") : folder;
}

bool is_transient(int error_number) {
    return error_number == ESTALE || error_number == EIO || error_number == ETIMEDOUT;
}

}  // namespace

AtomicFile::AtomicFile(fs::path final_path)
    : final_path_(std::move(final_path)), temp_path_(temp_name_for(final_path_)) {
    {
        LiveTemps& temps = live_temps();
        const std::lock_guard lock(temps.mutex);
        temps.paths.insert(temp_path_.string());
    }
    fd_ = ::open(temp_path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (fd_ < 0) {
        const int error_number = errno;
        const std::lock_guard lock(live_temps().mutex);
        live_temps().paths.erase(temp_path_.string());
        fail("create a temporary file for", error_number);
    }
}

AtomicFile::~AtomicFile() {
    if (fd_ >= 0) ::close(fd_);
    if (!temp_path_.empty()) ::unlink(temp_path_.c_str());
    const std::lock_guard lock(live_temps().mutex);
    live_temps().paths.erase(temp_path_.string());
}

void AtomicFile::fail(const char* step, int error_number) const {
    const ErrorKind kind = is_transient(error_number) ? ErrorKind::Temporary : ErrorKind::Output;
    std::string advice;
    if (error_number == ENOSPC || error_number == EDQUOT)
        advice = "; free space and run the same command again";
    if (error_number == EACCES || error_number == EROFS) advice = "; check the folder's permissions";
    if (error_number == ENOENT) advice = "; the folder does not exist";
    throw Error(kind,
                std::string("cannot ") + step +
                    " the file: " + std::generic_category().message(error_number) + advice,
                {.file = final_path_.string(), .shot = {}, .frame = {}});
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
    {
        const std::lock_guard lock(live_temps().mutex);
        live_temps().paths.erase(temp_path_.string());
    }
    temp_path_.clear();

    const int folder = ::open(folder_of(final_path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) fail("open the folder of", errno);
    const int synced = ::fsync(folder);
    const int sync_error = errno;
    ::close(folder);
    if (synced != 0 && sync_error != EINVAL) fail("flush the folder of", sync_error);
}

void write_atomic(const fs::path& path, std::span<const std::byte> bytes) {
    AtomicFile file(path);
    file.write(bytes);
    file.commit();
}

void write_atomic(const fs::path& path, std::string_view text) {
    write_atomic(path, std::as_bytes(std::span(text.data(), text.size())));
}

std::string read_text(const fs::path& path, std::int64_t limit_bytes) {
    const ErrorContext context{.file = path.string(), .shot = {}, .frame = {}};
    std::error_code problem;
    if (!fs::is_regular_file(path, problem)) {
        throw Error(ErrorKind::Input, problem ? problem.message() : "is not a file", context);
    }
    const auto size = fs::file_size(path, problem);
    if (problem) throw Error(ErrorKind::Input, problem.message(), context);
    if (size > static_cast<std::uintmax_t>(limit_bytes)) {
        throw Error(
            ErrorKind::Input,
            "is " + std::to_string(size) + " bytes; at most " + std::to_string(limit_bytes) + " are read",
            context);
    }
    std::ifstream stream(path, std::ios::binary);
    std::string text(size, '\0');
    stream.read(text.data(), static_cast<std::streamsize>(size));
    if (!stream) throw Error(ErrorKind::Input, "cannot be read", context);
    return text;
}

void unlink_live_temps() {
    LiveTemps& temps = live_temps();
    const std::lock_guard lock(temps.mutex);
    for (const std::string& path : temps.paths) ::unlink(path.c_str());
}

void remove_orphan_temps(const fs::path& folder) {
    std::error_code ignored;
    const std::string host = "." + host_name() + ".";
    for (const auto& entry : fs::directory_iterator(folder, ignored)) {
        const std::string name = entry.path().filename().string();
        if (name.size() < temp_suffix.size() || name[0] != '.' || !name.ends_with(temp_suffix)) continue;
        const std::size_t at = name.rfind(host);
        if (at == std::string::npos) continue;
        const char* begin = name.data() + at + host.size();
        pid_t pid = 0;
        const auto [end, error] = std::from_chars(begin, name.data() + name.size(), pid);
        if (error != std::errc() || *end != '.' || pid <= 0) continue;
        if (::kill(pid, 0) != 0 && errno == ESRCH) fs::remove(entry.path(), ignored);
    }
}

}  // namespace wetgate

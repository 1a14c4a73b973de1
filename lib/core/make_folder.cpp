#include "core/make_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "core/system_error.h"

namespace wetgate {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& folder, int error_number) {
    throw Error(write_error_kind(error_number), "cannot make the folder: " + describe_error(error_number),
                {.file = folder.string(), .shot = {}, .frame = {}});
}

// A folder's name is in the folder above it; without this, a power cut takes the new folder and all in it.
void flush(const fs::path& folder) {
    const int fd = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return;  // one that may be written but not read
    ::fsync(fd);
    ::close(fd);
}

}  // namespace

void make_folder(const fs::path& folder) {
    struct stat status {};
    if (folder.empty()) return;
    if (::stat(folder.c_str(), &status) == 0) {
        if (!S_ISDIR(status.st_mode)) fail(folder, ENOTDIR);
        return;
    }
    if (errno != ENOENT) fail(folder, errno);
    const fs::path above = folder.parent_path();
    if (above != folder) make_folder(above);
    constexpr mode_t as_the_umask_says = 0777;
    if (::mkdir(folder.c_str(), as_the_umask_says) == 0) return flush(above);
    const int error_number = errno;
    // Another process may have made it meanwhile.
    if (error_number != EEXIST || ::stat(folder.c_str(), &status) != 0 || !S_ISDIR(status.st_mode))
        fail(folder, error_number);
}

}  // namespace wetgate

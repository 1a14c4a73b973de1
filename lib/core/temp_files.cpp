#include "core/temp_files.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>

#include "core/hash.h"

namespace wetgate {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view temp_suffix = ".part";
constexpr std::size_t kernel_digits = 8;
constexpr std::size_t longest_name_bytes = 255;  // NAME_MAX of every file system that matters
constexpr std::chrono::hours foreign_lease{12};

std::string this_host() {
    std::array<char, 65> name{};
    std::string host = gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "host";
    for (char& c : host) {
        if (c == '/' || c == '.') c = '-';
    }
    std::string boot;
    std::ifstream("/proc/sys/kernel/random/boot_id") >> boot;
    std::array<char, 64> numbers{};  // "pid:[4026531836]"
    if (::readlink("/proc/self/ns/pid", numbers.data(), numbers.size() - 1) < 0) numbers[0] = '\0';
    return host + "-" + content_hash(boot + " " + numbers.data()).substr(0, kernel_digits);
}

struct ProcessState {
    char state = '?';
    std::string start;  ///< ticks since boot
};

/// nullopt where /proc does not show the process.
std::optional<ProcessState> look_at_process(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string line;
    if (!std::getline(file, line)) return std::nullopt;
    // The program's name may hold spaces and brackets; what follows the last one does not.
    const std::size_t name_end = line.rfind(')');
    if (name_end == std::string::npos) return std::nullopt;
    ProcessState found;
    std::size_t at = name_end + 2;
    constexpr int state_field = 3, start_field = 22;
    for (int field = state_field; field <= start_field && at < line.size(); ++field) {
        const std::size_t end = std::min(line.find(' ', at), line.size());
        if (field == state_field) found.state = line[at];
        if (field == start_field) found.start = line.substr(at, end - at);
        at = end + 1;
    }
    return found;
}

bool is_number(std::string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

struct TempOwner {
    std::string host;
    pid_t pid = 0;
    std::string start;
};

/// Who made a temp; nullopt for a name that is none of ours.
std::optional<TempOwner> owner_of(std::string_view name) {
    if (!name.starts_with('.') || !name.ends_with(temp_suffix)) return std::nullopt;
    name.remove_suffix(temp_suffix.size());
    const auto take_last = [&name]() -> std::string_view {
        const std::size_t dot = name.rfind('.');
        const std::string_view last = name.substr(dot == std::string_view::npos ? 0 : dot + 1);
        name.remove_suffix(std::min(name.size(), last.size() + 1));
        return last;
    };
    const std::string_view count = take_last(), process = take_last(), host = take_last();
    const std::size_t dash = process.find('-');
    if (name.empty() || !is_number(count) || dash == std::string_view::npos) return std::nullopt;
    TempOwner owner{std::string(host), 0, std::string(process.substr(dash + 1))};
    const std::string_view pid = process.substr(0, dash);
    if (!is_number(pid) || !is_number(owner.start)) return std::nullopt;
    if (std::from_chars(pid.data(), pid.data() + pid.size(), owner.pid).ec != std::errc() || owner.pid <= 0)
        return std::nullopt;
    const std::size_t kernel = host.rfind('-');
    if (kernel == std::string_view::npos || host.size() - kernel - 1 != kernel_digits) return std::nullopt;
    return owner;
}

bool is_dead(const TempOwner& owner) {
    if (::kill(owner.pid, 0) != 0 && errno == ESRCH) return true;
    const auto process = look_at_process(owner.pid);
    if (!process) return false;
    const bool ended = process->state == 'Z' || process->state == 'X';  // killed, and nobody has asked yet
    const bool is_another = owner.start != "0" && !process->start.empty() && process->start != owner.start;
    return ended || is_another;
}

/// The time of the file system that holds `folder`; nullopt where no file can be made there.
std::optional<timespec> time_in(const fs::path& folder) {
    const fs::path probe = temp_path_for(folder / "time");
    const int fd = ::open(probe.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return std::nullopt;
    struct stat status {};
    const bool looked = ::fstat(fd, &status) == 0;
    ::close(fd);
    ::unlink(probe.c_str());
    if (!looked) return std::nullopt;
    return status.st_mtim;
}

}  // namespace

fs::path temp_path_for(const fs::path& final_path) {
    static const std::string host = this_host();
    static std::atomic<unsigned> counter{0};
    const pid_t pid = getpid();  // asked anew: a child process is another owner
    const auto self = look_at_process(pid);
    const std::string end = "." + host + "." + std::to_string(pid) + "-" +
                            (self && is_number(self->start) ? self->start : "0") + "." +
                            std::to_string(counter++) + std::string(temp_suffix);
    std::string name = final_path.filename().string();
    name.resize(std::min(name.size(), longest_name_bytes - 1 - end.size()));
    return final_path.parent_path() / ("." + name + end);
}

void remove_orphan_temps(const fs::path& folder) {
    const std::string host = this_host();
    std::optional<timespec> now;
    const auto is_abandoned = [&](const fs::path& temp) {
        struct stat status {};
        if (::lstat(temp.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return false;
        if (!now) now = time_in(folder);
        return now && now->tv_sec - status.st_mtim.tv_sec > std::chrono::seconds(foreign_lease).count();
    };
    std::error_code problem;
    fs::directory_iterator entry(folder, problem);
    for (; !problem && entry != fs::directory_iterator(); entry.increment(problem)) {
        const auto owner = owner_of(entry->path().filename().string());
        if (!owner) continue;
        if (owner->host == host ? is_dead(*owner) : is_abandoned(entry->path()))
            ::unlink(entry->path().c_str());
    }
}

}  // namespace wetgate

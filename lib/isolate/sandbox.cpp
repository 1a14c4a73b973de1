#include "isolate/sandbox.h"

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace wetgate::isolate {
namespace {

// Landlock's interface, which is newer than the headers of some systems that wetgate is built on
// (Documentation/userspace-api/landlock.rst).
constexpr long landlock_create_ruleset = 444, landlock_restrict_self = 446;
constexpr unsigned version_query = 1;

struct Ruleset {
    std::uint64_t files = 0;    ///< from version 1 on
    std::uint64_t network = 0;  ///< from 4 on
    std::uint64_t scopes = 0;   ///< from 6 on
};

constexpr std::uint64_t bits(unsigned first, unsigned last) {
    return (std::uint64_t{2} << last) - (std::uint64_t{1} << first);
}

// Everything of a version that changes a file or reaches out of the process. No rule allows any of it.
std::size_t fill(Ruleset& rules, long version) {
    constexpr std::uint64_t write_file = std::uint64_t{1} << 1;
    rules.files = write_file | bits(4, 12);         // remove, make
    if (version >= 2) rules.files |= bits(13, 13);  // link or rename elsewhere
    if (version >= 3) rules.files |= bits(14, 14);  // truncate
    if (version >= 4) rules.network = bits(0, 1);   // bind, connect
    if (version >= 5) rules.files |= bits(15, 15);  // ioctl of devices
    if (version >= 6) rules.scopes = bits(0, 1);    // abstract sockets, signals
    return sizeof(std::uint64_t) * (version >= 6 ? 3 : version >= 4 ? 2 : 1);
}

bool restrict_files() {
    const long version = ::syscall(landlock_create_ruleset, nullptr, 0, version_query);
    if (version < 1) return false;
    Ruleset rules;
    const std::size_t size = fill(rules, version);
    const auto ruleset = static_cast<int>(::syscall(landlock_create_ruleset, &rules, size, 0));
    if (ruleset < 0) return false;
    const bool is_restricted = ::syscall(landlock_restrict_self, ruleset, 0) == 0;
    ::close(ruleset);
    return is_restricted;
}

}  // namespace

std::vector<std::string> lock_in() {
    std::vector<std::string> missing;
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) missing.emplace_back("no_new_privs");
    if (!restrict_files()) missing.emplace_back("Landlock (files can be removed and made, not written)");
    if (!filter_system_calls()) missing.emplace_back("seccomp (the network is open)");
    return missing;
}

}  // namespace wetgate::isolate

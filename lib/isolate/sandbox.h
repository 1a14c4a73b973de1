#pragma once
#include <string>
#include <vector>

namespace wetgate::isolate {

/// Locks the calling process in, for good: no new privileges, no change to any file, no network, no other
/// program, no look into other processes. Reading files goes on. Returns what this kernel could not be
/// brought to forbid, for the log; the rest holds.
std::vector<std::string> lock_in();

/// The system call filter among them. False where the kernel has none.
bool filter_system_calls();

}  // namespace wetgate::isolate

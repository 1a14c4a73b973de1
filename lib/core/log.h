#pragma once
#include <functional>
#include <string_view>

namespace wetgate {

enum class LogLevel { Debug, Info, Warning, Error };

/// Where a module says what a person may want to know. A value that is passed down, never a global.
/// `cmd` makes one that writes to stderr (and a JSON file); tests make one that collects.
using Log = std::function<void(LogLevel, std::string_view)>;

/// A log that says nothing.
inline Log silent_log() {
    return [](LogLevel, std::string_view) {};
}

}  // namespace wetgate

#pragma once
#include <cstdlib>
#include <optional>
#include <string>

namespace wetgate {

/// A variable of the process's environment; nothing where it is not there, which is not the same as empty.
inline std::optional<std::string> environment_variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

}  // namespace wetgate

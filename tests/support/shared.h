#pragma once
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

namespace wetgate::tests {

/// The folder of licensed footage beside the checkout, where there is one. A test without it prints why it
/// skips:
///     const auto clips = shared("footage/clips");
///     if (!clips) { MESSAGE("skipped: no ../shared/footage/clips here"); return; }
inline std::optional<std::filesystem::path> shared(const std::string& path) {
    const char* root = std::getenv("WETGATE_SHARED");
    if (root == nullptr) return std::nullopt;
    const std::filesystem::path found = std::filesystem::path(root) / path;
    if (!std::filesystem::exists(found)) return std::nullopt;
    return found;
}

}  // namespace wetgate::tests

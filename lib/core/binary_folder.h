#pragma once
#include <filesystem>

namespace wetgate {

/// Where the running binary lies: its engine and its models are found beside it.
inline std::filesystem::path binary_folder() {
    return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}

}  // namespace wetgate

#pragma once
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <vector>

namespace wetgate::tests {

inline void save(const std::filesystem::path& file, const std::vector<std::byte>& bytes) {
    std::ofstream stream(file, std::ios::binary);
    stream.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace wetgate::tests

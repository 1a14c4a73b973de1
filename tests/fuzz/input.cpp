#include "fuzz/input.h"

#include <stdlib.h>
#include <unistd.h>

#include <fstream>

namespace wetgate::fuzz {
namespace {

namespace fs = std::filesystem;

/// One folder a process: a child of a fork makes its own.
fs::path own_folder() {
    const fs::path root = fs::exists("/dev/shm") ? fs::path("/dev/shm") : fs::temp_directory_path();
    return root / ("wetgate_fuzz_" + std::to_string(::getpid()));
}

}  // namespace

InputFile::InputFile(const std::string& name, std::span<const std::byte> bytes) : path_(own_folder() / name) {
    fs::create_directories(path_.parent_path());
    std::ofstream stream(path_, std::ios::binary | std::ios::trunc);
    stream.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    stream.close();
    require(!stream.fail(), "the input's file can be written");
}

InputFile::~InputFile() {
    std::error_code ignored;
    fs::remove_all(path_.parent_path(), ignored);
}

}  // namespace wetgate::fuzz

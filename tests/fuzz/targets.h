#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

namespace wetgate::fuzz {

struct Target {
    const char* name;
    int (*run)(const std::uint8_t* data, std::size_t size);
};

/// Every target of this build, by name.
std::span<const Target> targets();

}  // namespace wetgate::fuzz

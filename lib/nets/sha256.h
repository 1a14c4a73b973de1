#pragma once
#include <cstddef>
#include <span>
#include <string>

namespace wetgate::nets {

/// SHA-256 (FIPS 180-4) of `bytes`, 64 lower-case hex digits: identity of what others made (weights,
/// scripts), where wetgate::content_hash() is no defence.
std::string sha256(std::span<const std::byte> bytes);

}  // namespace wetgate::nets

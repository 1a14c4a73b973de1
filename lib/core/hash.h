#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace wetgate {

/// XXH3-128 of `bytes`, 32 lower-case hex digits: identity of our own files and keys (not a defence against
/// an attacker).
std::string content_hash(std::span<const std::byte> bytes);
std::string content_hash(std::string_view text);

}  // namespace wetgate

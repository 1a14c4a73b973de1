#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wetgate {

/// Bytes as text and back (RFC 4648, section 4, padded).
std::string to_base64(const std::vector<std::uint8_t>& bytes);
/// nullopt for text that is none: cut, or with a foreign letter.
std::optional<std::vector<std::uint8_t>> from_base64(std::string_view text);

}  // namespace wetgate

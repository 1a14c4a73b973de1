#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace wetgate::conform {

/// `text` on one line for people and JSON: control characters (also of UTF-8's C1 block) become blanks,
/// broken UTF-8 is taken for Latin-1, blanks at both ends go, at most 512 bytes stay.
std::string clean_text(std::string_view text);

/// As much of the front of UTF-8 `text` as fits into `most` bytes, in whole characters.
std::string_view cut_at(std::string_view text, std::size_t most);

/// Whether `text` is UTF-8 without control characters: what JSON can hold as it is.
bool is_plain_utf8(std::string_view text);

std::string lower(std::string_view text);
std::string_view trimmed(std::string_view text);
/// Parts between blanks and tabs.
std::vector<std::string_view> words_of(std::string_view line);

/// Letters a-z A-Z, digits, '.', '_' and '-' stay; runs of anything else become one '_'. Never empty, "." or
/// "..": then `fallback`. At most 100 bytes.
std::string legal_name(std::string_view text, std::string_view fallback);

/// What is behind the last slash of either kind.
std::string_view base_name(std::string_view path);
/// Without an extension that a picture or movie file has; other dots belong to the name.
std::string_view without_media_extension(std::string_view name);
/// ".exr", ".mov" ... that media are looked for under, lower case.
bool is_media_extension(std::string_view extension);
bool is_sequence_extension(std::string_view extension);

}  // namespace wetgate::conform

#include "conform/text.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace wetgate::conform {
namespace {

constexpr std::size_t most_text = 512;
constexpr std::size_t most_name = 100;

constexpr std::array<std::string_view, 8> sequence_extensions = {".exr",  ".dpx", ".cin", ".tif",
                                                                 ".tiff", ".png", ".jpg", ".jpeg"};
constexpr std::array<std::string_view, 14> movie_extensions = {".mov", ".mp4",  ".m4v",  ".mxf", ".mkv",
                                                               ".avi", ".ts",   ".m2ts", ".mts", ".264",
                                                               ".265", ".h264", ".hevc", ".webm"};

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/// Bytes of the UTF-8 character at `at`; 0 where there is none. Overlong forms, surrogates and code points
/// past U+10FFFF count as none.
std::size_t utf8_length(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(at);
    if (first < 0x80) return 1;
    const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || at + length > text.size()) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(at + i) & 0xC0) != 0x80) return 0;
    }
    const unsigned char second = byte(at + 1);
    if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ||
        (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F)) {
        return 0;
    }
    return length;
}

/// For a character of `length` bytes at `at`: also the C1 block, U+0080 to U+009F.
bool is_control(std::string_view text, std::size_t at, std::size_t length) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    if (length == 1) return byte(at) < 0x20 || byte(at) == 0x7F;
    return byte(at) == 0xC2 && byte(at + 1) < 0xA0;
}

template <std::size_t N>
bool is_one_of(std::string_view word, const std::array<std::string_view, N>& words) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

std::string clean_text(std::string_view text) {
    std::string clean;
    for (std::size_t at = 0; at < text.size() && clean.size() < most_text;) {
        const std::size_t length = utf8_length(text, at);
        const auto first = static_cast<unsigned char>(text[at]);
        if (length == 0) {  // a byte of Latin-1
            if (first >= 0xA0) {
                clean += static_cast<char>(0xC0 | first >> 6);
                clean += static_cast<char>(0x80 | (first & 0x3F));
            } else {
                clean += ' ';
            }
            ++at;
            continue;
        }
        if (is_control(text, at, length))
            clean += ' ';
        else
            clean.append(text.substr(at, length));
        at += length;
    }
    return std::string(trimmed(clean));
}

std::string_view cut_at(std::string_view text, std::size_t most) {
    if (text.size() <= most) return text;
    while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;
    return text.substr(0, most);
}

bool is_plain_utf8(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t length = utf8_length(text, at);
        if (length == 0 || is_control(text, at, length)) return false;
        at += length;
    }
    return true;
}

std::string lower(std::string_view text) {
    std::string small(text);
    for (char& c : small) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return small;
}

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
}

std::vector<std::string_view> words_of(std::string_view line) {
    std::vector<std::string_view> words;
    for (std::size_t at = 0; at < line.size();) {
        std::size_t end = at;
        while (end < line.size() && !is_blank(line[end])) ++end;
        if (end > at) words.push_back(line.substr(at, end - at));
        at = end + 1;
    }
    return words;
}

std::string legal_name(std::string_view text, std::string_view fallback) {
    std::string name;
    for (const char c : text) {
        const bool legal = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                           c == '.' || c == '_' || c == '-';
        if (legal)
            name += c;
        else if (!name.empty() && name.back() != '_')
            name += '_';
        if (name.size() >= most_name) break;
    }
    while (!name.empty() && name.back() == '_') name.pop_back();
    return name.empty() || name == "." || name == ".." ? std::string(fallback) : name;
}

std::string_view base_name(std::string_view path) {
    const std::size_t slash = path.find_last_of("/\\");
    return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

std::string_view without_media_extension(std::string_view name) {
    const std::size_t dot = name.rfind('.');
    if (dot == std::string_view::npos || dot == 0) return name;
    return is_media_extension(lower(name.substr(dot))) ? name.substr(0, dot) : name;
}

bool is_sequence_extension(std::string_view extension) {
    return is_one_of(extension, sequence_extensions);
}

bool is_media_extension(std::string_view extension) {
    return is_sequence_extension(extension) || is_one_of(extension, movie_extensions);
}

}  // namespace wetgate::conform

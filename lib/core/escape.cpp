#include "core/escape.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace wetgate {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

struct CodePoint {
    char32_t value = 0;
    std::size_t bytes = 1;
    bool valid = false;
};

// The code point that starts at `at`: strict UTF-8 (RFC 3629), so no overlong forms and no surrogates.
CodePoint code_point_at(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) {
        return i < text.size() ? static_cast<std::uint8_t>(text[i]) : std::uint8_t{0};
    };
    const std::uint8_t lead = byte(at);
    if (lead < 0x80) return {lead, 1, true};
    const std::size_t length = lead >= 0xF0 ? 4 : (lead >= 0xE0 ? 3 : 2);
    if (lead < 0xC2 || lead > 0xF4) return {};
    char32_t value = lead & (0x7Fu >> length);
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(at + i) & 0xC0) != 0x80) return {0, i, false};
        value = (value << 6) | (byte(at + i) & 0x3Fu);
    }
    constexpr std::array<char32_t, 5> least = {0, 0, 0x80, 0x800, 0x10000};
    const bool surrogate = value >= 0xD800 && value <= 0xDFFF;
    if (value < least[length] || value > 0x10FFFF || surrogate) return {0, length, false};
    return {value, length, true};
}

// What may not be shown as it is: it would let one name look like another, or be no XML.
bool invisible(char32_t value) {
    const bool control = value >= 0x7F && value <= 0x9F;
    const bool direction = (value >= 0x200E && value <= 0x200F) || (value >= 0x202A && value <= 0x202E) ||
                           (value >= 0x2066 && value <= 0x2069) || value == 0x061C;
    const bool no_character = (value & 0xFFFE) == 0xFFFE || (value >= 0xFDD0 && value <= 0xFDEF);
    return control || direction || no_character || value == 0xFEFF || value == 0x2028 || value == 0x2029;
}

/// What stands for a character in markup; empty: the character itself.
std::string_view entity_of(char32_t value) {
    switch (value) {
        case '&':
            return "&amp;";
        case '<':
            return "&lt;";
        case '>':
            return "&gt;";
        case '"':
            return "&quot;";
        case '\'':
            return "&#39;";
        case '\t':  // as they are, these three would become spaces in an attribute
            return "&#9;";
        case '\n':
            return "&#10;";
        case '\r':
            return "&#13;";
        default:
            return {};
    }
}

std::string_view blank_of(char32_t value) {
    return value == '\t' || value == '\n' || value == '\r' ? " " : "";
}

/// `text` with what `named` says in place of a character, and pictures or U+FFFD in place of what is none to
/// be seen.
std::string shown(std::string_view text, std::string_view (*named)(char32_t)) {
    std::string out;
    out.reserve(text.size() + text.size() / 8);
    for (std::size_t at = 0; at < text.size();) {
        const CodePoint point = code_point_at(text, at);
        if (!point.valid || invisible(point.value)) {
            out += replacement;
        } else if (const std::string_view name = named(point.value); !name.empty()) {
            out += name;
        } else if (point.value < 0x20) {  // its picture, U+2400 + c
            out += "\xE2\x90";
            out += static_cast<char>(0x80 + point.value);
        } else {
            out += text.substr(at, point.bytes);
        }
        at += point.bytes;
    }
    return out;
}

}  // namespace

std::string escaped(std::string_view text) {
    return shown(text, entity_of);
}

std::string xml_escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const std::string_view name = entity_of(static_cast<unsigned char>(c));
        // Commands are full of single quotes, and people read them.
        out += name.empty() || c == '\'' ? std::string_view(&c, 1) : name;
    }
    return out;
}

std::string one_line(std::string_view text) {
    return shown(text, blank_of);
}

std::string printable_lines(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at <= text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        if (at > 0) out += "\n  ";
        out += one_line(text.substr(at, end - at));
        at = end + 1;
    }
    return out;
}

}  // namespace wetgate

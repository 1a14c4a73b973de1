#include "spec/path_pattern.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <utility>

#include "core/error.h"

namespace wetgate::spec {
namespace {

constexpr int widest = 16;

[[noreturn]] void refuse(std::string_view text, const std::string& why) {
    throw Error(ErrorKind::Usage, "path \"" + std::string(text.substr(0, 200)) + "\": " + why);
}

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
bool is_edge(char c) {
    return c == '.' || c == '_' || c == '-';
}

/// A frame number in a file name: its length there and the width it asks for.
struct Token {
    std::size_t length = 0;
    int width = 0;
};

std::size_t run_of(std::string_view text, std::size_t at) {
    std::size_t end = at;
    while (end < text.size() && text[end] == text[at]) ++end;
    return end - at;
}

int digits_value(std::string_view digits, std::string_view whole) {
    int value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc() || value > widest)
        refuse(whole, "a frame number is at most " + std::to_string(widest) + " wide");
    return value;
}

std::optional<Token> printf_token(std::string_view name, std::size_t at, std::string_view whole) {
    std::size_t end = at + 1;
    while (end < name.size() && is_digit(name[end])) ++end;
    const std::string_view digits = name.substr(at + 1, end - at - 1);
    if (end >= name.size() || name[end] != 'd') return std::nullopt;  // "50%grey": a plain percent sign
    if (!digits.empty() && digits.front() != '0')
        refuse(whole, "%" + std::string(digits) + "d pads with spaces; write %0" + std::string(digits) + "d");
    return Token{end + 1 - at, digits.empty() ? 1 : std::max(1, digits_value(digits, whole))};
}

std::optional<Token> houdini_token(std::string_view name, std::size_t at, std::string_view whole) {
    if (name.substr(at, 2) != "$F") return std::nullopt;
    std::size_t end = at + 2;
    while (end < name.size() && is_digit(name[end])) ++end;
    if (end < name.size() && (std::isalpha(static_cast<unsigned char>(name[end])) != 0)) return std::nullopt;
    const std::string_view digits = name.substr(at + 2, end - at - 2);
    return Token{end - at, digits.empty() ? 1 : std::max(1, digits_value(digits, whole))};
}

std::optional<Token> run_token(std::string_view name, std::size_t at, std::string_view whole) {
    const std::size_t length = run_of(name, at);
    if (name[at] == '@') {  // "icon@2x.png" is no sequence
        const bool starts = at == 0 || is_edge(name[at - 1]);
        const bool ends = at + length == name.size() || is_edge(name[at + length]);
        if (!starts || !ends) return std::nullopt;
    }
    if (length > widest) refuse(whole, "a frame number is at most " + std::to_string(widest) + " wide");
    return Token{length, static_cast<int>(length)};
}

std::optional<Token> token_at(std::string_view name, std::size_t at, std::string_view whole) {
    switch (name[at]) {
        case '#':
        case '@':
            return run_token(name, at, whole);
        case '%':
            return printf_token(name, at, whole);
        case '$':
            return houdini_token(name, at, whole);
        default:
            return std::nullopt;
    }
}

}  // namespace

PathPattern PathPattern::parse(std::string_view text) {
    if (text.empty()) refuse(text, "is empty");
    if (text.size() > 4096) refuse(text, "is longer than 4096 bytes");
    if (std::any_of(text.begin(), text.end(),
                    [](char c) { return std::iscntrl(static_cast<unsigned char>(c)) != 0; })) {
        refuse("...", "has control characters in it");
    }
    const auto slash = text.rfind('/');
    const std::string_view name = slash == std::string_view::npos ? text : text.substr(slash + 1);
    if (name.empty() || name == "." || name == "..") refuse(text, "names a folder; a file name is wanted");
    PathPattern pattern;
    pattern.text_ = text;
    pattern.name_ = name;
    pattern.folder_ = slash == std::string_view::npos ? std::string_view() : text.substr(0, slash + 1);
    for (std::size_t at = 0; at < name.size();) {
        std::string& side = pattern.is_sequence_ ? pattern.suffix_ : pattern.prefix_;
        if (name.substr(at, 2) == "%%") {
            side += '%';
            at += 2;
        } else if (const auto token = token_at(name, at, text)) {
            if (pattern.is_sequence_) refuse(text, "has two frame numbers in its name; leave one");
            pattern.is_sequence_ = true;
            pattern.width_ = token->width;
            at += token->length;
        } else {
            const std::size_t length = name[at] == '@' ? run_of(name, at) : 1;
            side.append(name.substr(at, length));
            at += length;
        }
    }
    return pattern;
}

PathPattern PathPattern::resolved(const std::filesystem::path& base) const {
    PathPattern moved = *this;
    moved.folder_ = (base / folder_ / name_).lexically_normal().parent_path();
    moved.text_ = (moved.folder_ / name_).string();
    return moved;
}

std::string PathPattern::file_name(int frame) const {
    if (!is_sequence_) return prefix_;
    std::string digits = std::to_string(frame < 0 ? -std::int64_t{frame} : std::int64_t{frame});
    const std::size_t sign = frame < 0 ? 1 : 0;
    const auto width = static_cast<std::size_t>(width_);
    if (digits.size() + sign < width) digits.insert(0, width - sign - digits.size(), '0');
    return prefix_ + (frame < 0 ? "-" : "") + digits + suffix_;
}

std::filesystem::path PathPattern::path(int frame) const {
    return folder_ / file_name(frame);
}

std::optional<int> PathPattern::frame_of(std::string_view name) const {
    if (!is_sequence_ || name.size() <= prefix_.size() + suffix_.size()) return std::nullopt;
    if (!name.starts_with(prefix_) || !name.ends_with(suffix_)) return std::nullopt;
    const std::string_view digits =
        name.substr(prefix_.size(), name.size() - prefix_.size() - suffix_.size());
    int frame = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), frame);
    if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    if (file_name(frame) != name) return std::nullopt;  // other padding
    return frame;
}

std::string PathPattern::extension() const {
    const std::string& end = is_sequence_ ? suffix_ : prefix_;
    const auto dot = end.rfind('.');
    if (dot == std::string::npos) return {};
    std::string extension = end.substr(dot);
    for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return extension;
}

}  // namespace wetgate::spec

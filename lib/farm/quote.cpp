#include "farm/quote.h"

#include <algorithm>

#include "core/error.h"

namespace wetgate::farm {

bool is_plain_word(std::string_view word) {
    constexpr std::string_view plain = "%+,-./:=@_";
    return !word.empty() && std::all_of(word.begin(), word.end(), [&](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               plain.find(c) != std::string_view::npos;
    });
}

std::string shell_quoted(std::string_view word, std::string_view apart) {
    if (word.find('\0') != std::string_view::npos)
        throw Error(ErrorKind::Usage, "a text of the farm job holds a NUL, which no command line can carry");
    if (is_plain_word(word)) return std::string(word);
    std::string quoted = "'";
    for (const char c : word) {
        if (c == '\'') {
            quoted += "'\\''";
        } else {
            quoted += c;
            if (apart.find(c) != std::string_view::npos) quoted += "''";
        }
    }
    return quoted + "'";
}

std::string shell_line(std::span<const std::string> words) {
    std::string line;
    for (const std::string& word : words) {
        if (!line.empty()) line += ' ';
        line += shell_quoted(word);
    }
    return line;
}

}  // namespace wetgate::farm

#include "farm/deadline_words.h"

#include <algorithm>
#include <array>

#include "core/error.h"
#include "farm/quote.h"

namespace wetgate::farm {
namespace {

// Note [How Deadline reads a command line]
// The CommandLine plugin replaces <STARTFRAME> <ENDFRAME> <STARTFRAME%4> <ENDFRAME%4> <QUOTE> <AUXFILE0> in
// any case of letters, and curly quotes by ". There is no escape. What it leaves is split into words by .NET
// (a backslash means something before a quote alone) or, in older versions, by Mono, which asks glib
// (inside quotes a backslash means something before \ " $ ` too). Words in double quotes are the same to both
// but for a backslash before \, $ or `, unless the run of backslashes ends at a quote, where both halve it.
// Only the shell mode of the plugin would expand $ and `: it is not used.

[[noreturn]] void refuse(std::string_view word, const std::string& why) {
    throw Error(ErrorKind::Usage, "\"" + std::string(word) + "\" cannot be handed to Deadline: " + why);
}

std::string upper(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
    return result;
}

bool has_token(std::string_view word) {
    const std::string text = upper(word);
    constexpr std::array<std::string_view, 4> tokens = {"<STARTFRAME", "<ENDFRAME", "<QUOTE>", "<AUXFILE"};
    return std::any_of(tokens.begin(), tokens.end(),
                       [&](std::string_view token) { return text.find(token) != std::string::npos; });
}

}  // namespace

void check_deadline_word(std::string_view word) {
    for (std::size_t at = word.find('\\'); at < word.size(); at = word.find('\\', at)) {
        const std::size_t run = std::min(word.find_first_not_of('\\', at), word.size()) - at;
        at += run;
        if (at == word.size() || word[at] == '"') continue;
        if (run > 1 || word[at] == '$' || word[at] == '`') {
            refuse(word,
                   "its versions read a backslash before a backslash, $ or ` differently; map such paths by "
                   "--path-map FILE");
        }
    }
}

std::string deadline_word(std::string_view word) {
    constexpr std::string_view quote = "<QUOTE>";
    if (is_plain_word(word)) return std::string(word);
    if (has_token(word))
        refuse(word, "its CommandLine plugin would replace the token in it; use --plugin wetgate");
    if (word.find("\u201c") != std::string_view::npos || word.find("\u201d") != std::string_view::npos)
        refuse(word, "its CommandLine plugin would take the curly quotes for \"; use --plugin wetgate");
    check_deadline_word(word);
    std::string quoted(quote);
    std::size_t backslashes = 0;  // that the last letters are
    for (const char c : word) {
        if (c == '"') {
            // Backslashes before a quote count double; one more makes a letter of it.
            quoted.append(backslashes + 1, '\\');
            quoted += quote;
        } else {
            quoted += c;
        }
        backslashes = c == '\\' ? backslashes + 1 : 0;
    }
    quoted.append(backslashes, '\\');
    return quoted + std::string(quote);
}

std::string deadline_arguments(std::span<const std::string> words) {
    std::string line;
    for (const std::string& word : words) {
        if (!line.empty()) line += ' ';
        line += deadline_word(word);
    }
    return line;
}

std::string deadline_line(std::string_view key, std::string_view value) {
    const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
    if (std::any_of(value.begin(), value.end(), is_control))
        refuse(value, std::string(key) + " is one line without control characters");
    if (!value.empty() && (value.front() == ' ' || value.back() == ' '))
        refuse(value, "it trims the blanks at the ends of " + std::string(key));
    return std::string(key) + "=" + std::string(value) + "\n";
}

}  // namespace wetgate::farm

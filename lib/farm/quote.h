#pragma once
#include <span>
#include <string>
#include <string_view>

namespace wetgate::farm {

/// Whether no letter of `word` means anything to a shell, wherever it stands. False for an empty word.
bool is_plain_word(std::string_view word);

/// `word` as one word of a POSIX shell: as it is where is_plain_word(), else in single quotes. Error{Usage}
/// for a NUL, which no command line can hold. Behind each letter of `apart` the quotes end and begin again:
/// the word is the same, but a scheduler that replaces its tokens in the text before the shell reads it finds
/// none. `apart` holds no plain letter and no quote.
std::string shell_quoted(std::string_view word, std::string_view apart = {});

/// Words as one line for a POSIX shell.
std::string shell_line(std::span<const std::string> words);

}  // namespace wetgate::farm

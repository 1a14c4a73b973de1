#pragma once
#include <span>
#include <string>
#include <string_view>

namespace wetgate::farm {

/// `word` as one word of a POSIX shell: as it is where no letter of it means anything to a shell, else in
/// single quotes. Error{Usage} for a NUL, which no command line can hold. Behind each letter of `apart` the
/// quotes end and begin again: the word is the same, but a scheduler that replaces its tokens in the text
/// before the shell reads it finds none. `apart` holds no plain letter and no quote.
std::string shell_quoted(std::string_view word, std::string_view apart = {});

/// Words as one line for a POSIX shell.
std::string shell_line(std::span<const std::string> words);

}  // namespace wetgate::farm

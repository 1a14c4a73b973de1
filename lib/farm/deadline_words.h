#pragma once
#include <span>
#include <string>
#include <string_view>

namespace wetgate::farm {

/// Error{Usage} for a word that versions of Deadline hand to a process differently, however it is quoted:
/// some runs of backslashes. See Note [How Deadline reads a command line].
void check_deadline_word(std::string_view word);

/// `word` as one word of the Arguments of Deadline's CommandLine plugin: as it is where nobody reads anything
/// into it, else between <QUOTE>s. Error{Usage} for what has no spelling there: a token of the plugin
/// (<STARTFRAME> ...), curly quotes, what check_deadline_word() refuses.
std::string deadline_word(std::string_view word);

/// Words as one line of Arguments.
std::string deadline_arguments(std::span<const std::string> words);

/// "KEY=VALUE\n" of a job info or plugin info file. Error{Usage} for a value that would be read otherwise
/// than written: control characters, blanks at its ends (Deadline trims them).
std::string deadline_line(std::string_view key, std::string_view value);

}  // namespace wetgate::farm

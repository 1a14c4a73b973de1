#pragma once
#include <string>
#include <string_view>

namespace wetgate {

/// `text` as the content of an element or of a quoted attribute, in HTML and in XML 1.0. Names and messages
/// may come from damaged or hostile files, so everything that is not a plain visible character is shown as
/// one: control characters as their pictures (U+241B for ESC), bad UTF-8, characters that turn the reading
/// direction and code points that XML forbids as U+FFFD.
std::string escaped(std::string_view text);

/// `text` itself, unchanged to who reads the XML, as content or in a double-quoted attribute. It must be text
/// that XML can hold.
std::string xml_escaped(std::string_view text);

/// `text` as one line for a terminal, a log or a cell of a table: what is no plain visible character as
/// escaped() shows it, ends of lines and tabs as blanks. No text can then move the cursor, ring the bell or
/// pass for a line of its own.
std::string one_line(std::string_view text);

/// The same of a text of several lines. All but the first are indented by two blanks: none of them can pass
/// for a line that something else said.
std::string printable_lines(std::string_view text);

}  // namespace wetgate

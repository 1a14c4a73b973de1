#pragma once
#include <string>
#include <string_view>

namespace wetgate {

/// `text` as the content of an element or of a quoted attribute, in HTML and in XML 1.0. Names and messages
/// may come from damaged or hostile files, so everything that is not a plain visible character is shown as
/// one: control characters as their pictures (U+241B for ESC), bad UTF-8, characters that turn the reading
/// direction and code points that XML forbids as U+FFFD.
std::string escaped(std::string_view text);

}  // namespace wetgate

#pragma once
#include <string>
#include <string_view>

namespace wetgate::farm {

/// The code points of a UTF-8 text. Error{Usage} that names `what` for bytes that are none: formats of other
/// farms are UTF-8, a path need not be.
std::u32string code_points(std::string_view what, std::string_view text);

/// Error{Usage} where a text holds a letter that an XML 1.0 document cannot.
void check_xml_text(std::string_view what, std::string_view text);

/// A to Z as a to z; every other byte stays.
std::string ascii_lower(std::string text);

}  // namespace wetgate::farm

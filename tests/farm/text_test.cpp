#include "farm/text.h"

#include <doctest/doctest.h>

#include "core/error.h"

namespace wetgate::farm {
namespace {

TEST_CASE("letters of one to four bytes are read as their code points") {
    CHECK((code_points("a text", "a\u00e9\u20ac\U0001F600") == U"a\u00e9\u20ac\U0001F600"));
    CHECK(code_points("a text", "").empty());
}

TEST_CASE("bytes that are no UTF-8 are refused, in every way that they can be none") {
    for (const std::string text :
         {"\x80", "\xC3", "\xC3(", "\xE2\x82", "\xF0\x9F\x98", "\xFF", "\xF8\x88\x80\x80\x80", "\xC0\xAF",
          "\xE0\x80\xAF",       // '/' written longer than it is
          "\xED\xA0\x80",       // half of a surrogate pair
          "\xF4\x90\x80\x80"})  // past the last code point
        CHECK_THROWS_WITH_AS(code_points("the path", text), "the path is not UTF-8", Error);
}

TEST_CASE("a text for XML may hold any letter but those that XML cannot") {
    CHECK_NOTHROW(check_xml_text("it", "\t<&>\u00e9\U0001F600"));
    CHECK_THROWS_AS(check_xml_text("it", "\x01"), Error);
    CHECK_THROWS_AS(check_xml_text("it", "\uFFFE"), Error);
}

}  // namespace
}  // namespace wetgate::farm

#include "conform/text.h"

#include <doctest/doctest.h>

namespace wetgate::conform {

TEST_CASE("text of a list becomes one printable line of UTF-8") {
    CHECK(clean_text("  a\tb\x1b[31m\r") == "a b [31m");
    CHECK(clean_text("caf\xE9") == "caf\xC3\xA9");        // Latin-1
    CHECK(clean_text("caf\xC3\xA9") == "caf\xC3\xA9");    // UTF-8
    CHECK(clean_text("x\xC2\x9By") == "x y");             // a C1 control character
    CHECK(clean_text("\xC0\xAF") == "\xC3\x80\xC2\xAF");  // overlong: two letters of Latin-1
    CHECK(clean_text(std::string(4000, 'a')).size() == 512);
}

TEST_CASE("a text is cut between characters") {
    CHECK(cut_at("abc", 3) == "abc");
    CHECK(cut_at("abcd", 3) == "abc");
    CHECK(cut_at("a\xC3\xA9z", 2) == "a");
    CHECK(cut_at("a\xC3\xA9z", 3) == "a\xC3\xA9");
    CHECK(cut_at("\xF0\x9F\x8E\xAC", 3).empty());
}

TEST_CASE("what JSON can hold as it is has no control characters and is UTF-8") {
    CHECK(is_plain_utf8("caf\xC3\xA9 1.mov"));
    CHECK(!is_plain_utf8("caf\xE9"));
    CHECK(!is_plain_utf8("a\nb"));
    CHECK(!is_plain_utf8("x\xC2\x9By"));
    CHECK(!is_plain_utf8("\xED\xA0\x80"));  // a surrogate
}

TEST_CASE("a legal name keeps letters, digits, dot, underscore and minus") {
    CHECK(legal_name("92-2A*", "x") == "92-2A");
    CHECK(legal_name("START LEADER (v1).mov", "x") == "START_LEADER_v1_.mov");
    CHECK(legal_name("../../etc", "x") == ".._.._etc");
    CHECK(legal_name("..", "x") == "x");
    CHECK(legal_name("***", "x") == "x");
    CHECK(legal_name(std::string(300, 'a'), "x").size() == 100);
}

TEST_CASE("a media extension goes, other dots stay") {
    CHECK(without_media_extension("A001.C002.MOV") == "A001.C002");
    CHECK(without_media_extension("ZZ100_501.LAY3.01") == "ZZ100_501.LAY3.01");
    CHECK(base_name("S:\\path\\to\\a.exr") == "a.exr");
    CHECK(base_name("/a/b/c.exr") == "c.exr");
}

}  // namespace wetgate::conform

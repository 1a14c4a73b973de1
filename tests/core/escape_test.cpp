#include "core/escape.h"

#include <doctest/doctest.h>

namespace wetgate {

TEST_CASE("markup in a text stays text") {
    CHECK(escaped("<script>alert(1)</script>") == "&lt;script&gt;alert(1)&lt;/script&gt;");
    CHECK(escaped("a \"b\" 'c' & d") == "a &quot;b&quot; &#39;c&#39; &amp; d");
    CHECK(escaped("]]>") == "]]&gt;");
}

TEST_CASE("control characters show as their pictures, line ends survive an attribute") {
    CHECK(escaped("\x1b[31m") == "\u241b[31m");
    CHECK(escaped(std::string_view("\0\x01\x1f", 3)) == "\u2400\u2401\u241f");
    CHECK(escaped("a\tb\nc\r") == "a&#9;b&#10;c&#13;");
    CHECK(escaped("\x7f\u0085") == "\ufffd\ufffd");
}

TEST_CASE("what turns the reading direction or is no character is replaced") {
    CHECK(escaped("exr.\u202egpj") == "exr.\ufffdgpj");
    CHECK(escaped("\u2028\u2029\ufeff\u200f\u2066") == "\ufffd\ufffd\ufffd\ufffd\ufffd");
    CHECK(escaped("\xEF\xBF\xBE\xEF\xBF\xBF") == "\ufffd\ufffd");  // U+FFFE, U+FFFF: no XML
    CHECK(escaped("Zo\u00eb \u65e5\u672c \U0001F3AC") == "Zo\u00eb \u65e5\u672c \U0001F3AC");
}

TEST_CASE("bad UTF-8 is replaced, and what follows it is kept") {
    CHECK(escaped("\xff<") == "\ufffd&lt;");
    CHECK(escaped("\x80z") == "\ufffdz");
    CHECK(escaped("\xc3z") == "\ufffdz");            // cut before the second byte
    CHECK(escaped("\xe2\x82") == "\ufffd");          // cut at the end
    CHECK(escaped("\xc0\xbc") == "\ufffd\ufffd");    // '<', overlong
    CHECK(escaped("\xe0\x80\xbc") == "\ufffd");      // the same in three bytes
    CHECK(escaped("\xed\xa0\x80") == "\ufffd");      // a surrogate
    CHECK(escaped("\xf4\x90\x80\x80") == "\ufffd");  // above U+10FFFF
    CHECK(escaped("\xf5\x80") == "\ufffd\ufffd");
}

TEST_CASE("a line for a terminal has nothing that commands one, and is UTF-8") {
    CHECK(one_line("plain <b> & \"quoted\"") == "plain <b> & \"quoted\"");
    CHECK(one_line("\x1b]0;title\x07\x1b[2J") == "\u241b]0;title\u2407\u241b[2J");
    CHECK(one_line("a\tb\nWETGATE-FAIL class=none\rc") == "a b WETGATE-FAIL class=none c");
    CHECK(one_line("\xC2\x9B"
                   "31m \x9B"
                   "31m") == "\ufffd31m \ufffd31m");  // CSI of C1, as UTF-8 and as a byte
    CHECK(one_line("exr.\u202egpj") == "exr.\ufffdgpj");
}

TEST_CASE("a further line of a message cannot pass for a line of its own") {
    CHECK(printable_lines("2 problems:\n/a: b\n/c: d") == "2 problems:\n  /a: b\n  /c: d");
    CHECK(printable_lines("x\nProgress: 100%\r\n\x1b[0m") == "x\n  Progress: 100% \n  \u241b[0m");
    CHECK(printable_lines("") == "");
    CHECK(printable_lines("\n") == "\n  ");
}

TEST_CASE("a text for XML alone is what it was, to who reads it") {
    CHECK(xml_escaped("<a b=\"c\">'&amp;\t\u00e9") == "&lt;a b=&quot;c&quot;&gt;'&amp;amp;&#9;\u00e9");
}

}  // namespace wetgate

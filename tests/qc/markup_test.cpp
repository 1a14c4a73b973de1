#include "qc/markup.h"

#include <doctest/doctest.h>

namespace wetgate::qc {

TEST_CASE("texts and attributes are escaped") {
    Markup to;
    to.element("p", "<b>", {{"title", "\" onclick=\"x"}});
    CHECK(to.str() == "<p title=\"&quot; onclick=&quot;x\">&lt;b&gt;</p>\n");
}

TEST_CASE("elements close in the order they were opened") {
    Markup to;
    to.open("ul");
    to.open("li", {{"class", "x"}});
    to.text("1");
    to.close();
    to.close();
    to.void_element("img", {{"alt", ""}});
    CHECK(to.str() == "<ul><li class=\"x\">1</li>\n</ul>\n<img alt=\"\">");
}

}  // namespace wetgate::qc

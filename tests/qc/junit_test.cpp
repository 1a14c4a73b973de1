#include "qc/junit.h"

#include <doctest/doctest.h>

#include "support/sample_report.h"

namespace wetgate::qc {
namespace {

std::string junit_of(nlohmann::json shot, const std::vector<Accepted>& accepted = {}) {
    return to_junit(sample_report({std::move(shot)}, accepted).at("result"));
}

bool has(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE(
    "each check that ran is a test, and all findings of one are one failure with the worst as its message") {
    nlohmann::json shot = sample_shot("s", 10, 0,
                                      {sample_finding("s", "flash_frame", Severity::Issue, 1002),
                                       sample_finding("s", "flash_frame", Severity::Blocker, 1004),
                                       sample_finding("s", "flash_frame", Severity::Issue, 1006)});
    shot["checked"] = {"black_frame", "flash_frame"};
    const std::string xml = junit_of(shot);
    CHECK(has(xml, "<testsuite name=\"s\" tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"0\">"));
    CHECK(has(xml, "<testcase classname=\"s\" name=\"black_frame\"></testcase>"));
    CHECK(has(xml,
              "<failure message=\"Blocker frame 1004: message (and 2 more)\" type=\"Blocker\">"
              "Issue frame 1002: message&#10;Blocker frame 1004: message&#10;Issue frame 1006: message&#10;"
              "</failure>"));
    CHECK(xml.find("<failure") == xml.rfind("<failure"));
}

TEST_CASE("accepted findings and FYI are output of the test, not failures") {
    nlohmann::json shot = sample_shot("s", 10, 0,
                                      {sample_finding("s", "non_finite", Severity::Blocker, 1002),
                                       sample_finding("s", "negative", Severity::Fyi, 1003)});
    shot["checked"] = {"negative"};
    const std::string xml = junit_of(shot, {{"non_finite", "s", {}, "known"}});
    CHECK(has(xml, "tests=\"2\" failures=\"0\""));
    CHECK(has(xml, "<system-out>Blocker frame 1002: message [accepted: known]&#10;</system-out>"));
    CHECK(has(xml, "<system-out>FYI frame 1003: message&#10;</system-out>"));
}

TEST_CASE("a report that does not say what ran has its gates as tests") {
    const std::string xml = junit_of(sample_shot("s", 10, 0, {}));
    CHECK(has(xml, "tests=\"" + std::to_string(gates().size()) + "\""));
    CHECK(has(xml, "name=\"missing_frame\""));
}

TEST_CASE("names and messages of any bytes leave the XML well-formed") {
    Finding finding = sample_finding("s", "non_finite", Severity::Blocker, 1002);
    finding.message = "]]> <x> \x1b \xff & \"";
    const std::string xml = junit_of(sample_shot("<script>\x01", 10, 0, {finding}));
    CHECK(has(xml, "name=\"&lt;script&gt;\u2401\""));
    CHECK(has(xml, "]]&gt; &lt;x&gt; \u241b \ufffd &amp; &quot;"));
    CHECK_FALSE(has(xml, "\xff"));
}

}  // namespace wetgate::qc

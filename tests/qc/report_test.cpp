#include "qc/report.h"

#include <doctest/doctest.h>

namespace wetgate::qc {
namespace {

nlohmann::json shot_with(const std::vector<Finding>& findings) {
    nlohmann::json list = nlohmann::json::array();
    for (const Finding& finding : findings) list.push_back(to_json(finding));
    return {{"name", "s"}, {"fingerprint", nullptr}, {"findings", list}};
}

Finding finding(const std::string& check, Severity severity, int frame) {
    Finding made;
    made.check = check;
    made.category = "VIDEO";
    made.term = "Pixel Error";
    made.severity = severity;
    made.shot = "s";
    made.first_frame = frame;
    made.end_frame = frame + 1;
    made.message = "=HYPERLINK(\"x\"), or so";
    return made;
}

nlohmann::json result_of(const std::vector<Finding>& findings, const std::vector<Accepted>& accepted = {}) {
    return make_result({"job", "show", "0", {}}, {shot_with(findings)}, accepted);
}

}  // namespace

TEST_CASE("a blocker closes its gate, an issue only warns, an FYI does neither") {
    CHECK(verdict_of(result_of({})) == "pass");
    CHECK(verdict_of(result_of({finding("numbering", Severity::Fyi, 1)})) == "pass");
    CHECK(verdict_of(result_of({finding("numbering", Severity::Issue, 1)})) == "warn");
    const nlohmann::json failed = result_of({finding("non_finite", Severity::Blocker, 1)});
    CHECK(verdict_of(failed) == "fail");
    CHECK(failed.at("gates").at("non_finite").at("open") == false);
    CHECK(failed.at("gates").at("metadata").at("open") == true);
}

TEST_CASE("an accepted finding stays in the report with its reason and closes nothing") {
    const Accepted rule{"non_finite", "s", {1, 2}, "known"};
    const nlohmann::json result = result_of({finding("non_finite", Severity::Blocker, 2)}, {rule});
    CHECK(verdict_of(result) == "pass");
    CHECK(result.at("shots")[0].at("findings")[0].at("accept_reason") == "known");
    CHECK(verdict_of(result_of({finding("non_finite", Severity::Blocker, 3)}, {rule})) == "fail");
    CHECK(verdict_of(result_of({finding("metadata", Severity::Blocker, 2)}, {rule})) == "fail");
    CHECK(verdict_of(result_of({finding("metadata", Severity::Blocker, 9)}, {{"*", "", {}, "all"}})) ==
          "pass");
}

TEST_CASE("a finding survives its JSON") {
    const Finding made = finding("metadata", Severity::Issue, 7);
    CHECK(to_json(finding_from_json(to_json(made))) == to_json(made));
}

TEST_CASE("a cell that a spreadsheet would take for a formula is quoted") {
    const std::string csv = to_csv(result_of({finding("metadata", Severity::Issue, 7)}));
    CHECK(csv.find("\"'=HYPERLINK(\"\"x\"\"), or so\"") != std::string::npos);
}

TEST_CASE("a finding is one line of the CSV whatever a file's names hold") {
    Finding hostile = finding("metadata", Severity::Issue, 7);
    hostile.message = "lost a\nb\x1b[2J\xff \"c\"";
    const std::string csv = to_csv(result_of({hostile}));
    CHECK(std::count(csv.begin(), csv.end(), '\n') == 2);  // the head and the finding
    CHECK(csv.find("\"lost a b\u241b[2J\ufffd \"\"c\"\"\"") != std::string::npos);
}

}  // namespace wetgate::qc

#include "qc/junit.h"

#include <algorithm>
#include <vector>

#include "qc/finding.h"
#include "qc/markup.h"
#include "qc/report.h"

namespace wetgate::qc {
namespace {

// Findings of one check on one shot.
struct Case {
    std::string check;
    std::vector<Finding> failures, remarks;
};

Case& case_of(std::vector<Case>& cases, const std::string& check) {
    const auto found =
        std::find_if(cases.begin(), cases.end(), [&](const Case& known) { return known.check == check; });
    if (found != cases.end()) return *found;
    cases.push_back({check, {}, {}});
    return cases.back();
}

std::vector<Case> cases_of(const nlohmann::json& shot) {
    std::vector<Case> cases;
    if (shot.contains("checked")) {
        for (const nlohmann::json& check : shot.at("checked")) case_of(cases, check.get<std::string>());
    } else {
        for (const std::string& gate : gates()) case_of(cases, gate);
    }
    for (const nlohmann::json& json : shot.at("findings")) {
        Finding finding = finding_from_json(json);
        Case& made = case_of(cases, finding.check);
        const bool fails = finding.severity != Severity::Fyi && !finding.accepted;
        (fails ? made.failures : made.remarks).push_back(std::move(finding));
    }
    return cases;
}

std::string line_of(const Finding& finding) {
    std::string line = to_string(finding.severity) + " frame " + std::to_string(finding.first_frame);
    if (finding.end_frame - 1 > finding.first_frame) line += "-" + std::to_string(finding.end_frame - 1);
    if (!finding.timecode_in.empty()) line += " (" + finding.timecode_in + ")";
    line += ": " + finding.message;
    if (finding.accepted) line += " [accepted: " + finding.accept_reason + "]";
    return line;
}

std::string lines_of(const std::vector<Finding>& findings) {
    std::string text;
    for (const Finding& finding : findings) text += line_of(finding) + "\n";
    return text;
}

void write_case(Markup& to, const Case& made, const std::string& shot) {
    to.open("testcase", {{"classname", shot}, {"name", made.check}});
    if (!made.failures.empty()) {
        const auto worst =
            std::max_element(made.failures.begin(), made.failures.end(),
                             [](const Finding& a, const Finding& b) { return a.severity < b.severity; });
        const std::size_t others = made.failures.size() - 1;
        to.element(
            "failure", lines_of(made.failures),
            {{"message", line_of(*worst) + (others > 0 ? " (and " + std::to_string(others) + " more)" : "")},
             {"type", to_string(worst->severity)}});
    }
    if (!made.remarks.empty()) to.element("system-out", lines_of(made.remarks));
    to.close();
}

std::size_t failures_of(const std::vector<Case>& cases) {
    return static_cast<std::size_t>(
        std::count_if(cases.begin(), cases.end(), [](const Case& made) { return !made.failures.empty(); }));
}

}  // namespace

std::string to_junit(const nlohmann::json& result) {
    std::size_t tests = 0, failures = 0;
    Markup suites;
    for (const nlohmann::json& shot : result.at("shots")) {
        const std::vector<Case> cases = cases_of(shot);
        const std::string name = shot.at("name").get<std::string>();
        suites.open("testsuite", {{"name", name},
                                  {"tests", std::to_string(cases.size())},
                                  {"failures", std::to_string(failures_of(cases))},
                                  {"errors", "0"},
                                  {"skipped", "0"}});
        for (const Case& made : cases) write_case(suites, made, name);
        suites.close();
        tests += cases.size();
        failures += failures_of(cases);
    }
    Markup document;
    document.open("testsuites", {{"name", result.at("job").get<std::string>()},
                                 {"tests", std::to_string(tests)},
                                 {"failures", std::to_string(failures)},
                                 {"errors", "0"}});
    document.append(suites);
    document.close();
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" + document.str();
}

}  // namespace wetgate::qc

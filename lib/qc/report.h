#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "qc/finding.h"

namespace wetgate::qc {

/// A finding that the job accepts beforehand: check name ("*" for all), optional shot and frames, and why.
struct Accepted {
    std::string check;
    std::string shot;         ///< empty: every shot
    std::vector<int> frames;  ///< sorted; empty: every frame
    std::string reason;
};

/// What the whole report is about.
struct ReportHeader {
    std::string job, show, tool_version;
    nlohmann::json approval;
    nlohmann::json checks = nlohmann::json::array();  ///< as catalogue()
};

/// The gates, in the order of the report: a gate is closed by one Blocker of its check that is not accepted.
const std::vector<std::string>& gates();

/// The bit-stable part of the report: `shots` as merge_shot() gives them. Applies `accepted` to their
/// findings.
nlohmann::json make_result(const ReportHeader& header, std::vector<nlohmann::json> shots,
                           const std::vector<Accepted>& accepted);

/// "pass", "warn" (issues) or "fail" (a closed gate).
std::string verdict_of(const nlohmann::json& result);
/// The messages behind a verdict that is not "pass", worst first, at most `most`.
std::vector<std::string> reasons_of(const nlohmann::json& result, std::size_t most);

/// A quoted CSV cell; what a spreadsheet would take for a formula gets an apostrophe in front.
std::string csv_cell(std::string text);
/// report.csv: one line a finding.
std::string to_csv(const nlohmann::json& result);

}  // namespace wetgate::qc

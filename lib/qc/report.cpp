#include "qc/report.h"

#include <algorithm>
#include <sstream>

#include "core/escape.h"

namespace wetgate::qc {
namespace {

bool covers(const Accepted& accepted, const Finding& finding) {
    if (accepted.check != "*" && accepted.check != finding.check) return false;
    if (!accepted.shot.empty() && accepted.shot != finding.shot) return false;
    if (accepted.frames.empty()) return true;
    for (int frame = finding.first_frame; frame < finding.end_frame; ++frame) {
        if (!std::binary_search(accepted.frames.begin(), accepted.frames.end(), frame)) return false;
    }
    return true;
}

bool closes_gate(const nlohmann::json& finding) {
    return finding.at("severity") == "Blocker" && !finding.at("accepted").get<bool>();
}

}  // namespace

std::string csv_cell(std::string text) {
    text = one_line(text);  // a finding is one line
    if (!text.empty() && std::string("=+-@").find(text[0]) != std::string::npos) text.insert(0, "'");
    std::string quoted = "\"";
    for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
    return quoted + "\"";
}

const std::vector<std::string>& gates() {
    static const std::vector<std::string> names = {"missing_frame", "unreadable_frame", "non_finite",
                                                   "numbering",     "metadata",         "outside_matte",
                                                   "timecode",      "too_large"};
    return names;
}

nlohmann::json make_result(const ReportHeader& header, std::vector<nlohmann::json> shots,
                           const std::vector<Accepted>& accepted) {
    nlohmann::json counts = nlohmann::json::object();
    for (const std::string& gate : gates()) counts[gate] = {{"open", true}, {"findings", 0}, {"accepted", 0}};
    bool failed = false;
    bool issues = false;
    for (nlohmann::json& shot : shots) {
        for (nlohmann::json& json : shot.at("findings")) {
            Finding finding = finding_from_json(json);
            for (const Accepted& rule : accepted) {
                if (!covers(rule, finding)) continue;
                finding.accepted = true;
                finding.accept_reason = rule.reason;
            }
            json = to_json(finding);
            failed = failed || closes_gate(json);
            issues = issues || (finding.severity != Severity::Fyi && !finding.accepted);
            nlohmann::json& gate = counts[finding.check];
            if (gate.is_null()) gate = {{"open", true}, {"findings", 0}, {"accepted", 0}};
            gate["findings"] = gate["findings"].get<int>() + 1;
            if (finding.accepted) gate["accepted"] = gate["accepted"].get<int>() + 1;
            if (closes_gate(json)) gate["open"] = false;
        }
    }
    nlohmann::json fingerprint = shots.empty() ? nlohmann::json() : shots.front().at("fingerprint");
    nlohmann::json result = {
        {"tool", header.tool_version}, {"job", header.job},
        {"show", header.show},         {"approval", header.approval},
        {"fingerprint", fingerprint},  {"gates", counts},
        {"checks", header.checks},     {"verdict", failed ? "fail" : (issues ? "warn" : "pass")},
        {"shots", std::move(shots)}};
    if (!header.job_file.is_null()) result["job_file"] = header.job_file;
    return result;
}

std::string verdict_of(const nlohmann::json& result) {
    return result.at("verdict").get<std::string>();
}

std::vector<std::string> reasons_of(const nlohmann::json& result, std::size_t most) {
    std::vector<std::string> blockers, issues;
    for (const nlohmann::json& shot : result.at("shots")) {
        for (const nlohmann::json& finding : shot.at("findings")) {
            if (finding.at("accepted").get<bool>() || finding.at("severity") == "FYI") continue;
            auto& list = finding.at("severity") == "Blocker" ? blockers : issues;
            list.push_back(finding.at("shot").get<std::string>() + " frame " +
                           std::to_string(finding.at("first_frame").get<int>()) + " " +
                           finding.at("check").get<std::string>() + ": " +
                           finding.at("message").get<std::string>());
        }
    }
    blockers.insert(blockers.end(), issues.begin(), issues.end());
    if (blockers.size() > most) blockers.resize(most);
    return blockers;
}

std::string to_csv(const nlohmann::json& result) {
    std::ostringstream csv;
    csv << "shot,check,category,term,severity,accepted,frame_in,frame_out,timecode_in,timecode_out,value,"
           "threshold,threshold_source,"
           "message\n";
    for (const nlohmann::json& shot : result.at("shots")) {
        for (const nlohmann::json& json : shot.at("findings")) {
            const Finding finding = finding_from_json(json);
            csv << csv_cell(finding.shot) << ',' << csv_cell(finding.check) << ','
                << csv_cell(finding.category) << ',' << csv_cell(finding.term) << ','
                << to_string(finding.severity) << ',' << (finding.accepted ? "yes" : "no") << ','
                << finding.first_frame << ',' << finding.end_frame - 1 << ',' << csv_cell(finding.timecode_in)
                << ',' << csv_cell(finding.timecode_out) << ',' << json.at("value").dump() << ','
                << json.at("threshold").dump() << ',' << csv_cell(finding.threshold_source) << ','
                << csv_cell(finding.message) << '\n';
        }
    }
    return csv.str();
}

}  // namespace wetgate::qc

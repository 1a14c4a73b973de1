#include "qc/finding.h"

#include <map>
#include <utility>

namespace wetgate::qc {

std::string to_string(Severity severity) {
    switch (severity) {
        case Severity::Fyi:
            return "FYI";
        case Severity::Issue:
            return "Issue";
        case Severity::Blocker:
            return "Blocker";
    }
    return "FYI";
}

Severity parse_severity(const std::string& text) {
    if (text == "Blocker") return Severity::Blocker;
    return text == "Issue" ? Severity::Issue : Severity::Fyi;
}

nlohmann::json to_json(const Finding& finding) {
    nlohmann::json json = {{"check", finding.check},
                           {"category", finding.category},
                           {"term", finding.term},
                           {"severity", to_string(finding.severity)},
                           {"shot", finding.shot},
                           {"side", finding.side},
                           {"overridable", finding.overridable},
                           {"first_frame", finding.first_frame},
                           {"end_frame", finding.end_frame},
                           {"value", finding.value},
                           {"threshold", finding.threshold},
                           {"threshold_source", finding.threshold_source},
                           {"message", finding.message},
                           {"accepted", finding.accepted}};
    if (!finding.timecode_in.empty()) {
        json["timecode_in"] = finding.timecode_in;
        json["timecode_out"] = finding.timecode_out;
    }
    if (finding.accepted) json["accept_reason"] = finding.accept_reason;
    return json;
}

Finding finding_from_json(const nlohmann::json& json) {
    Finding finding;
    finding.check = json.at("check").get<std::string>();
    finding.category = json.at("category").get<std::string>();
    finding.term = json.at("term").get<std::string>();
    finding.severity = parse_severity(json.at("severity").get<std::string>());
    finding.shot = json.at("shot").get<std::string>();
    finding.side = json.value("side", "output");
    finding.overridable = json.value("overridable", true);
    finding.first_frame = json.at("first_frame").get<int>();
    finding.end_frame = json.at("end_frame").get<int>();
    finding.timecode_in = json.value("timecode_in", "");
    finding.timecode_out = json.value("timecode_out", "");
    finding.value = json.at("value").get<double>();
    finding.threshold = json.at("threshold").get<double>();
    finding.threshold_source = json.at("threshold_source").get<std::string>();
    finding.message = json.at("message").get<std::string>();
    finding.accepted = json.at("accepted").get<bool>();
    finding.accept_reason = json.value("accept_reason", "");
    return finding;
}

nlohmann::json joined(nlohmann::json findings) {
    nlohmann::json result = nlohmann::json::array();
    std::map<std::pair<std::string, std::string>, std::size_t> runs;  // where the latest one of each lies
    for (nlohmann::json& finding : findings) {
        const auto lasts = finding.find("lasts");
        if (lasts == finding.end()) {
            result.push_back(std::move(finding));
            continue;
        }
        const std::pair key(finding.at("check").get<std::string>(), lasts->get<std::string>());
        finding.erase(lasts);
        if (const auto known = runs.find(key); known != runs.end()) {
            nlohmann::json& run = result[known->second];
            if (finding.at("first_frame") <= run.at("end_frame")) {
                run["end_frame"] = finding.at("end_frame");
                if (finding.contains("timecode_out")) run["timecode_out"] = finding.at("timecode_out");
                if (finding.at("value") > run.at("value")) {
                    run["value"] = finding.at("value");
                    run["message"] = finding.at("message");
                }
                continue;
            }
        }
        runs[key] = result.size();
        result.push_back(std::move(finding));
    }
    return result;
}

}  // namespace wetgate::qc

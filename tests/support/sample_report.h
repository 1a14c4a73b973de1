#pragma once
#include <string>
#include <vector>

#include "qc/finding.h"
#include "qc/report.h"

namespace wetgate::qc {

inline Finding sample_finding(const std::string& shot, const std::string& check, Severity severity,
                              int frame) {
    Finding made;
    made.check = check;
    made.category = "VIDEO";
    made.term = "Pixel Error";
    made.severity = severity;
    made.shot = shot;
    made.first_frame = frame;
    made.end_frame = frame + 1;
    made.message = "message";
    return made;
}

/// A shot of frames [1001, 1001 + frames) at 24 a second with `metrics` metrics of both sides: input = place,
/// output = -place.
inline nlohmann::json sample_shot(const std::string& name, int frames, int metrics,
                                  const std::vector<Finding>& findings) {
    nlohmann::json shot = {{"name", name},
                           {"range", {1001, 1001 + frames}},
                           {"rate", "24"},
                           {"fingerprint", nullptr},
                           {"frames", nlohmann::json::array()},
                           {"findings", nlohmann::json::array()},
                           {"metrics", nlohmann::json::array()}};
    for (const Finding& finding : findings) shot["findings"].push_back(to_json(finding));
    nlohmann::json input = nlohmann::json::array(), output = nlohmann::json::array();
    for (int i = 0; i < frames; ++i) {
        input.push_back(i);
        output.push_back(-i);
        shot["frames"].push_back({{"frame", 1001 + i}, {"timecode", "01:00:00:00"}});
    }
    for (int i = 0; i < metrics; ++i) {
        shot["metrics"].push_back({{"name", "m" + std::to_string(i)},
                                   {"title", "Metric"},
                                   {"unit", "stops"},
                                   {"input", input},
                                   {"output", output}});
    }
    return shot;
}

inline nlohmann::json sample_report(std::vector<nlohmann::json> shots,
                                    const std::vector<Accepted>& accepted = {}) {
    return {
        {"schema", "wetgate.report/1"},
        {"result",
         make_result({"job", "show", "0.1.0", nlohmann::json::object()}, std::move(shots), accepted)},
        {"run", {{"host", "host"}, {"written", "2026-01-01T00:00:00Z"}, {"command", {"wetgate", "run"}}}}};
}

}  // namespace wetgate::qc

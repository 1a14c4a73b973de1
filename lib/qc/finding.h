#pragma once
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace wetgate::qc {

enum class Severity { Fyi, Issue, Blocker };

std::string to_string(Severity severity);
/// The severity of that name; FYI for text that is none.
Severity parse_severity(const std::string& text);

/// One occurrence of one fault, in the terms of the MovieLabs QC vocabulary. Never a summary: twenty faults
/// are twenty findings, and one that lasts for twenty frames is one.
struct Finding {
    std::string check;     ///< "non_finite"
    std::string category;  ///< "VIDEO"
    std::string term;      ///< "Pixel Error"
    Severity severity = Severity::Issue;
    std::string shot;
    std::string side = "output";  ///< or "input": only the source has it
    int first_frame = 0;          ///< frames [first_frame, end_frame)
    int end_frame = 0;
    std::string timecode_in, timecode_out;  ///< SMPTE, out exclusive; empty where the shot has no timecode
    double value = 0;
    double threshold = 0;
    std::string threshold_source;  ///< where the threshold comes from
    std::string message;           ///< for a person: what, and what to do
    bool overridable = true;       ///< a job may set another threshold or severity for the check
    bool accepted = false;         ///< listed in the job's qc.accept
    std::string accept_reason;
};

nlohmann::json to_json(const Finding& finding);
Finding finding_from_json(const nlohmann::json& json);

/// Findings of single frames, in their order, where those of a check that carry the same "lasts" (the name of
/// what goes on from frame to frame) have become one for each run of frames without a gap, with the greatest
/// value and its message.
nlohmann::json joined(nlohmann::json findings);

}  // namespace wetgate::qc

#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/frame_range.h"
#include "core/timecode.h"
#include "qc/facts.h"
#include "qc/finding.h"

namespace wetgate::qc {

/// The source's frames, or what was made of them.
enum class Side : std::uint8_t { Input, Output };

/// A pass with a limit, on one frame.
struct LimitedPass {
    std::size_t index = 0;  ///< in the shot's list
    std::string pass;
    double max_stops = 0, limit_stops = 0;
};

struct FrameFacts {
    /// Null where there is no such picture. An output that is its input, bit for bit, is the same object.
    std::shared_ptr<const PictureFacts> input, output;
    /// What outputs show that show another picture than `output` (a crop of their own), by their names.
    std::map<std::vector<std::string>, std::shared_ptr<const PictureFacts>> canvases;
    double touched = 0;  ///< share of the picture that passes changed
    std::vector<LimitedPass> limited;
    std::vector<std::string> thumbnails;  ///< which of before, after and touch lie in the work folder
};

/// A reference picture of the shot.
struct ReferenceFacts {
    std::string name;
    PictureFacts picture;
};

/// What a whole shot is judged by.
struct ShotFacts {
    std::string name;
    FrameRange range;
    Rate rate;
    std::optional<Timecode> start;   ///< of range.first, as the job or the first file says
    bool is_display_coded = false;   ///< the picture is coded for a display, Rec.709 or the like
    std::vector<FrameFacts> frames;  ///< one for each frame of the range
    /// Names of the outputs that show FrameFacts::output; of use where there are canvases.
    std::vector<std::string> outputs;
    std::vector<ReferenceFacts> references;

    /// Null where there is none.
    const PictureFacts* picture(Side side, std::size_t index) const {
        const FrameFacts& frame = frames.at(index);
        return (side == Side::Input ? frame.input : frame.output).get();
    }
};

/// What a check is, for people.
struct CheckInfo {
    std::string name;      ///< "freeze"
    std::string title;     ///< "Frozen picture"
    std::string category;  ///< MovieLabs QC vocabulary
    std::string term;
    Severity severity = Severity::Issue;
    std::string method;    ///< how it looks
    std::string standard;  ///< what it follows; empty: none
    double threshold = 0;
    std::string unit;  ///< of value and threshold
    std::string threshold_source;
    bool overridable = true;  ///< a job may set another threshold or severity
};

/// One time that a fault is there: frames [first, end), as indices into ShotFacts::frames.
struct Occurrence {
    std::size_t first = 0, end = 0;
    double value = 0;
    std::string message;
    std::optional<Severity> severity;  ///< where it differs from the check's
    std::string subject =
        {};  ///< which of several (a place, an edge): a fault of the source is mended by itself
};

/// Looks for one kind of fault in a shot. Sees the whole shot at once, so it has no state and no edge of a
/// shard.
class Check {
public:
    explicit Check(CheckInfo info) : info_(std::move(info)) {}
    virtual ~Check() = default;
    const CheckInfo& info() const { return info_; }
    /// Whether it has something to say of such a shot.
    virtual bool applies(const ShotFacts&, Side) const { return true; }
    virtual std::vector<Occurrence> find(const ShotFacts& shot, Side side, double threshold) const = 0;

private:
    CheckInfo info_;
};

/// All checks on pictures, in the order of the report.
const std::vector<std::unique_ptr<const Check>>& picture_checks();

/// Names that a job may set otherwise.
std::vector<std::string> overridable_checks();

/// What a job says of a check.
struct CheckSetting {
    bool enabled = true;
    std::optional<double> threshold;
    std::optional<Severity> severity;
};
using CheckSettings = std::map<std::string, CheckSetting>;  // by name

struct CheckResult {
    std::vector<Finding> findings;     ///< by frame, then check
    std::vector<std::string> checked;  ///< names, in the order of the report
};

/// Leaves out findings (as to_json() makes them) of checks that are off, and gives the others their severity.
/// For those that the pipeline makes by itself; run_checks() has done it.
void apply_settings(const CheckSettings& settings, nlohmann::json& findings);

/// Runs every check that applies, on the input, the output and each canvas. What is found in the source and
/// again in the output is listed once, as the output's; what only the source has (a pass mended it) is listed
/// as FYI of the input. Where there are canvases, a finding names the outputs that it is of.
CheckResult run_checks(const ShotFacts& shot, const CheckSettings& settings);

/// {"check", "title", ...} of all checks as the job sets them, also those that the pipeline makes by itself
/// (gates).
nlohmann::json catalogue(const CheckSettings& settings);

}  // namespace wetgate::qc

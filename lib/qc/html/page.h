#pragma once
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/frame_range.h"
#include "qc/html.h"
#include "qc/markup.h"

// What the parts of report.html share. Inside lib/qc/html only.
namespace wetgate::qc::page {

/// How many bytes a kind of content may still take. What does not fit is left out and said so.
class Budget {
public:
    explicit Budget(std::size_t bytes) : left_(bytes) {}
    bool take(std::size_t bytes) {
        if (bytes > left_) return false;
        left_ -= bytes;
        return true;
    }
    std::size_t left() const { return left_; }
    /// One of `parts` equal parts of what is left: a flooded shot leaves room for those after it.
    Budget part(std::size_t parts) {
        const std::size_t bytes = left_ / std::max<std::size_t>(parts, 1);
        left_ -= bytes;
        return Budget(bytes);
    }
    void give_back(const Budget& unused) { left_ += unused.left_; }

private:
    std::size_t left_;
};

/// Together with the page's fixed parts (0.2 MB) well below html_limit_bytes; pictures get what is left.
struct Budgets {
    Budget sections{2'200'000};  ///< of shots, without what follows
    Budget findings{800'000};
    Budget files{350'000};
    Budget plots{900'000};
};

// Values of the report, of whatever type they are, as text for a person. Long text is cut.
std::string clipped(std::string_view text, std::size_t limit_bytes = 1000);
std::string text_of(const nlohmann::json& value);
std::string text_of(const nlohmann::json& object, const char* key);
/// `fallback` where the key is absent or no number.
double number_of(const nlohmann::json& object, const char* key, double fallback);
/// The array under `key`; an empty one where there is none.
const nlohmann::json& list_of(const nlohmann::json& object, const char* key);
std::string number_text(double value);
/// "3 frames", "1 frame".
std::string counted(std::size_t count, const char* noun);

/// A finding, read once for sorting, counting and drawing.
struct FindingView {
    const nlohmann::json* json = nullptr;
    int severity = 0;  ///< 0 Blocker, 1 Issue, 2 FYI
    bool accepted = false;
    FrameRange frames;
    std::string title;  ///< of its check, for people; the check's name where the report has none
    std::string unit;
};
constexpr const char* severity_names[] = {"Blocker", "Issue", "FYI"};

/// What the page says of a shot.
struct ShotView {
    const nlohmann::json* json = nullptr;
    std::size_t number = 0;  ///< 1 for the report's first
    std::string name;
    FrameRange range;
    std::string verdict;                ///< "pass", "warn", "fail", as for the whole report
    std::vector<FindingView> findings;  ///< worst first, then by frame
    std::size_t open[3] = {};           ///< not accepted, by severity
    std::size_t accepted = 0;
    std::map<int, std::string> timecodes;      ///< of the frames that have one
    std::vector<const Thumbnail*> thumbnails;  ///< by frame
    bool left_out = false;                     ///< no room for its section
    std::string id() const { return "shot-" + std::to_string(number); }
};
std::vector<ShotView> shots_of(const nlohmann::json& result, std::span<const Thumbnail> thumbnails);

/// "1009-1040", or "1009".
std::string frames_text(const FrameRange& range);
/// A verdict or a severity as a word in a box; colour is not its only mark.
void badge(Markup& to, std::string_view kind, std::string_view word);

struct Column {
    std::string title;
    std::string kind = {};  ///< class of its cells: "number", "hash" (may break anywhere) or none
};
/// A table with its caption and header; the caller writes the rows between.
void open_table(Markup& to, std::string_view caption, const std::vector<Column>& columns,
                const Markup::Attributes& attributes = {});
void close_table(Markup& to);
void cell(Markup& to, const Column& column, std::string_view text);
/// A table of a list of objects, one column a key: `first` names the keys that come first, in order. Rows
/// that `budget` has no room for are counted below. Nothing for an empty list.
void object_table(Markup& to, std::string_view caption, const nlohmann::json& list,
                  const std::vector<std::string>& first, Budget& budget);
/// A description list of an object's members.
void object_list(Markup& to, const nlohmann::json& object);

void write_verdict(Markup& to, const nlohmann::json& result, const std::vector<ShotView>& shots);
void write_shot_table(Markup& to, const std::vector<ShotView>& shots);
void write_checks(Markup& to, const nlohmann::json& result);
void write_run(Markup& to, const nlohmann::json& report);

/// A shot's section: the pictures come between.
struct ShotSection {
    Markup head, tail;
    std::size_t size() const { return head.size() + tail.size(); }
};
ShotSection shot_section(const ShotView& shot, Budgets& budgets);
void write_findings(Markup& to, const ShotView& shot, Budget& budget);
void write_pictures(Markup& to, const ShotView& shot, Budget& budget);
void write_plots(Markup& to, const ShotView& shot);

/// JSON for report.js of the shots that have a section, safe inside a script element: the metrics, timecodes
/// and findings to draw.
std::string page_data(const std::vector<ShotView>& shots, Budget& budget);

}  // namespace wetgate::qc::page

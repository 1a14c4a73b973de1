#include <fmt/format.h>

#include <algorithm>

#include "qc/html/page.h"

namespace wetgate::qc::page {
namespace {

constexpr const char* severity_kinds[] = {"blocker", "issue", "fyi"};

std::string timecodes_text(const nlohmann::json& finding) {
    const std::string in = text_of(finding, "timecode_in"), out = text_of(finding, "timecode_out");
    return out.empty() ? in : in + " to " + out;
}

void write_row(Markup& to, const ShotView& shot, std::size_t index, const std::vector<Column>& columns) {
    const FindingView& finding = shot.findings[index];
    const nlohmann::json& json = *finding.json;
    to.open("tr", {{"id", fmt::format("finding-{}-{}", shot.number, index + 1)},
                   {"data-severity", severity_names[finding.severity]},
                   {"data-accepted", finding.accepted ? "yes" : "no"}});
    to.open("td");
    badge(to, severity_kinds[finding.severity], severity_names[finding.severity]);
    if (finding.accepted) to.element("span", "accepted", {{"class", "badge accepted"}});
    to.close();
    to.open("td", {{"class", "number"}, {"data-value", std::to_string(finding.frames.first)}});
    to.element("a", frames_text(finding.frames),
               {{"href", fmt::format("#plots-{}", shot.number)},
                {"data-frame", std::to_string(finding.frames.first)}});
    to.close();
    cell(to, columns[2], timecodes_text(json));
    to.open("td");
    to.element("b", finding.title);
    const std::string check = text_of(json, "check");
    if (check != finding.title) to.element("code", check);
    to.element("small", text_of(json, "category") + ": " + text_of(json, "term"));
    to.close();
    cell(to, columns[4], text_of(json, "side"));
    const std::string unit = finding.unit.empty() ? "" : " " + finding.unit;
    cell(to, columns[5], text_of(json, "value") + unit);
    cell(to, columns[6], text_of(json, "threshold") + unit);
    to.open("td");
    to.text(text_of(json, "message"));
    if (finding.accepted) to.element("em", "Accepted: " + text_of(json, "accept_reason"));
    const std::string source = text_of(json, "threshold_source");
    if (!source.empty()) to.element("small", "Threshold: " + source);
    to.close();
    to.close();
}

// One line a severity over the shot's frames: where its findings are. Frames that touch are one mark.
void write_lane(Markup& to, const ShotView& shot, int severity) {
    std::vector<FrameRange> marks;
    for (const FindingView& finding : shot.findings) {
        if (finding.severity == severity && !finding.frames.empty()) marks.push_back(finding.frames);
    }
    if (marks.empty() || shot.range.empty()) return;
    std::sort(marks.begin(), marks.end(),
              [](const FrameRange& a, const FrameRange& b) { return a.first < b.first; });
    constexpr double width = 1000;
    const double scale = width / shot.range.size();
    Markup drawn;
    std::string text;
    std::size_t count = 0;
    double drawn_to = -1;
    for (std::size_t i = 0; i < marks.size();) {
        FrameRange joined = marks[i];
        for (++i; i < marks.size() && marks[i].first <= joined.end; ++i)
            joined.end = std::max(joined.end, marks[i].end);
        if (++count <= 20) text += (text.empty() ? "" : ", ") + frames_text(joined);
        const double left = std::clamp((joined.first - shot.range.first) * scale, 0.0, width - 3);
        const double right = std::clamp((joined.end - shot.range.first) * scale, left + 3, width);
        if (right <= drawn_to) continue;  // under the mark before it, at this scale
        drawn.element("rect", "",
                      {{"x", fmt::format("{:.1f}", left)},
                       {"y", "0"},
                       {"width", fmt::format("{:.1f}", right - left)},
                       {"height", "10"}});
        drawn_to = right;
    }
    if (count > 20) text += fmt::format(" and {} more", count - 20);
    to.open("div", {{"class", std::string("lane ") + severity_kinds[severity]}});
    to.element("span", severity_names[severity]);
    to.open("svg", {{"viewBox", "0 0 1000 10"},
                    {"preserveAspectRatio", "none"},
                    {"role", "img"},
                    {"aria-label", fmt::format("{} at {}", severity_names[severity], text)}});
    to.append(drawn);
    to.close();
    to.close();
}

}  // namespace

void write_findings(Markup& to, const ShotView& shot, Budget& budget) {
    if (shot.findings.empty()) {
        to.element("p", "None.");
        return;
    }
    to.open("div", {{"class", "lanes"}});
    for (int severity = 0; severity < 3; ++severity) write_lane(to, shot, severity);
    to.open("div", {{"class", "lane ends"}});
    to.element("span", "Frame");
    to.element("span", std::to_string(shot.range.first));
    to.element("span", std::to_string(std::max(shot.range.first, shot.range.end - 1)));
    to.close();
    to.close();
    const std::vector<Column> columns = {
        {"Severity"}, {"Frames", "number"}, {"SMPTE in to out"},     {"Check"},
        {"Side"},     {"Value", "number"},  {"Threshold", "number"}, {"What, and what to do"}};
    open_table(to, "Findings of " + clipped(shot.name, 200), columns, {{"class", "findings"}});
    std::size_t left_out = 0;
    for (std::size_t i = 0; i < shot.findings.size(); ++i) {
        Markup row;
        if (left_out == 0) write_row(row, shot, i, columns);
        if (left_out > 0 || !budget.take(row.size())) {
            ++left_out;
            continue;
        }
        to.append(row);
    }
    close_table(to);
    if (left_out > 0) {
        to.element(
            "p", counted(left_out, "more finding") + ", none worse than these, in report.csv and report.json",
            {{"class", "note"}});
    }
}

}  // namespace wetgate::qc::page

#include <fmt/format.h>

#include <map>

#include "core/base64.h"
#include "qc/html/page.h"

namespace wetgate::qc::page {
namespace {

void write_heading(Markup& to, const ShotView& shot, const char* part, const char* title) {
    to.element("h4", title, {{"id", fmt::format("{}-{}", part, shot.number)}});
}

void write_summary(Markup& to, const ShotView& shot) {
    to.open("summary");
    to.element("h3", clipped(shot.name, 200));
    badge(to, shot.verdict,
          shot.verdict == "fail" ? "\u2715 FAIL" : (shot.verdict == "warn" ? "! WARN" : "\u2713 PASS"));
    std::string text = fmt::format("{}, {}", frames_text(shot.range),
                                   counted(static_cast<std::size_t>(shot.range.size()), "frame"));
    for (std::size_t severity = 0; severity < 3; ++severity) {
        if (shot.open[severity] > 0)
            text += fmt::format(", {} {}", shot.open[severity], severity_names[severity]);
    }
    if (shot.accepted > 0) text += fmt::format(", {} accepted", shot.accepted);
    to.element("span", text, {{"class", "meta"}});
    to.close();
}

void write_facts(Markup& to, const ShotView& shot) {
    nlohmann::json facts = nlohmann::json::object();
    for (const char* key : {"source", "colorspace", "rate"}) {
        if (shot.json->contains(key)) facts[key] = shot.json->at(key);
    }
    if (!shot.timecodes.empty()) {
        facts["timecode"] = shot.timecodes.begin()->second + " to " + shot.timecodes.rbegin()->second;
    }
    object_list(to, facts);
}

// The passes' rows, each with the mean of what the pass says in numbers of its frames (which share of a fill
// was copied, how sure a match was).
nlohmann::json passes_of(const nlohmann::json& shot) {
    struct Sum {
        double sum = 0;
        int frames = 0;
    };
    std::map<std::int64_t, std::map<std::string, Sum>> sums;  // by the pass's index
    for (const nlohmann::json& frame : list_of(shot, "frames")) {
        for (const nlohmann::json& pass : list_of(frame, "passes")) {
            const auto facts = pass.find("facts");
            if (facts == pass.end() || !facts->is_object()) continue;
            for (const auto& [name, value] : facts->items()) {
                if (!value.is_number()) continue;
                Sum& sum = sums[static_cast<std::int64_t>(number_of(pass, "index", -1))][name];
                sum.sum += value.get<double>();
                ++sum.frames;
            }
        }
    }
    nlohmann::json rows = list_of(shot, "passes");
    for (nlohmann::json& row : rows) {
        std::string text;
        for (const auto& [name, sum] : sums[static_cast<std::int64_t>(number_of(row, "index", -1))]) {
            text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, number_text(sum.sum / sum.frames));
        }
        if (!text.empty()) row["mean_facts"] = text;
    }
    return rows;
}

// What happened to single frames: those that failed or have a substitute.
void write_substitutes(Markup& to, const ShotView& shot, Budget& budget) {
    nlohmann::json rows = nlohmann::json::array();
    for (const nlohmann::json& frame : list_of(*shot.json, "frames")) {
        for (const char* what : {"failed", "substitute"}) {
            if (!frame.contains(what)) continue;
            nlohmann::json row = {{"frame", frame.value("frame", 0)}, {"what", what}};
            if (frame.at(what).is_object()) row.update(frame.at(what));
            rows.push_back(row);
        }
    }
    object_table(to, "Frames that failed or were substituted", rows,
                 {"frame", "what", "class", "policy", "why"}, budget);
}

void write_files(Markup& to, const ShotView& shot, Budget& budget) {
    nlohmann::json rows = nlohmann::json::array();
    for (const nlohmann::json& frame : list_of(*shot.json, "frames")) {
        for (const nlohmann::json& output : list_of(frame, "outputs")) {
            if (!output.is_object()) continue;
            nlohmann::json row = output;
            row["frame"] = frame.value("frame", 0);
            rows.push_back(std::move(row));
        }
    }
    if (rows.empty()) return;
    to.open("details", {{"class", "files"}});
    to.element("summary", counted(rows.size(), "file") + " with hashes");
    object_table(to, "Files of each frame", rows, {"frame", "name", "file", "bytes", "hash", "copied"},
                 budget);
    to.close();
}

void write_audit(Markup& to, const ShotView& shot, Budgets& budgets) {
    const nlohmann::json& json = *shot.json;
    Budget tables(100'000);  // of one shot: names and hashes, a few rows each
    write_heading(to, shot, "audit", "Passes, models and outputs");
    object_table(to, "What each pass changed", passes_of(json),
                 {"index", "pass", "enabled", "frames_touched", "mean_touched", "max_stops", "mean_facts"},
                 tables);
    object_table(to, "Which model touched which frames", list_of(json, "models"),
                 {"model", "pass", "index", "frames", "mean_touched", "licence", "sha256"}, tables);
    object_table(to, "Decisions (artefacts)", list_of(json, "artefacts"), {"index", "pass", "hash"}, tables);
    object_table(to, "Sidecar files", list_of(json, "sidecars"), {"file", "index", "pass", "hash"}, tables);
    object_table(to, "Files for review", list_of(json, "preview"), {"file", "frames", "hash"}, tables);
    object_table(to, "Outputs", list_of(json, "outputs"), {"name", "file", "frames", "bytes", "packets"},
                 tables);
    write_substitutes(to, shot, tables);
    Budget files = budgets.files.part(2);
    write_files(to, shot, files);
    budgets.files.give_back(files);
}

std::size_t bytes_of(const Thumbnail& thumbnail) {
    return (thumbnail.before.size() + thumbnail.after.size() + thumbnail.touch.size()) * 4 / 3 + 500;
}

std::string data_uri(const std::string& jpeg) {
    return "data:image/jpeg;base64," + to_base64({jpeg.begin(), jpeg.end()});
}

}  // namespace

void write_pictures(Markup& to, const ShotView& shot, Budget& budget) {
    if (shot.thumbnails.empty()) return;
    // Where there is no room for all, every second, third ... one.
    std::vector<const Thumbnail*> shown;
    for (std::size_t step = 1; step <= shot.thumbnails.size(); ++step) {
        std::size_t bytes = 0;
        shown.clear();
        for (std::size_t i = 0; i < shot.thumbnails.size(); i += step) {
            shown.push_back(shot.thumbnails[i]);
            bytes += bytes_of(*shown.back());
        }
        if (budget.take(bytes)) break;
        shown.clear();
    }
    write_heading(to, shot, "pictures", "Pictures");
    if (shown.size() < shot.thumbnails.size()) {
        to.element(
            "p",
            fmt::format("{} of {} frames, to keep this page small", shown.size(), shot.thumbnails.size()),
            {{"class", "note"}});
    }
    to.open("div", {{"class", "pictures"}, {"data-shot", std::to_string(shot.number)}});
    for (const Thumbnail* thumbnail : shown) {
        const std::string frame = std::to_string(thumbnail->frame);
        const auto timecode = shot.timecodes.find(thumbnail->frame);
        to.open("figure", {{"data-frame", frame}});
        to.element("figcaption",
                   "Frame " + frame + (timecode == shot.timecodes.end() ? "" : ", " + timecode->second));
        const auto picture = [&](const char* what, const std::string& jpeg) {
            if (jpeg.empty()) return;
            to.void_element("img", {{"class", what},
                                    {"alt", "Frame " + frame + ", " + what},
                                    {"loading", "lazy"},
                                    {"src", data_uri(jpeg)}});
        };
        picture("before", thumbnail->before);
        picture("after", thumbnail->after);
        picture("touch", thumbnail->touch);
        to.close();
    }
    to.close();
}

ShotSection shot_section(const ShotView& shot, Budgets& budgets) {
    ShotSection section;
    write_summary(section.head, shot);
    write_facts(section.head, shot);
    write_heading(section.head, shot, "findings", "Findings");
    Budget findings = budgets.findings.part(2);
    write_findings(section.head, shot, findings);
    budgets.findings.give_back(findings);
    if (!list_of(*shot.json, "metrics").empty()) {
        write_heading(section.tail, shot, "metrics", "Metrics over the shot");
        write_plots(section.tail, shot);
    }
    write_audit(section.tail, shot, budgets);
    return section;
}

}  // namespace wetgate::qc::page

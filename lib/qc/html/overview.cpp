#include <fmt/format.h>

#include "qc/html/page.h"
#include "qc/report.h"

namespace wetgate::qc::page {
namespace {

constexpr std::size_t reasons_shown = 8;

std::string verdict_sentence(const std::string& verdict) {
    if (verdict == "fail")
        return "A gate is closed: do not deliver before the findings below are mended or accepted.";
    if (verdict == "warn") return "Every gate is open; issues want a look before delivery.";
    return "Every gate is open and no issue is left.";
}

void write_counts(Markup& to, const std::vector<ShotView>& shots) {
    std::size_t open[3] = {}, accepted = 0;
    for (const ShotView& shot : shots) {
        for (int severity = 0; severity < 3; ++severity) open[severity] += shot.open[severity];
        accepted += shot.accepted;
    }
    to.open("ul", {{"class", "counts"}, {"aria-label", "Findings by severity"}});
    const auto count = [&](const char* kind, const char* word, std::size_t number) {
        to.open("li", {{"class", number > 0 ? kind : "none"}});
        to.element("strong", std::to_string(number));
        to.text(word);
        to.close();
    };
    count("blocker", "Blocker", open[0]);
    count("issue", "Issue", open[1]);
    count("fyi", "FYI", open[2]);
    count("accepted", "accepted", accepted);
    to.close();
}

// The worst findings first, over all shots, each a link to its row.
void write_reasons(Markup& to, const std::vector<ShotView>& shots) {
    std::size_t shown = 0, all = 0;
    to.open("ol", {{"class", "reasons"}});
    for (int severity = 0; severity < 2; ++severity) {
        for (const ShotView& shot : shots) {
            for (std::size_t i = 0; i < shot.findings.size(); ++i) {
                const FindingView& finding = shot.findings[i];
                if (finding.accepted || finding.severity != severity) continue;
                if (++all > reasons_shown) continue;
                ++shown;
                to.open("li");
                badge(to, severity == 0 ? "blocker" : "issue", severity_names[severity]);
                const std::string where = fmt::format("{} frame {} {}", clipped(shot.name, 200),
                                                      frames_text(finding.frames), finding.title);
                if (shot.left_out) {
                    to.element("b", where);
                } else {
                    to.element("a", where, {{"href", fmt::format("#finding-{}-{}", shot.number, i + 1)}});
                }
                to.element("span", clipped(text_of(*finding.json, "message"), 300));
                to.close();
            }
        }
    }
    to.close();
    if (all > shown)
        to.element("p", fmt::format("and {} more, listed with their shots", all - shown),
                   {{"class", "note"}});
}

void write_gates(Markup& to, const nlohmann::json& result) {
    const auto found = result.find("gates");
    if (found == result.end() || !found->is_object() || found->empty()) return;
    std::size_t closed = 0;
    for (const auto& [name, gate] : found->items()) closed += gate.value("open", true) ? 0 : 1;
    to.open("section", {{"aria-labelledby", "gates"}});
    to.element("h2", "Gates", {{"id", "gates"}});
    to.element("p", closed == 0 ? "All are open."
                                : counted(closed, "gate") + (closed == 1 ? " is" : " are") + " closed.");
    to.open("ul", {{"class", "gates"}});
    const auto write = [&](const std::string& name, const nlohmann::json& gate) {
        const bool open = gate.value("open", true);
        to.open("li", {{"class", open ? "open" : "closed"}});
        to.element("span", open ? "\u2713 open" : "\u2715 closed", {{"class", "state"}});
        to.element("b", name);
        const auto findings = static_cast<std::size_t>(number_of(gate, "findings", 0));
        const auto accepted = static_cast<std::size_t>(number_of(gate, "accepted", 0));
        if (findings > 0) {
            to.element("span", counted(findings, "finding") +
                                   (accepted > 0 ? fmt::format(", {} accepted", accepted) : std::string()));
        }
        to.close();
    };
    for (const bool wanted : {false, true}) {
        for (const auto& [name, gate] : found->items()) {
            if (gate.value("open", true) == wanted) write(clipped(name, 100), gate);
        }
    }
    to.close();
    to.close();
}

}  // namespace

void write_verdict(Markup& to, const nlohmann::json& result, const std::vector<ShotView>& shots) {
    const std::string verdict = text_of(result, "verdict");
    const std::string kind = verdict == "fail" || verdict == "warn" ? verdict : "pass";
    to.open("section", {{"class", "verdict " + kind}, {"aria-labelledby", "verdict"}});
    to.open("h2", {{"id", "verdict"}});
    to.element("span", "Verdict: ", {{"class", "hidden"}});
    to.text(kind == "fail" ? "\u2715 FAIL" : (kind == "warn" ? "! WARN" : "\u2713 PASS"));
    to.close();
    to.element("p", verdict_sentence(kind), {{"class", "sentence"}});
    write_counts(to, shots);
    if (kind != "pass") write_reasons(to, shots);
    to.close();
    write_gates(to, result);
}

void write_shot_table(Markup& to, const std::vector<ShotView>& shots) {
    const std::vector<Column> columns = {{"Shot"},          {"Verdict"},           {"Frames"},
                                         {"Rate"},          {"Blocker", "number"}, {"Issue", "number"},
                                         {"FYI", "number"}, {"Accepted", "number"}};
    constexpr std::size_t most = 1000;
    open_table(to, counted(shots.size(), "shot"), columns, {{"class", "shots"}});
    for (std::size_t i = 0; i < std::min(shots.size(), most); ++i) {
        const ShotView& shot = shots[i];
        to.open("tr");
        to.open("th", {{"scope", "row"}});
        if (shot.left_out) {
            to.text(clipped(shot.name, 200));
        } else {
            to.element("a", clipped(shot.name, 200), {{"href", "#" + shot.id()}});
        }
        to.close();
        to.open("td");
        badge(to, shot.verdict, shot.verdict == "fail" ? "FAIL" : (shot.verdict == "warn" ? "WARN" : "PASS"));
        to.close();
        cell(to, columns[2], fmt::format("{} ({})", frames_text(shot.range), shot.range.size()));
        cell(to, columns[3], text_of(*shot.json, "rate"));
        for (std::size_t severity = 0; severity < 3; ++severity)
            cell(to, columns[4 + severity], std::to_string(shot.open[severity]));
        cell(to, columns[7], std::to_string(shot.accepted));
        to.close();
    }
    close_table(to);
    if (shots.size() > most) {
        to.element("p", counted(shots.size() - most, "more shot") + " in report.json", {{"class", "note"}});
    }
}

void write_checks(Markup& to, const nlohmann::json& result) {
    const nlohmann::json& checks = list_of(result, "checks");
    if (checks.empty()) return;
    const std::vector<Column> columns = {{"Check"},          {"Vocabulary"}, {"Severity"},
                                         {"Method"},         {"Standard"},   {"Threshold", "number"},
                                         {"Threshold from"}, {"Overridable"}};
    to.open("section", {{"aria-labelledby", "checks"}});
    to.element("h2", "Checks", {{"id", "checks"}});
    open_table(to, "What was looked for, how, and where each threshold comes from", columns,
               {{"class", "checks"}});
    for (const nlohmann::json& check : checks) {
        to.open("tr");
        to.open("th", {{"scope", "row"}});
        to.text(text_of(check, "title"));
        to.element("code", text_of(check, "check"));
        to.close();
        cell(to, columns[1], text_of(check, "category") + ": " + text_of(check, "term"));
        cell(to, columns[2], text_of(check, "severity"));
        cell(to, columns[3], text_of(check, "method"));
        cell(to, columns[4], text_of(check, "standard"));
        const std::string unit = text_of(check, "unit");
        cell(to, columns[5], text_of(check, "threshold") + (unit.empty() ? "" : " " + unit));
        cell(to, columns[6], text_of(check, "threshold_source"));
        cell(to, columns[7], text_of(check, "overridable"));
        to.close();
    }
    close_table(to);
    to.close();
}

void write_run(Markup& to, const nlohmann::json& report) {
    const nlohmann::json& result = report.at("result");
    to.open("section", {{"aria-labelledby", "run"}});
    to.element("h2", "Environment and run", {{"id", "run"}});
    to.element("h3", "What the bits depend on");
    nlohmann::json environment = result.value("fingerprint", nlohmann::json());
    if (!environment.is_object()) environment = nlohmann::json::object();
    environment["wetgate"] = text_of(result, "tool");
    object_list(to, environment);
    if (const auto approval = result.find("approval"); approval != result.end() && approval->is_object()) {
        to.element("h3", "Approval");
        object_list(to, *approval);
    }
    if (const auto run = report.find("run"); run != report.end() && run->is_object()) {
        to.element("h3", "This run");
        nlohmann::json shown = *run;
        if (shown.contains("command")) {
            std::string command;
            for (const nlohmann::json& word : list_of(*run, "command")) command += text_of(word) + " ";
            shown["command"] = command;
        }
        object_list(to, shown);
    }
    to.close();
}

}  // namespace wetgate::qc::page

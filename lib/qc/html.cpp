#include "qc/html.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <numeric>

#include "core/base64.h"
#include "core/escape.h"
#include "qc/html/embedded.h"
#include "qc/html/page.h"

namespace wetgate::qc {
namespace page {
namespace {

// Note [The page's policy]. The page may show its own pictures, styles and scripts; nothing else may be
// fetched or sent. Styles and scripts are named by hash, so text that slipped through as markup could still
// not run. Two things follow. No element may have a style attribute, so dygraphs' legend, which writes some,
// is taken out by report.js. And the data must be in an element of type application/json, which a browser
// never runs and the policy does not touch.
std::string policy() {
    const auto source = [](const EmbeddedFile& file) {
        std::vector<std::uint8_t> digest;
        for (std::size_t i = 0; i + 1 < file.sha256.size(); i += 2)
            digest.push_back(
                static_cast<std::uint8_t>(std::stoi(std::string(file.sha256.substr(i, 2)), nullptr, 16)));
        return " 'sha256-" + to_base64(digest) + "'";
    };
    return "default-src 'none'; img-src data:; style-src" + source(plot_style) + source(page_style) +
           "; script-src" + source(plot_script) + source(page_script) +
           "; base-uri 'none'; form-action 'none'";
}

std::string filled(std::string_view text, const std::map<std::string_view, std::string_view>& values) {
    std::string out;
    for (std::size_t at = 0;;) {
        const std::size_t open = text.find("{{", at);
        if (open == std::string_view::npos) return out += text.substr(at);
        const std::size_t close = text.find("}}", open);
        out += text.substr(at, open - at);
        out += values.at(text.substr(open + 2, close - open - 2));
        at = close + 2;
    }
}

std::string title_of(const nlohmann::json& result) {
    std::string verdict = text_of(result, "verdict");
    for (char& c : verdict) c = static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    return verdict + ": " + clipped(text_of(result, "job"), 200) + " - wetgate QC report";
}

void write_header(Markup& to, const nlohmann::json& result) {
    to.open("header");
    to.element("p", "wetgate QC report", {{"class", "maker"}});
    to.element("h1", text_of(result, "job"));
    to.element("p", "Show " + text_of(result, "show"), {{"class", "show"}});
    to.close();
}

void write_footer(Markup& to) {
    to.open("footer");
    to.element("p", "The plots are drawn by dygraphs (MIT licence, in this page's source).");
    to.close();
}

// Sections by shot; worst shots first get room, in case there is not enough for all.
std::vector<ShotSection> sections_of(std::vector<ShotView>& shots, Budgets& budgets) {
    std::vector<std::size_t> order(shots.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    const auto rank = [&](std::size_t i) {
        return shots[i].open[0] > 0 ? 0 : (shots[i].open[1] > 0 ? 1 : 2);
    };
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return rank(a) < rank(b); });
    std::vector<ShotSection> sections(shots.size());
    for (const std::size_t i : order) {
        Budgets tried = budgets;
        ShotSection section = shot_section(shots[i], tried);
        const std::size_t elsewhere =
            budgets.findings.left() - tried.findings.left() + budgets.files.left() - tried.files.left();
        shots[i].left_out = !tried.sections.take(section.size() - elsewhere);
        if (shots[i].left_out) continue;
        budgets = tried;
        sections[i] = std::move(section);
    }
    return sections;
}

// The shot that is open at first: the first of the worst.
std::size_t opened_shot(const std::vector<ShotView>& shots) {
    for (const std::string_view verdict : {"fail", "warn", "pass"}) {
        for (const ShotView& shot : shots) {
            if (shot.verdict == verdict && !shot.left_out) return shot.number;
        }
    }
    return 0;
}

void write_shots(Markup& to, const std::vector<ShotView>& shots, const std::vector<ShotSection>& sections,
                 Budget& pictures) {
    to.open("section", {{"aria-labelledby", "shots"}});
    to.element("h2", "Shots", {{"id", "shots"}});
    write_shot_table(to, shots);
    const std::size_t left_out = static_cast<std::size_t>(
        std::count_if(shots.begin(), shots.end(), [](const auto& s) { return s.left_out; }));
    if (left_out > 0) {
        to.element("p",
                   "No section, to keep this page small, for " + counted(left_out, "shot") +
                       " without worse findings than the others: see report.json.",
                   {{"class", "note"}});
    }
    std::size_t to_show = static_cast<std::size_t>(std::count_if(
        shots.begin(), shots.end(), [](const auto& s) { return !s.left_out && !s.thumbnails.empty(); }));
    const std::size_t opened = opened_shot(shots);
    for (std::size_t i = 0; i < shots.size(); ++i) {
        const ShotView& shot = shots[i];
        if (shot.left_out) continue;
        Markup::Attributes attributes = {
            {"class", "shot"}, {"id", shot.id()}, {"data-shot", std::to_string(shot.number)}};
        if (shot.number == opened) attributes.emplace_back("open", "");
        to.open("details", attributes);
        to.append(sections[i].head);
        if (!shot.thumbnails.empty()) {
            Budget part = pictures.part(to_show--);
            write_pictures(to, shot, part);
            pictures.give_back(part);
        }
        to.append(sections[i].tail);
        to.close();
    }
    to.close();
}

std::string assembled(const nlohmann::json& report, std::span<const Thumbnail> thumbnails) {
    const nlohmann::json& result = report.at("result");
    Budgets budgets;
    std::vector<ShotView> shots = shots_of(result, thumbnails);
    const std::vector<ShotSection> sections = sections_of(shots, budgets);
    const std::string data = page_data(shots, budgets.plots);

    Markup header, verdict, rest, footer;
    write_header(header, result);
    write_verdict(verdict, result, shots);
    write_checks(rest, result);
    write_run(rest, report);
    write_footer(footer);
    std::size_t used = data.size() + header.size() + verdict.size() + rest.size() + footer.size() +
                       plot_script.text.size() + page_script.text.size() + page_style.text.size();
    for (const ShotSection& section : sections) used += section.size();
    constexpr std::size_t shot_table = 350'000;
    Budget pictures(html_limit_bytes - std::min(html_limit_bytes, used + shot_table));
    Markup main;
    main.append(verdict);
    write_shots(main, shots, sections, pictures);
    main.append(rest);
    return filled(page_template.text, {{"policy", escaped(policy())},
                                       {"title", escaped(title_of(result))},
                                       {"plot_style", plot_style.text},
                                       {"style", page_style.text},
                                       {"header", header.str()},
                                       {"main", main.str()},
                                       {"footer", footer.str()},
                                       {"data", data},
                                       {"plot_script", plot_script.text},
                                       {"script", page_script.text}});
}

}  // namespace
}  // namespace page

std::string to_html(const nlohmann::json& report, std::span<const Thumbnail> thumbnails) {
    return page::assembled(report, thumbnails);
}

}  // namespace wetgate::qc

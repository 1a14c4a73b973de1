#include "qc/html.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "support/sample_report.h"

namespace wetgate::qc {
namespace {

std::size_t count(const std::string& text, const std::string& part) {
    std::size_t found = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
    return found;
}

std::string between(const std::string& text, const std::string& from, const std::string& to) {
    const std::size_t begin = text.find(from) + from.size();
    return text.substr(begin, text.find(to, begin) - begin);
}

nlohmann::json data_of(const std::string& page) {
    return nlohmann::json::parse(between(page, "id=\"report-data\">", "</script>"));
}

}  // namespace

TEST_CASE("the verdict comes first, with the worst findings as links to their rows") {
    const std::string page =
        to_html(sample_report({sample_shot("a", 5, 0, {}),
                               sample_shot("b", 5, 0,
                                           {sample_finding("b", "flash", Severity::Issue, 1001),
                                            sample_finding("b", "nan", Severity::Blocker, 1003)})}),
                {});
    CHECK(page.find("\u2715 FAIL") < page.find("id=\"gates\""));
    CHECK(page.find("id=\"gates\"") < page.find("id=\"shots\""));
    CHECK(page.find("b frame 1003 nan") < page.find("b frame 1001 flash"));
    // The Blocker is the first row of the second shot, and that shot is the one that is open.
    CHECK(count(page, "href=\"#finding-2-1\"") == 1);
    CHECK(count(page, "id=\"finding-2-1\"") == 1);
    CHECK(count(page, "data-shot=\"2\" open=\"\"") == 1);
    CHECK(count(page, "data-shot=\"1\" open") == 0);
    CHECK(to_html(sample_report({sample_shot("a", 5, 0, {})}), {}).find("\u2713 PASS") != std::string::npos);
}

TEST_CASE("a page needs nothing from outside, and its policy names its own scripts and styles only") {
    const std::string page = to_html(sample_report({sample_shot("a", 5, 2, {})}), {});
    CHECK(count(page, "src=\"http") + count(page, "href=\"http") + count(page, "url(") == 0);
    CHECK(count(page, "sourceMappingURL") == 0);
    CHECK(count(page, " style=\"") ==
          count(between(page, "<script>", "</html>"), " style=\""));  // in dygraphs
    const std::string policy = between(page, "Content-Security-Policy\" content=\"", "\">");
    CHECK(policy.starts_with("default-src &#39;none&#39;; img-src data:; style-src &#39;sha256-"));
    CHECK(count(policy, "&#39;sha256-") == 4);
    CHECK(count(policy, "unsafe") == 0);
}

TEST_CASE("hostile names and messages stay text, in the tables and in the data") {
    const std::string name = "<script>alert(1)</script>\xff";
    Finding finding = sample_finding(name, "x", Severity::Blocker, 1002);
    finding.check = "</script><script>alert(2)</script>\u2028";
    finding.message = "\" onload=\"alert(3)";
    nlohmann::json shot = sample_shot(name, 5, 1, {finding});
    shot["metrics"][0]["title"] = "<!--<script>";
    const std::string page = to_html(sample_report({shot}), {});
    CHECK(count(page, "<script>alert") == 0);
    CHECK(count(page, "\" onload=\"") == 0);
    CHECK(count(page, "\xff") == 0);
    CHECK(count(page, "&lt;script&gt;alert(1)&lt;/script&gt;\ufffd") > 0);
    const nlohmann::json data = data_of(page);
    CHECK(data.at("shots")[0].at("findings")[0][3] == finding.check);
    CHECK(data.at("shots")[0].at("metrics")[0].at("title") == "<!--<script>");
}

TEST_CASE("the data has the metrics frame by frame, gaps as null, and timecodes as runs") {
    nlohmann::json shot = sample_shot("a", 4, 1, {sample_finding("a", "x", Severity::Fyi, 1002)});
    shot["metrics"][0]["input"][2] = nullptr;
    shot["metrics"][0]["threshold"] = 0.25;
    shot["metrics"][0].erase("output");
    const char* timecodes[] = {"00:00:59:22", "00:00:59:23", "00:01:00:00", "00:02:00:00"};
    for (std::size_t i = 0; i < 4; ++i) shot["frames"][i]["timecode"] = timecodes[i];
    const nlohmann::json data = data_of(to_html(sample_report({shot}), {})).at("shots")[0];
    CHECK(data.at("first") == 1001);
    CHECK(data.at("end") == 1005);
    CHECK(data.at("base") == 24);
    CHECK(data.at("timecodes") == nlohmann::json::parse(R"([[1001, "00:00:59:22"], [1004, "00:02:00:00"]])"));
    CHECK(data.at("findings") == nlohmann::json::parse(R"([[2, 1002, 1003, "x"]])"));
    const nlohmann::json& metric = data.at("metrics")[0];
    CHECK(metric.at("input") == nlohmann::json::parse("[0, 1, null, 3]"));
    CHECK(metric.at("threshold") == 0.25);
    CHECK_FALSE(metric.contains("output"));
    CHECK_FALSE(metric.contains("places"));
}

TEST_CASE("the figures of a plot are there without a script too") {
    const std::string page = to_html(sample_report({sample_shot("a", 5, 1, {})}), {});
    // input 0..4, output 0..-4: least, mean, most
    CHECK(count(page,
                "<td class=\"number\">0</td>\n<td class=\"number\">2</td>\n<td class=\"number\">4</td>") ==
          1);
    CHECK(count(page,
                "<td class=\"number\">-4</td>\n<td class=\"number\">-2</td>\n<td class=\"number\">0</td>") ==
          1);
}

TEST_CASE("a pass shows the mean of what it says of its frames in numbers") {
    nlohmann::json shot = sample_shot("a", 3, 0, {});
    shot["passes"] = {{{"index", 0}, {"pass", "remove"}, {"mean_touched", 0.25}}};
    const double copied[] = {0.5, 1, 0.75};
    for (std::size_t i = 0; i < 3; ++i) {
        shot["frames"][i]["passes"] = {{{"index", 0}, {"facts", {{"copied", copied[i]}, {"note", "text"}}}}};
    }
    const std::string page = to_html(sample_report({shot}), {});
    CHECK(count(page, "<td>copied 0.75</td>") == 1);
    CHECK(count(page, ">25 %</td>") == 1);
}

TEST_CASE("pictures are in the page as they are, by frame") {
    const std::string jpeg("\xff\xd8\xff\xe0\x00", 5);  // "/9j/4AA=" in base64
    const std::vector<Thumbnail> thumbnails = {
        {"a", 1003, jpeg, jpeg, ""}, {"a", 1002, jpeg, jpeg, jpeg}, {"other", 1, jpeg, jpeg, jpeg}};
    const std::string page = to_html(sample_report({sample_shot("a", 5, 0, {})}), thumbnails);
    CHECK(count(page, "src=\"data:image/jpeg;base64,/9j/4AA=\"") == 5);
    CHECK(page.find("data-frame=\"1002\"") < page.find("data-frame=\"1003\""));
    CHECK(count(page, "alt=\"Frame 1002, touch\"") == 1);
    CHECK(count(page, "alt=\"Frame 1003, touch\"") == 0);
}

TEST_CASE("parts that a report has not are left out") {
    nlohmann::json report = sample_report({sample_shot("a", 5, 0, {})});
    report["result"]["shots"][0].erase("metrics");
    const std::string page = to_html(report, {});
    CHECK(count(page, "id=\"checks\"") == 0);
    CHECK(count(page, "class=\"plots\"") == 0);
    CHECK(count(page, "class=\"pictures\"") == 0);
}

TEST_CASE("a page stays small, whatever is found, measured and shown") {
    const auto flood = [](const std::string& shot, int findings) {
        std::vector<Finding> list;
        for (int i = 0; i < findings; ++i) {
            list.push_back(
                sample_finding(shot, "dust", i % 7 == 0 ? Severity::Blocker : Severity::Issue, 1001 + i));
            list.back().message = std::string(3000, '<');
        }
        return list;
    };
    SUBCASE("one long shot with thousands of findings and large pictures") {
        const std::string picture(60'000, 'x');
        std::vector<Thumbnail> thumbnails;
        for (int i = 0; i < 60; ++i) thumbnails.push_back({"a", 1001 + i, picture, picture, picture});
        const std::string page =
            to_html(sample_report({sample_shot("a", 20'000, 30, flood("a", 5'000))}), thumbnails);
        CHECK(page.size() < html_limit_bytes);
        CHECK(count(page, "more findings, none worse than these") == 1);
        CHECK(count(page, "of 60 frames, to keep this page small") == 1);
        // Thinned out, the plots still show the extremes.
        const nlohmann::json metric = data_of(page).at("shots")[0].at("metrics")[0];
        CHECK(metric.at("input").size() < 20'000);
        CHECK(metric.at("input").size() == metric.at("places").size());
        CHECK(metric.at("places").front() == 0);
        CHECK(metric.at("places").back() == 19'999);
        CHECK(metric.at("output").back() == -19'999);
    }
    SUBCASE("hundreds of shots") {
        std::vector<nlohmann::json> shots;
        for (int i = 0; i < 600; ++i) {
            const std::string name = "sh" + std::to_string(i);
            shots.push_back(sample_shot(name, 50, 20, flood(name, i % 50 == 0 ? 40 : 0)));
        }
        const std::string page = to_html(sample_report(shots), {});
        CHECK(page.size() < html_limit_bytes);
        CHECK(count(page, "without worse findings than the others: see report.json") == 1);
        CHECK(count(page, "id=\"shot-551\"") == 1);  // the last that fails has its section
        CHECK(count(page, "<th scope=\"row\">") > 600);
    }
}

TEST_CASE("the same report gives the same bytes") {
    const nlohmann::json report = sample_report({sample_shot("a", 5, 2, {})});
    CHECK(to_html(report, {}) == to_html(nlohmann::json::parse(report.dump()), {}));
}

}  // namespace wetgate::qc

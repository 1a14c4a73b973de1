// report_page REPORT.json REPORT.html JUNIT.xml [SHOT FRAME BEFORE.jpg AFTER.jpg TOUCH.jpg]...
// The page and the JUnit file of a report, for end-to-end tests that bring their own report and pictures. "-"
// for TOUCH.jpg: none.
#include <cstdio>
#include <string>
#include <vector>

#include "core/atomic_file.h"
#include "qc/html.h"
#include "qc/junit.h"

int main(int argc, char** argv) {
    using wetgate::read_text;
    const std::vector<std::string> words(argv + 1, argv + argc);
    if (words.size() < 3 || (words.size() - 3) % 5 != 0) return 2;
    constexpr std::int64_t limit_bytes = 1 << 28;
    const nlohmann::json report = nlohmann::json::parse(read_text(words[0], limit_bytes));
    std::vector<wetgate::qc::Thumbnail> thumbnails;
    for (std::size_t i = 3; i < words.size(); i += 5) {
        thumbnails.push_back({words[i], std::stoi(words[i + 1]), read_text(words[i + 2], limit_bytes),
                              read_text(words[i + 3], limit_bytes),
                              words[i + 4] == "-" ? "" : read_text(words[i + 4], limit_bytes)});
    }
    wetgate::write_atomic(words[1], wetgate::qc::to_html(report, thumbnails));
    wetgate::write_atomic(words[2], wetgate::qc::to_junit(report.at("result")));
}

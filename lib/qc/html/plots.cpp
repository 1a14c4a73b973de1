#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "core/timecode.h"
#include "qc/html/page.h"

namespace wetgate::qc::page {
namespace {

// A side of a metric: NaN where a frame has no value. Empty where the metric has not this side.
std::vector<double> series_of(const nlohmann::json& metric, const char* side) {
    std::vector<double> values;
    for (const nlohmann::json& value : list_of(metric, side)) {
        values.push_back(value.is_number() ? value.get<double>() : std::numeric_limits<double>::quiet_NaN());
    }
    return values;
}

struct Figures {
    double least = std::numeric_limits<double>::infinity();
    double most = -std::numeric_limits<double>::infinity();
    double mean = 0;
    std::size_t count = 0;
};

Figures figures_of(const std::vector<double>& values) {
    Figures figures;
    double sum = 0;
    for (const double value : values) {
        if (!std::isfinite(value)) continue;
        figures.least = std::min(figures.least, value);
        figures.most = std::max(figures.most, value);
        sum += value;
        ++figures.count;
    }
    if (figures.count > 0) figures.mean = sum / static_cast<double>(figures.count);
    return figures;
}

// Places of the series that keep its shape: of every block of frames the extremes of both sides, and one
// place without a value, so that a gap stays one.
std::vector<std::size_t> kept_places(const std::vector<double>& input, const std::vector<double>& output,
                                     std::size_t limit) {
    const std::size_t count = std::max(input.size(), output.size());
    std::set<std::size_t> kept;
    constexpr std::size_t kept_a_block = 5;
    const std::size_t block = count <= limit ? 1 : (count * kept_a_block + limit - 1) / limit;
    for (std::size_t first = 0; first < count; first += block) {
        for (const std::vector<double>* series : {&input, &output}) {
            const std::size_t end = std::min(first + block, series->size());
            std::size_t least = end, most = end;
            for (std::size_t i = first; i < end; ++i) {
                const double value = (*series)[i];
                if (!std::isfinite(value)) {
                    kept.insert(i);
                    while (i + 1 < end && !std::isfinite((*series)[i + 1])) ++i;
                    continue;
                }
                if (least == end || value < (*series)[least]) least = i;
                if (most == end || value > (*series)[most]) most = i;
            }
            if (least < end) kept.insert({least, most});
        }
    }
    return {kept.begin(), kept.end()};
}

// For a script element: ASCII only, and no '<' that could end the element.
std::string json_text(std::string_view text) {
    const std::string dumped =
        nlohmann::json(text).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
    std::string safe;
    for (const char c : dumped) safe += c == '<' ? std::string("\\u003c") : std::string(1, c);
    return safe;
}

std::string number_json(double value) {
    return std::isfinite(value) ? fmt::format("{:.6g}", value) : std::string("null");
}

template <typename Items, typename Write>
std::string list_json(const Items& items, Write write) {
    std::string text = "[";
    for (const auto& item : items) text += (text.size() > 1 ? "," : "") + write(item);
    return text + "]";
}

std::string metric_json(const nlohmann::json& metric, std::size_t limit) {
    const std::vector<double> input = series_of(metric, "input"), output = series_of(metric, "output");
    const std::vector<std::size_t> kept = kept_places(input, output, limit);
    const auto side = [&](const std::vector<double>& series) {
        return list_json(kept,
                         [&](std::size_t i) { return i < series.size() ? number_json(series[i]) : "null"; });
    };
    std::string json = "{\"name\":" + json_text(text_of(metric, "name")) +
                       ",\"title\":" + json_text(text_of(metric, "title")) +
                       ",\"unit\":" + json_text(text_of(metric, "unit"));
    const double threshold = number_of(metric, "threshold", std::numeric_limits<double>::quiet_NaN());
    if (std::isfinite(threshold)) json += ",\"threshold\":" + number_json(threshold);
    if (!input.empty()) json += ",\"input\":" + side(input);
    if (!output.empty()) json += ",\"output\":" + side(output);
    if (kept.size() < std::max(input.size(), output.size()))
        json += ",\"places\":" + list_json(kept, [](std::size_t i) { return std::to_string(i); });
    return json + "}";
}

// SMPTE addresses as runs that count on: [frame, address of that frame].
std::string timecodes_json(const ShotView& shot) {
    constexpr std::size_t most = 500;
    const auto rate = parse_rate(text_of(*shot.json, "rate"));
    std::string json = "[";
    std::size_t runs = 0;
    std::optional<Timecode> before;
    int frame_before = 0;
    for (const auto& [frame, text] : shot.timecodes) {
        const auto timecode = rate ? parse_timecode(text, *rate) : std::nullopt;
        const bool goes_on = timecode && before && advanced(*before, frame - frame_before) == *timecode;
        before = timecode;
        frame_before = frame;
        if (goes_on) continue;
        if (++runs > most) break;
        json += fmt::format("{}[{},{}]", runs > 1 ? "," : "", frame, json_text(text));
    }
    return json + "]";
}

std::string findings_json(const ShotView& shot) {
    constexpr std::size_t most = 1000;
    std::vector<FindingView> drawn(
        shot.findings.begin(),
        shot.findings.begin() + static_cast<std::ptrdiff_t>(std::min(shot.findings.size(), most)));
    std::stable_sort(drawn.begin(), drawn.end(), [](const FindingView& a, const FindingView& b) {
        return a.frames.first < b.frames.first;
    });
    return list_json(drawn, [](const FindingView& finding) {
        return fmt::format("[{},{},{},{}]", finding.severity, finding.frames.first, finding.frames.end,
                           json_text(text_of(*finding.json, "check")));
    });
}

}  // namespace

void write_plots(Markup& to, const ShotView& shot) {
    const std::string id = fmt::format("plots-{}", shot.number);
    to.open("div", {{"class", "plots"}, {"id", id}});
    to.close();
    to.open("noscript");
    to.element("p", "The plots need JavaScript; the table has their figures.");
    to.close();
    const std::vector<Column> columns = {{"Metric"},         {"Unit"},           {"Input least", "number"},
                                         {"Mean", "number"}, {"Most", "number"}, {"Output least", "number"},
                                         {"Mean", "number"}, {"Most", "number"}, {"Threshold", "number"}};
    to.open("details", {{"class", "figures"}});
    to.element("summary", "The plots as a table");
    open_table(to, "Least, mean and greatest value of each metric over the shot", columns);
    for (const nlohmann::json& metric : list_of(*shot.json, "metrics")) {
        to.open("tr");
        to.element("th", text_of(metric, "title"), {{"scope", "row"}});
        cell(to, columns[1], text_of(metric, "unit"));
        for (const char* side : {"input", "output"}) {
            const Figures figures = figures_of(series_of(metric, side));
            for (const double value : {figures.least, figures.mean, figures.most})
                cell(to, columns[2], figures.count > 0 ? number_text(value) : "");
        }
        cell(to, columns[8], text_of(metric, "threshold"));
        to.close();
    }
    close_table(to);
    to.close();
}

std::string page_data(const std::vector<ShotView>& shots, Budget& budget) {
    std::size_t series = 1;
    for (const ShotView& shot : shots) {
        if (!shot.left_out) series += 2 * list_of(*shot.json, "metrics").size();
    }
    constexpr std::size_t bytes_a_value = 11, least_limit = 40;
    const std::size_t limit = std::max(least_limit, budget.left() / bytes_a_value / series);
    std::string json = "{\"shots\":[";
    bool first = true;
    for (const ShotView& shot : shots) {
        const nlohmann::json& metrics = list_of(*shot.json, "metrics");
        if (shot.left_out || metrics.empty()) continue;
        std::string drawn;
        std::size_t left_out = 0;
        for (const nlohmann::json& metric : metrics) {
            const std::string text = metric_json(metric, limit);
            if (!budget.take(text.size())) {
                ++left_out;
                continue;
            }
            drawn += (drawn.empty() ? "" : ",") + text;
        }
        std::string marks =
            fmt::format("\"timecodes\":{},\"findings\":{}", timecodes_json(shot), findings_json(shot));
        if (!budget.take(marks.size())) marks = "\"timecodes\":[],\"findings\":[]";
        const auto rate = parse_rate(text_of(*shot.json, "rate"));
        json += fmt::format(
            "{}{{\"number\":{},\"first\":{},\"end\":{},\"base\":{},\"left_out\":{},{},\"metrics\":[{}]}}",
            first ? "" : ",\n", shot.number, shot.range.first, shot.range.end, rate ? rate->nominal() : 24,
            left_out, marks, drawn);
        first = false;
    }
    return json + "]}";
}

}  // namespace wetgate::qc::page

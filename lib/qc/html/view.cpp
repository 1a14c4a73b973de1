#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "qc/html/page.h"

namespace wetgate::qc::page {
namespace {

int severity_rank(const std::string& name) {
    if (name == severity_names[0]) return 0;
    return name == severity_names[1] ? 1 : 2;
}

FrameRange range_of(const nlohmann::json& shot) {
    const nlohmann::json& range = list_of(shot, "range");
    if (range.size() != 2 || !range[0].is_number_integer() || !range[1].is_number_integer()) return {};
    return {range[0].get<int>(), range[1].get<int>()};
}

using Checks = std::map<std::string, const nlohmann::json*>;

FindingView finding_view(const nlohmann::json& json, const Checks& checks) {
    FindingView view;
    view.json = &json;
    view.title = text_of(json, "check");
    if (const auto check = checks.find(view.title); check != checks.end()) {
        view.title = text_of(*check->second, "title");
        view.unit = text_of(*check->second, "unit");
    }
    view.severity = severity_rank(text_of(json, "severity"));
    view.accepted = json.value("accepted", false);
    view.frames.first = static_cast<int>(number_of(json, "first_frame", 0));
    view.frames.end = static_cast<int>(number_of(json, "end_frame", view.frames.first + 1));
    return view;
}

}  // namespace

std::string clipped(std::string_view text, std::size_t limit_bytes) {
    if (text.size() <= limit_bytes) return std::string(text);
    // Not inside a character of several bytes.
    while (limit_bytes > 0 && (static_cast<unsigned char>(text[limit_bytes]) & 0xC0) == 0x80) --limit_bytes;
    return std::string(text.substr(0, limit_bytes)) + " ...";
}

std::string number_text(double value) {
    if (!std::isfinite(value)) return std::isnan(value) ? "NaN" : (value > 0 ? "Inf" : "-Inf");
    // Counts and sizes keep all their digits.
    if (value == std::floor(value) && std::abs(value) < 1e15) return fmt::format("{:.0f}", value);
    return fmt::format("{:.4g}", value);
}

std::string text_of(const nlohmann::json& value) {
    if (value.is_null()) return "";
    if (value.is_string()) return clipped(value.get_ref<const std::string&>());
    if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
    if (value.is_number_integer()) return value.dump();
    if (value.is_number()) return number_text(value.get<double>());
    const bool plain =
        value.is_array() && std::none_of(value.begin(), value.end(),
                                         [](const nlohmann::json& item) { return item.is_structured(); });
    if (!plain) return clipped(value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    std::string text;
    for (const nlohmann::json& item : value) {
        if (text.size() > 1000) return text + ", ...";
        text += (text.empty() ? "" : ", ") + text_of(item);
    }
    return text;
}

std::string text_of(const nlohmann::json& object, const char* key) {
    const auto found = object.find(key);
    return found == object.end() ? "" : text_of(*found);
}

double number_of(const nlohmann::json& object, const char* key, double fallback) {
    const auto found = object.find(key);
    return found != object.end() && found->is_number() ? found->get<double>() : fallback;
}

const nlohmann::json& list_of(const nlohmann::json& object, const char* key) {
    static const nlohmann::json none = nlohmann::json::array();
    const auto found = object.find(key);
    return found != object.end() && found->is_array() ? *found : none;
}

std::string counted(std::size_t count, const char* noun) {
    return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

std::string frames_text(const FrameRange& range) {
    if (range.size() <= 1) return std::to_string(range.first);
    return fmt::format("{}-{}", range.first, range.end - 1);
}

std::vector<ShotView> shots_of(const nlohmann::json& result, std::span<const Thumbnail> thumbnails) {
    Checks checks;
    for (const nlohmann::json& check : list_of(result, "checks")) checks[text_of(check, "check")] = &check;
    std::vector<ShotView> shots;
    for (const nlohmann::json& json : list_of(result, "shots")) {
        ShotView shot;
        shot.json = &json;
        shot.number = shots.size() + 1;
        shot.name = text_of(json, "name");
        shot.range = range_of(json);
        for (const nlohmann::json& finding : list_of(json, "findings")) {
            shot.findings.push_back(finding_view(finding, checks));
            const FindingView& view = shot.findings.back();
            (view.accepted ? shot.accepted : shot.open[view.severity]) += 1;
        }
        std::stable_sort(shot.findings.begin(), shot.findings.end(), [](const auto& a, const auto& b) {
            return std::tie(a.accepted, a.severity, a.frames.first) <
                   std::tie(b.accepted, b.severity, b.frames.first);
        });
        shot.verdict = shot.open[0] > 0 ? "fail" : (shot.open[1] > 0 ? "warn" : "pass");
        for (const nlohmann::json& frame : list_of(json, "frames")) {
            const std::string timecode = text_of(frame, "timecode");
            if (!timecode.empty()) shot.timecodes[static_cast<int>(number_of(frame, "frame", 0))] = timecode;
        }
        for (const Thumbnail& thumbnail : thumbnails) {
            if (thumbnail.shot == shot.name) shot.thumbnails.push_back(&thumbnail);
        }
        std::stable_sort(shot.thumbnails.begin(), shot.thumbnails.end(),
                         [](const Thumbnail* a, const Thumbnail* b) { return a->frame < b->frame; });
        shots.push_back(std::move(shot));
    }
    return shots;
}

}  // namespace wetgate::qc::page

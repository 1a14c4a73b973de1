#include "conform/otio_json.h"

#include <fmt/format.h>

#include <cmath>

#include "conform/text.h"

namespace wetgate::conform {
namespace {

std::optional<double> number_of(const nlohmann::json& node, const char* key) {
    const nlohmann::json& value = member(node, key);
    if (!value.is_number()) return std::nullopt;
    const double number = value.get<double>();
    return std::isfinite(number) ? std::optional(number) : std::nullopt;
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::string percent_decoded(std::string_view text) {
    std::string plain;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '%' && at + 2 < text.size()) {
            const int high = hex_digit(text[at + 1]);
            const int low = hex_digit(text[at + 2]);
            // "%04d" of a sequence would decode to a control character: it stays.
            if (high >= 0 && low >= 0 && high * 16 + low >= 0x20) {
                plain += static_cast<char>(high * 16 + low);
                at += 2;
                continue;
            }
        }
        plain += text[at];
    }
    return plain;
}

}  // namespace

std::string schema_of(const nlohmann::json& node) {
    const nlohmann::json& schema = member(node, "OTIO_SCHEMA");
    if (!schema.is_string()) return {};
    const auto& text = schema.get_ref<const std::string&>();
    return text.substr(0, text.find('.'));
}

const nlohmann::json& member(const nlohmann::json& node, const char* key) {
    static const nlohmann::json none;
    if (!node.is_object()) return none;
    const auto found = node.find(key);
    return found == node.end() ? none : *found;
}

std::string text_of(const nlohmann::json& node, const char* key) {
    const nlohmann::json& value = member(node, key);
    return value.is_string() ? clean_text(value.get_ref<const std::string&>()) : std::string();
}

std::optional<OtioTime> time_of(const nlohmann::json& node) {
    const auto value = number_of(node, "value");
    const auto rate = number_of(node, "rate");
    if (!value || !rate || !(*rate > 0) || *rate > 1000) return std::nullopt;
    return OtioTime{*value, *rate};
}

std::optional<OtioRange> range_of(const nlohmann::json& node) {
    const auto start = time_of(member(node, "start_time"));
    const auto duration = time_of(member(node, "duration"));
    if (!start || !duration || duration->value < 0) return std::nullopt;
    return OtioRange{*start, *duration};
}

Rate rate_of(double frames_a_second) {
    const auto rate = parse_rate(fmt::format("{:.6f}", frames_a_second));
    return rate.value_or(Rate{24, 1});
}

double frames_at(const OtioTime& time, const Rate& rate) {
    const Rate own = rate_of(time.rate);
    return own.nominal() == rate.nominal() ? time.value : time.value * rate.fps() / own.fps();
}

std::optional<std::int64_t> whole_frames(double frames) {
    const double whole = std::round(frames);
    if (!(std::abs(whole) < 1e12) || std::abs(frames - whole) > 0.01) return std::nullopt;
    return static_cast<std::int64_t>(whole);
}

std::string path_of_url(std::string_view url) {
    if (lower(url.substr(0, 5)) != "file:") return clean_text(url);
    url.remove_prefix(5);
    if (url.starts_with("//")) {  // a host (none, "localhost") up to the next slash
        url.remove_prefix(2);
        const std::size_t slash = url.find('/');
        url.remove_prefix(slash == std::string_view::npos ? url.size() : slash);
    }
    return clean_text(percent_decoded(url));
}

}  // namespace wetgate::conform

#include "conform/edl_line.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

#include "conform/text.h"

namespace wetgate::conform {
namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool all_digits(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

bool is_separator(char c) {
    return c == ':' || c == ';' || c == '.' || c == ',';
}

/// "12", "000012", "012A".
bool is_event_number(std::string_view word) {
    if (!word.empty() && word.size() > 1 && word.back() >= 'A' && word.back() <= 'Z') word.remove_suffix(1);
    return all_digits(word) && word.size() <= 6;
}

bool is_channel(std::string_view word) {
    if (word == "NONE" || word == "B") return true;
    const bool letters = std::all_of(word.begin(), word.end(), [](char c) {
        return c == 'V' || c == 'A' || c == 'B' || c == '/' || is_digit(c);
    });
    return letters && !word.empty() && (word.front() == 'V' || word.front() == 'A' || word.front() == 'B') &&
           word.size() <= 16;
}

bool is_transition(std::string_view word) {
    if (word == "C" || word == "D" || word == "K" || word == "KB" || word == "KO") return true;
    return word.size() >= 2 && word.size() <= 5 && word.front() == 'W' && all_digits(word.substr(1));
}

int small_number(std::string_view digits) {
    int value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return error == std::errc() ? value : -1;
}

using Words = std::vector<std::string_view>;

/// Takes "C", "D 024", "W001 024", "K B", "K O 012" or "D024" off the end of `head`.
bool take_transition(Words& head, EventLine& line) {
    if (head.size() >= 2 && all_digits(head.back()) && head.back().size() <= 6) {
        line.transition_frames = small_number(head.back());
        head.pop_back();
    }
    if (head.empty()) return false;
    std::string_view word = head.back();
    head.pop_back();
    if (!head.empty() && head.back() == "K" && (word == "B" || word == "O" || word == "(F)")) {
        line.transition = word == "(F)" ? "K" : "K" + std::string(word);
        head.pop_back();
        return true;
    }
    if (word.size() > 1 && word.front() == 'D' && all_digits(word.substr(1))) {
        line.transition_frames = small_number(word.substr(1));
        word = word.substr(0, 1);
    }
    line.transition = word;
    return is_transition(word);
}

/// What is left is [NUMBER] REEL [CHANNEL]; a CMX340 list has no channel.
bool take_front(Words& head, EventLine& line) {
    line.channel = "B";
    if (head.size() >= 2 && is_channel(head.back())) {
        line.channel = head.back();
        head.pop_back();
    }
    if (head.empty()) return false;
    if (head.size() >= 2 && is_event_number(head.front())) {
        line.number = head.front();
        head.erase(head.begin());
    }
    for (const std::string_view word : head) {
        if (!line.reel.empty()) line.reel += ' ';
        line.reel += word;
    }
    line.reel = clean_text(line.reel);
    return !line.reel.empty();
}

}  // namespace

bool is_time_word(std::string_view word) {
    if (word.size() != 11) return false;
    for (std::size_t i = 0; i < word.size(); ++i) {
        const bool between = i == 2 || i == 5 || i == 8;
        if (between ? !is_separator(word[i]) : !is_digit(word[i])) return false;
    }
    return true;
}

std::optional<EventLine> parse_event_line(std::string_view text) {
    const Words words = words_of(text);
    std::size_t first = 0;  // of four addresses in a row
    while (first + 4 <= words.size() &&
           !std::all_of(words.begin() + static_cast<std::ptrdiff_t>(first),
                        words.begin() + static_cast<std::ptrdiff_t>(first + 4), is_time_word)) {
        ++first;
    }
    if (first + 4 > words.size() || first < 2) return std::nullopt;
    EventLine line;
    for (std::size_t i = 0; i < 4; ++i) line.times[i] = words[first + i];
    Words head(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(first));
    if (!take_transition(head, line) || line.transition_frames < 0 || !take_front(head, line))
        return std::nullopt;
    return line;
}

std::optional<Timecode> parse_list_time(std::string_view word, const Rate& rate, bool drop) {
    if (!is_time_word(word)) return std::nullopt;
    const bool marked = word[2] == ';' || word[5] == ';' || word[8] == ';' || word[8] == ',';
    std::string plain(word);
    plain[2] = plain[5] = ':';
    plain[8] = marked || drop ? ';' : ':';
    return parse_timecode(plain, rate);
}

bool has_picture(std::string_view channel) {
    return channel == "B" || channel.find('V') != std::string_view::npos;
}

int video_layer(std::string_view channel) {
    const std::size_t at = channel.find('V');
    if (at == std::string_view::npos) return 1;
    std::size_t end = at + 1;
    while (end < channel.size() && end < at + 4 && is_digit(channel[end])) ++end;
    const std::string_view digits = channel.substr(at + 1, end - at - 1);
    return digits.empty() ? 1 : std::max(1, small_number(digits));
}

std::optional<SpeedLine> parse_speed_line(std::string_view text) {
    Words words = words_of(text);
    if (words.size() < 3 || words.front() != "M2") return std::nullopt;
    words.erase(words.begin());
    const auto time = std::find_if(words.begin(), words.end(), is_time_word);
    words.erase(time, words.end());
    if (words.empty()) return std::nullopt;
    const auto speed = parse_number(words.back());
    if (!speed) return std::nullopt;
    words.pop_back();
    SpeedLine line{{}, *speed};
    for (const std::string_view word : words) {
        if (!line.reel.empty()) line.reel += ' ';
        line.reel += word;
    }
    line.reel = clean_text(line.reel);
    return line;
}

std::optional<double> parse_number(std::string_view text) {
    text = trimmed(text);
    if (!text.empty() && text.front() == '+') text.remove_prefix(1);
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
        return std::nullopt;
    return value;
}

std::optional<std::array<double, 9>> parse_sop(std::string_view text) {
    std::string plain(text);
    for (char& c : plain) {
        if (c == '(' || c == ')' || c == ',') c = ' ';
    }
    const Words words = words_of(plain);
    std::array<double, 9> values{};
    if (words.size() != values.size()) return std::nullopt;
    for (std::size_t i = 0; i < values.size(); ++i) {
        const auto value = parse_number(words[i]);
        if (!value) return std::nullopt;
        values[i] = *value;
    }
    return values;
}

}  // namespace wetgate::conform

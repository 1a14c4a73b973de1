#include "core/timecode.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <numeric>

namespace wetgate {
namespace {

std::optional<int> whole_number(std::string_view text) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::optional<Rate> checked(std::int64_t num, std::int64_t den) {
    if (num <= 0 || den <= 0 || num > 1000 * den) return std::nullopt;
    const std::int64_t divisor = std::gcd(num, den);
    num /= divisor;
    den /= divisor;
    if (num > 1'000'000'000 || den > 1'000'000'000) return std::nullopt;
    return Rate{static_cast<int>(num), static_cast<int>(den)};
}

// Above 30 frames a second a time word counts pairs of frames; the field mark is set on the second of a pair
// (SMPTE ST 12-1). This is its place in OpenEXR's TV60 packing.
constexpr std::uint32_t frame_pair_mark = 1U << 15;

struct Address {
    int hours, minutes, seconds, frames;
};

// Drop-frame skips the first 2 (at 30) or 4 (at 60) frame numbers of each minute that is no multiple of ten
// (SMPTE ST 12-1:2014, section 5.2.2).
int dropped_a_minute(const Rate& rate) {
    return rate.nominal() / 15;
}

std::int64_t frames_a_day(const Rate& rate, bool drop) {
    const std::int64_t whole = std::int64_t{24} * 3600 * rate.nominal();
    return drop ? whole - std::int64_t{24} * 54 * dropped_a_minute(rate) : whole;
}

Address address_of(const Timecode& timecode) {
    const std::int64_t nominal = timecode.rate.nominal();
    const std::int64_t day = frames_a_day(timecode.rate, timecode.drop_frame);
    std::int64_t frame = ((timecode.frame % day) + day) % day;
    if (timecode.drop_frame) {
        const std::int64_t drop = dropped_a_minute(timecode.rate);
        const std::int64_t ten_minutes = 600 * nominal - 9 * drop;
        const std::int64_t one_minute = 60 * nominal - drop;
        const std::int64_t tens = frame / ten_minutes;
        const std::int64_t rest = frame % ten_minutes;
        frame += 9 * drop * tens;
        if (rest >= 60 * nominal) frame += drop * (1 + (rest - 60 * nominal) / one_minute);
    }
    const std::int64_t seconds = frame / nominal;
    return {static_cast<int>(seconds / 3600), static_cast<int>(seconds / 60 % 60),
            static_cast<int>(seconds % 60), static_cast<int>(frame % nominal)};
}

std::optional<Timecode> from_address(const Address& at, const Rate& rate, bool drop) {
    const int nominal = rate.nominal();
    if (at.hours < 0 || at.hours > 23 || at.minutes < 0 || at.minutes > 59 || at.seconds < 0 ||
        at.seconds > 59) {
        return std::nullopt;
    }
    if (at.frames < 0 || at.frames >= nominal) return std::nullopt;
    std::int64_t frame = (std::int64_t{at.hours} * 3600 + at.minutes * 60 + at.seconds) * nominal + at.frames;
    if (drop) {
        if (nominal != 30 && nominal != 60) return std::nullopt;
        const int dropped = dropped_a_minute(rate);
        if (at.minutes % 10 != 0 && at.seconds == 0 && at.frames < dropped)
            return std::nullopt;  // no such address
        const std::int64_t minutes = at.hours * 60 + at.minutes;
        frame -= dropped * (minutes - minutes / 10);
    }
    return Timecode{frame, rate, drop};
}

}  // namespace

std::optional<Rate> parse_rate(std::string_view text) {
    if (const auto slash = text.find('/'); slash != std::string_view::npos) {
        const auto num = whole_number(text.substr(0, slash));
        const auto den = whole_number(text.substr(slash + 1));
        if (!num || !den) return std::nullopt;
        return checked(*num, *den);
    }
    if (const auto whole = whole_number(text)) return checked(*whole, 1);
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
        return std::nullopt;
    if (!(value > 0) || value > 1000) return std::nullopt;
    for (const int nominal : {24, 30, 48, 60, 120}) {  // 23.976, 23.98, 29.97, 47.952, 59.94 ...
        if (std::abs(value - nominal * 1000.0 / 1001.0) < 0.006) return checked(nominal * 1000, 1001);
    }
    return checked(std::llround(value * 1000), 1000);
}

std::string to_string(const Rate& rate) {
    return rate.den == 1 ? std::to_string(rate.num)
                         : std::to_string(rate.num) + "/" + std::to_string(rate.den);
}

std::string to_string(const Timecode& timecode) {
    const Address at = address_of(timecode);
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%02d:%02d:%02d%c%02d", at.hours, at.minutes, at.seconds,
                  timecode.drop_frame ? ';' : ':', at.frames);
    return text.data();
}

std::optional<Timecode> parse_timecode(std::string_view text, const Rate& rate) {
    if (text.size() < 11 || text.size() > 12 || text[2] != ':' || text[5] != ':') return std::nullopt;
    if (text[8] != ':' && text[8] != ';' && text[8] != '.') return std::nullopt;
    const auto hours = whole_number(text.substr(0, 2));
    const auto minutes = whole_number(text.substr(3, 2));
    const auto seconds = whole_number(text.substr(6, 2));
    const auto frames = whole_number(text.substr(9));
    if (!hours || !minutes || !seconds || !frames) return std::nullopt;
    return from_address({*hours, *minutes, *seconds, *frames}, rate, text[8] != ':');
}

Timecode advanced(const Timecode& timecode, std::int64_t frames) {
    const std::int64_t day = frames_a_day(timecode.rate, timecode.drop_frame);
    Timecode moved = timecode;
    moved.frame = (((timecode.frame + frames) % day) + day) % day;
    return moved;
}

std::uint32_t packed_bcd(const Timecode& timecode) {
    const Address at = address_of(timecode);
    // ST 12-1 has two bits for the tens of frames: above 30 frames a second it counts frame pairs.
    const bool pairs = timecode.rate.nominal() > 39;
    const int frames = pairs ? at.frames / 2 : at.frames;
    const std::uint32_t second_of_pair = pairs && at.frames % 2 != 0 ? frame_pair_mark : 0U;
    const auto bcd = [](int value) { return static_cast<std::uint32_t>((value / 10) << 4 | (value % 10)); };
    return bcd(frames) | second_of_pair | (timecode.drop_frame ? 1U << 6 : 0U) | bcd(at.seconds) << 8 |
           bcd(at.minutes) << 16 | bcd(at.hours) << 24;
}

std::optional<Timecode> from_packed_bcd(std::uint32_t word, const Rate& rate) {
    const auto value = [word](int shift, std::uint32_t tens_mask) {
        const std::uint32_t units = word >> shift & 0xFU;
        const std::uint32_t tens = word >> (shift + 4) & tens_mask;
        return units > 9 ? -1 : static_cast<int>(tens * 10 + units);
    };
    int frames = value(0, 0x3);
    if (rate.nominal() > 39) frames = 2 * frames + ((word & frame_pair_mark) != 0 ? 1 : 0);
    const bool drop = (word & 1U << 6) != 0 && (rate.nominal() == 30 || rate.nominal() == 60);
    return from_address({value(24, 0x3), value(16, 0x7), value(8, 0x7), frames}, rate, drop);
}

}  // namespace wetgate

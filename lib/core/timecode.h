#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace wetgate {

/// Frames a second as a fraction; 24000/1001 stays exact.
struct Rate {
    int num = 24;
    int den = 1;

    double fps() const { return static_cast<double>(num) / den; }
    /// The whole number that timecode counts to (24 for 23.976, 30 for 29.97).
    int nominal() const { return (num + den - 1) / den; }
    bool operator==(const Rate&) const = default;
};

/// "24000/1001", "25", "23.976" (the usual NTSC decimals become their fractions). nullopt if it is no rate in
/// (0, 1000].
std::optional<Rate> parse_rate(std::string_view text);
std::string to_string(const Rate& rate);

/// SMPTE ST 12-1 time address: `frame` counts frames since 00:00:00:00 at `rate.nominal()`.
struct Timecode {
    std::int64_t frame = 0;
    Rate rate;
    bool drop_frame = false;

    bool operator==(const Timecode&) const = default;
};

/// HH:MM:SS:FF, with ';' before FF for drop-frame. Wraps at 24 hours.
std::string to_string(const Timecode& timecode);
/// Reads HH:MM:SS:FF or HH:MM:SS;FF (drop-frame; only at 30 and 60). nullopt if it is not a legal address at
/// `rate`.
std::optional<Timecode> parse_timecode(std::string_view text, const Rate& rate);
/// The address `frames` later (or earlier), wrapped at 24 hours.
Timecode advanced(const Timecode& timecode, std::int64_t frames);

/// The BCD time word of OpenEXR's timeCode attribute (TV60 packing: bit 6 is the drop-frame flag).
std::uint32_t packed_bcd(const Timecode& timecode);
std::optional<Timecode> from_packed_bcd(std::uint32_t time_and_flags, const Rate& rate);

}  // namespace wetgate

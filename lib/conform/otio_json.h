#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "core/timecode.h"

namespace wetgate::conform {

/// OTIO's RationalTime: `value` frames at `rate` a second.
struct OtioTime {
    double value = 0;
    double rate = 0;
};

struct OtioRange {
    OtioTime start, duration;
};

/// "Clip" of "Clip.2"; empty for what is no OTIO object.
std::string schema_of(const nlohmann::json& node);
/// A member, or null where `node` is no object or has none.
const nlohmann::json& member(const nlohmann::json& node, const char* key);
/// A text member as clean_text() leaves it; empty for anything else.
std::string text_of(const nlohmann::json& node, const char* key);

/// nullopt for null, for numbers that are not finite, and for rates outside (0, 1000].
std::optional<OtioTime> time_of(const nlohmann::json& node);
std::optional<OtioRange> range_of(const nlohmann::json& node);

/// The rate that a number of frames a second means: 23.976 and 23.98 are 24000/1001.
Rate rate_of(double frames_a_second);
/// `time` in frames of `rate`. Rates that count timecode to the same number (24 and 24000/1001) count the
/// same frames: tools mix them up within one file.
double frames_at(const OtioTime& time, const Rate& rate);
/// The whole number that `frames` is within a hundredth; nullopt between frames or outside +-1e12.
std::optional<std::int64_t> whole_frames(double frames);

/// The path of a target_url: "file://" and a host go, %41 is decoded there (not in plain paths, where it may
/// be a frame number).
std::string path_of_url(std::string_view url);

}  // namespace wetgate::conform

#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/frame_range.h"

namespace wetgate::spec {

/// Whose reading of `a-b:n` holds. Without one it is refused: 1-10:2 is 1,3,5,7,9 to OpenJD and Deadline, and
/// all ten frames (interleaved) to OpenCue.
enum class FramesSyntax : std::uint8_t { None, OpenJd, Deadline, OpenCue };

/// "none" "openjd" "deadline" "opencue".
std::optional<FramesSyntax> parse_frames_syntax(std::string_view text);

constexpr int most_frames = 1'000'000;
constexpr int largest_frame = 100'000'000;  ///< either sign

/// Reads `1001-1100`, `1001-1100x2` (every second), `1-10y3` (all but every third), `10-1x3`, `100-1x-5`,
/// `-5--1`, in lists parted by commas or spaces; padded with zeros or not. With Deadline also `1-100step5`,
/// `by5`, `every5` and `1:100:5`. Gives a sorted set. Error{Usage} with what to write instead for anything
/// else, for an empty set and for more than most_frames.
FrameSet parse_frames(std::string_view text, FramesSyntax syntax = FramesSyntax::None);

/// parse_frames() of a text that must name one run without gaps.
FrameRange parse_frame_range(std::string_view text, FramesSyntax syntax = FramesSyntax::None);

/// The shortest usual text of a set: `1001-1010,1012`, `1-9x2`. parse_frames() reads it back to the same set.
std::string print_frames(const FrameSet& frames);
std::string print_frames(const FrameRange& range);

}  // namespace wetgate::spec

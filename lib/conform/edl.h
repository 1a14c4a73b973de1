#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "conform/cut_list.h"

namespace wetgate::conform {

constexpr std::size_t most_edl_bytes = std::size_t{16} << 20;
constexpr std::size_t most_edl_line_bytes = 4096;

/// Reads a CMX3600 EDL as real tools write it (Avid, Resolve, Premiere, Final Cut, Flame, Nucoda; FILE32 and
/// FILE129 reels; CMX340 without channels; any line ends, tabs, lines without number). An EDL does not say
/// its frame rate: `rate` does. See Note [What an EDL leaves open].
///
/// Error{Input} with file:line for what is no EDL or exceeds the bounds; Error{Usage} where `rate` cannot be
/// the list's. An event line that cannot be read is an event that is Refused, with the reason.
CutList read_edl(std::string_view text, const std::string& name, const Rate& rate);

}  // namespace wetgate::conform

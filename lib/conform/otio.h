#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "conform/cut_list.h"

namespace wetgate::conform {

constexpr std::size_t most_otio_bytes = std::size_t{64} << 20;

/// Reads OpenTimelineIO JSON (.otio): the video tracks of a timeline, bottom to top, each clip an event.
/// Stacks and tracks within tracks are followed; transitions lengthen both their clips; clips under a time
/// effect are Refused, generators and disabled clips Skipped. Times are frame counts: the first frame of a
/// source is its available_range's start. `rate` counts record times (default: the timeline's own).
///
/// At most 64 MiB, 128 levels and 8 million values of strict JSON (spec/strict_json.h). Error{Input} with the
/// file and a JSON pointer for what is no timeline.
CutList read_otio(std::string_view text, const std::string& name, const std::optional<Rate>& rate);

}  // namespace wetgate::conform

#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "conform/cut_list.h"
#include "conform/media_pool.h"
#include "core/frame_range.h"
#include "core/log.h"

namespace wetgate::conform {

/// Where an event was found.
struct Match {
    std::size_t item = 0;  ///< index into the media
    FrameRange cut;        ///< numbers of `item` that the event shows, transition frames too
    FrameRange readable;   ///< with the handles that are there
    std::string by;        ///< "reel and timecode", "clip name and file number" ...
    /// Address of item.range.first, for media without timecode of their own whose place the list's timecode
    /// gave.
    std::optional<Timecode> start;
};

/// Note [How an event finds its media]
/// Identity first: reel = the media's reel; reel = its name; the list's file = its file; clip name = its
/// name; a reel of eight characters = the front of a longer reel or name (CMX cuts reels there). The first of
/// these that finds media which hold the whole source range decides; where that finds several, those are left
/// that agree in the other names too; still several is Ambiguous, never a guess.
///
/// Place second: by the timecode of the files, its addresses counted in the files' own mode (drop frame or
/// not); by file number for a sequence that an OTIO clip counts; by the list's available_range; for media
/// without timecode by file number (sequences, whose numbers then are frame counts since 00:00:00:00) or from
/// 00:00:00:00 on (movies). The first and last file's timecode must agree with that place.
///
/// One entry an event; nullopt where it is not conformed, and then `list` says why in verdict and reason.
std::vector<std::optional<Match>> match_events(CutList& list, const std::vector<MediaItem>& media,
                                               int handles, const Log& log);

}  // namespace wetgate::conform

#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "conform/cut_list.h"
#include "conform/edl_line.h"

namespace wetgate::conform {

/// An event line of an EDL with what the lines behind it say of it.
struct EdlEntry {
    EventLine line;
    CutEvent event;
    bool source_drop = false;  ///< FCM before the line
    std::int64_t source_frames = 0;
    std::string clip_to;      ///< of "TO CLIP NAME"
    bool from_named = false;  ///< "FROM CLIP NAME" was among the comments behind it
    bool folded = false;      ///< another event says what this line says
};

/// Whether `out` and `in` are the two lines of one dissolve, wipe or key: both of one number and track, the
/// first a cut.
bool is_transition_pair(const EdlEntry& out, const EdlEntry& in);

/// Gives the outgoing clip of each transition the frames that it shows: to the event that it goes on from,
/// else to the event of its own line. See Note [What an EDL leaves open].
void join_transitions(std::vector<EdlEntry>& entries);

}  // namespace wetgate::conform

#include "conform/edl_entry.h"

#include <fmt/format.h>

#include <cstddef>

#include "conform/text.h"

namespace wetgate::conform {
namespace {

/// Whether the clip of `out`, a line without length, is what `before` showed up to there.
bool goes_on(const EdlEntry& before, const EdlEntry& out) {
    const std::string& clip_before = before.event.clip;
    const std::string& clip_out = out.event.clip;
    return lower(before.line.reel) == lower(out.line.reel) &&
           before.event.source_out == out.event.source_in &&
           frames_between(before.event.record_in, out.event.record_in) == before.event.frames &&
           (clip_before.empty() || clip_out.empty() || lower(clip_before) == lower(clip_out));
}

void lengthen_outgoing(std::vector<EdlEntry>& entries, std::size_t index, int frames, const std::string& kind,
                       const std::string& note) {
    EdlEntry& out = entries[index];
    if (out.event.verdict == Verdict::Skipped) {  // out of black
        out.folded = out.event.frames == 0;
        return;
    }
    const bool is_empty = out.event.frames == 0 && out.event.verdict == Verdict::Conformed;
    for (std::size_t i = index; is_empty && i-- > 0;) {
        EdlEntry& before = entries[i];
        if (!has_picture(before.line.channel) || before.event.layer != out.event.layer) continue;
        if (!goes_on(before, out)) break;
        before.event.tail = frames;
        before.event.notes.push_back(note);
        out.folded = true;
        return;
    }
    out.event.tail = frames;
    out.event.notes.push_back(is_empty ? note + ": seen in the " + kind + " only" : note);
}

}  // namespace

bool is_transition_pair(const EdlEntry& out, const EdlEntry& in) {
    return out.line.number == in.line.number && in.line.transition_frames > 0 && in.line.transition != "C" &&
           out.event.layer == in.event.layer && out.line.transition == "C" && has_picture(out.line.channel) &&
           has_picture(in.line.channel);
}

void join_transitions(std::vector<EdlEntry>& entries) {
    for (std::size_t i = 0; i < entries.size(); ++i) {
        EdlEntry& in = entries[i];
        if (in.line.transition_frames == 0 || in.line.transition == "C") continue;
        const char letter = in.line.transition.front();
        const std::string kind = letter == 'W' ? "wipe" : letter == 'K' ? "key" : "dissolve";
        const std::string what = fmt::format("{} of {} frames", kind, in.line.transition_frames);
        in.event.notes.push_back(what + " in, within the cut");
        if (!in.clip_to.empty()) in.event.clip = in.clip_to;
        if (i > 0 && is_transition_pair(entries[i - 1], in))
            lengthen_outgoing(entries, i - 1, in.line.transition_frames, kind, what + " out, added");
        else
            in.event.notes.push_back("its outgoing line is missing: the clip before is not lengthened");
    }
}

}  // namespace wetgate::conform

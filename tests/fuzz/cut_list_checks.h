#pragma once
#include "conform/cut_list.h"
#include "conform/text.h"
#include "fuzz/input.h"

namespace wetgate::fuzz {

/// What every shot list promises, whatever it was read from.
inline void check_cut_list(const conform::CutList& list) {
    require(list.events.size() <= conform::most_events,
            "a list has no more events than a job may have shots");
    for (const conform::CutEvent& event : list.events) {
        for (const std::string* text :
             {&event.number, &event.track, &event.reel, &event.clip, &event.source_file, &event.reason})
            require(conform::is_plain_utf8(*text), "a list's texts are UTF-8 without control characters");
        require(event.verdict == conform::Verdict::Conformed || !event.reason.empty(),
                "what is set aside says why");
        require(event.verdict != conform::Verdict::Conformed || event.frames > 0,
                "what is conformed has frames");
        require(event.head >= 0 && event.tail >= 0, "a transition lengthens a cut");
    }
}

}  // namespace wetgate::fuzz

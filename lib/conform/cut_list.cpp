#include "conform/cut_list.h"

#include <algorithm>
#include <utility>

namespace wetgate::conform {

void set_aside(CutEvent& event, Verdict verdict, std::string reason) {
    if (event.verdict != Verdict::Conformed) return;
    event.verdict = verdict;
    event.reason = std::move(reason);
}

void note_overlaps(CutList& list) {
    constexpr std::size_t most_named = 3;
    std::vector<CutEvent*> by_start;
    for (CutEvent& event : list.events) {
        if (event.record_frames > 0 && event.verdict != Verdict::Skipped) by_start.push_back(&event);
    }
    std::stable_sort(by_start.begin(), by_start.end(), [](const CutEvent* a, const CutEvent* b) {
        return a->record_in.frame < b->record_in.frame;
    });
    std::vector<std::size_t> covers(by_start.size(), 0);
    const auto covered = [&](std::size_t under, const CutEvent& over) {
        if (++covers[under] > most_named) return;
        by_start[under]->notes.push_back("event " + over.number + " on " + over.track +
                                         " lies over it from " + to_string(over.record_in));
    };
    for (std::size_t i = 0; i < by_start.size(); ++i) {
        const std::int64_t end = by_start[i]->record_in.frame + by_start[i]->record_frames;
        for (std::size_t j = i + 1; j < by_start.size() && by_start[j]->record_in.frame < end; ++j) {
            if (by_start[j]->layer > by_start[i]->layer) covered(i, *by_start[j]);
            if (by_start[j]->layer < by_start[i]->layer) covered(j, *by_start[i]);
        }
    }
    for (std::size_t i = 0; i < by_start.size(); ++i) {
        if (covers[i] > most_named)
            by_start[i]->notes.push_back("and " + std::to_string(covers[i] - most_named) +
                                         " more events lie over it");
    }
}

}  // namespace wetgate::conform

#pragma once
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "conform/cut_list.h"
#include "conform/job_writer.h"
#include "conform/match.h"
#include "conform/media_pool.h"

namespace wetgate::conform {

/// How many events came to what.
struct Counts {
    int conformed = 0, skipped = 0, refused = 0, unmatched = 0, ambiguous = 0;
    int not_conformed() const { return refused + unmatched + ambiguous; }
};
Counts count(const CutList& list);

/// The word of the listing: "conformed", "skipped" ...
const char* word_of(Verdict verdict);

/// A table for people: event, reel, source and record times, frames, file and job frames, with reasons and
/// notes under each event, and what came of all in the last line.
std::string to_table(const CutList& list, const std::vector<MediaItem>& media,
                     const std::vector<std::optional<Match>>& matches, const MadeJob& job);

/// The same for scripts.
nlohmann::json to_json(const CutList& list, const std::vector<MediaItem>& media,
                       const std::vector<std::optional<Match>>& matches, const MadeJob& job);

}  // namespace wetgate::conform

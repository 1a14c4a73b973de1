#pragma once
#include <optional>
#include <string>
#include <vector>

#include "core/frame_range.h"
#include "media/movie_facts.h"
#include "qc/finding.h"

namespace wetgate::pipeline {

/// What a movie should be: nullopt and empty where nothing is known.
struct ExpectedMovie {
    std::string shot;
    FrameRange range;
    std::optional<Timecode> address;  ///< of the range's first frame: for the findings
    std::optional<std::int64_t> frames;
    std::optional<Timecode> start;  ///< of the movie's first picture
    std::string reel;
    std::optional<std::size_t> audio_tracks;
    /// Of the source's sound, where all of it was copied.
    std::vector<std::string> packet_hashes;
};

/// The checks `color_tags`, `audio` and `movie_start` of a movie as it says itself that it is.
std::vector<qc::Finding> check_movie(const media::MovieFacts& movie, const std::string& name,
                                     const ExpectedMovie& expected);

}  // namespace wetgate::pipeline

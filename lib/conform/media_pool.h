#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "core/frame_range.h"
#include "core/log.h"
#include "core/timecode.h"

namespace wetgate::conform {

/// A movie, or a numbered sequence of pictures, that lies under the media folder.
struct MediaItem {
    std::filesystem::path folder;  ///< absolute
    std::string pattern;           ///< file name as a job writes it: "A001.####.exr", "A001.mov"
    std::string prefix, suffix;    ///< of a sequence's file names; a movie's name is all prefix
    std::string stem;              ///< what people call it: no number, no extension
    bool is_sequence = false;
    FrameSet numbers;  ///< of a sequence: the files that exist
    FrameRange range;  ///< numbers of a sequence, first to last; [0, frames) of a movie

    Rate rate;
    bool rate_is_declared = false;
    std::optional<Timecode> start;  ///< of range.first
    std::string reel;
    std::string problem;  ///< why it cannot be used; empty when it can

    std::filesystem::path path(int number) const;
    std::string name() const { return (folder / pattern).string(); }
    bool has(int number) const;
};

enum class MediaChoice : std::uint8_t { Any, Sequences, Movies };

struct PoolLimits {
    std::size_t most_files = 5'000'000;  ///< entries of all folders
    std::size_t most_items = 100'000;
    int deepest = 32;  ///< folders within folders
};

/// Finds and opens what lies under `folder`, folders within folders too: EXR, DPX, Cineon, TIFF, PNG and JPEG
/// sequences (the last number of the name counts the frames) and movies, by extension; hidden files and
/// folders are passed over. Sorted by name. Items that cannot be opened or written in a job carry their
/// problem. `rate` is for media that do not say theirs. Error{Input} when the folder cannot be read or
/// exceeds the limits.
std::vector<MediaItem> find_media(const std::filesystem::path& folder, MediaChoice choice, const Rate& rate,
                                  const Log& log, const PoolLimits& limits = {});

/// The timecode in the header of one file of a sequence; nullopt where it has none or cannot be read.
std::optional<Timecode> timecode_of_file(const MediaItem& item, int number, const Log& log);

}  // namespace wetgate::conform

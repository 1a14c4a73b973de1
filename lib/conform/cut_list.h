#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/timecode.h"

namespace wetgate::conform {

/// ASC CDL numbers of an event, as the list has them.
struct ListedCdl {
    std::array<double, 3> slope{1, 1, 1};
    std::array<double, 3> offset{0, 0, 0};
    std::array<double, 3> power{1, 1, 1};
    double saturation = 1;
};

/// A numbered sequence that an OTIO clip names: file number = first_number + (time - available_in).
struct ListedSequence {
    std::string prefix, suffix;  ///< of the file name, around the number
    int first_number = 0;
};

/// What became of an event.
enum class Verdict : std::uint8_t {
    Conformed,
    Skipped,    ///< nothing to conform: audio, black, bars, disabled
    Refused,    ///< cannot be conformed as it is: a retime, a broken line
    Unmatched,  ///< no media has it
    Ambiguous   ///< several media have it
};

/// One clip of an edit. Texts are printable UTF-8 as far as the list was (see clean_text()).
struct CutEvent {
    std::string number;  ///< "012" as in the list; counted where the list has none
    std::string place;   ///< "cut.edl:12", for messages
    std::string track;   ///< "V", "V2"
    int layer = 1;       ///< a higher one lies over a lower one
    std::string reel;
    std::string clip;
    std::string source_file;                 ///< file name or path that the list names
    std::optional<ListedSequence> sequence;  ///< OTIO

    Timecode source_in;       ///< of the cut, without transition frames
    Timecode source_out;      ///< the frame behind it
    bool is_address = false;  ///< source times are HH:MM:SS:FF labels (EDL), not frame counts (OTIO)
    Timecode record_in;
    std::int64_t frames = 0;         ///< of the cut, in the source's frames
    std::int64_t record_frames = 0;  ///< the same in the list's
    int head = 0, tail = 0;          ///< frames more that a transition shows before and after the cut
    std::optional<std::int64_t> available_in, available_frames;  ///< OTIO: the media as the list knows it

    std::optional<ListedCdl> cdl;
    Verdict verdict = Verdict::Conformed;
    std::string reason;              ///< of any other verdict
    std::vector<std::string> notes;  ///< for people
};

/// A shot list, in the order of the file.
struct CutList {
    std::string file;  ///< its name, without folder
    std::string title;
    Rate rate;  ///< that record times count at
    std::vector<CutEvent> events;
    std::vector<std::string> notes;
};

constexpr std::size_t most_events = 10'000;  ///< as many shots as a job may have

/// Sets verdict and reason, unless another reason stands already.
void set_aside(CutEvent& event, Verdict verdict, std::string reason);

/// Notes on each event which ones of a higher layer lie over it in record time.
void note_overlaps(CutList& list);

}  // namespace wetgate::conform

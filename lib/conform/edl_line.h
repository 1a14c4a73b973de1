#pragma once
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "conform/cut_list.h"

namespace wetgate::conform {

/// The parts of an event line of a CMX3600 EDL: `001  REEL  V  D 024  IN OUT IN OUT`.
struct EventLine {
    std::string number;      ///< empty where the line has none
    std::string reel;        ///< as long as the tool writes it, with blanks where it has them
    std::string channel;     ///< "V", "A2", "AA/V", "B" (also where the line has none) ...
    std::string transition;  ///< "C", "D", "W001", "K", "KB", "KO"
    int transition_frames = 0;
    std::array<std::string, 4> times;  ///< source in, out, record in, out, as written
};

/// Whether a word has the form of an address: HH:MM:SS:FF with ':', ';', '.' or ',' between.
bool is_time_word(std::string_view word);

/// nullopt when the words are no event line: four addresses in a row with a reel and a transition before
/// them. Words behind the addresses are ignored.
std::optional<EventLine> parse_event_line(std::string_view line);

/// Reads an address as CMX lists write them: ';' (or ',' before the frames) is drop frame whatever `drop`
/// says;
/// '.' before the frames marks a field and changes nothing. nullopt when there is no such address at `rate`.
std::optional<Timecode> parse_list_time(std::string_view word, const Rate& rate, bool drop);

/// Whether a channel word has picture in it, and the number of the video track (1 for "V", 2 for "V2").
bool has_picture(std::string_view channel);
int video_layer(std::string_view channel);

/// `M2   REEL   SPEED   IN`: the speed in frames a second.
struct SpeedLine {
    std::string reel;
    double speed = 0;
};
std::optional<SpeedLine> parse_speed_line(std::string_view line);

/// The numbers of `ASC_SOP (r g b)(r g b)(r g b)` behind the word; nullopt when they are not nine finite
/// ones.
std::optional<std::array<double, 9>> parse_sop(std::string_view text);
/// A finite number with blanks around; nullopt for anything else.
std::optional<double> parse_number(std::string_view text);

}  // namespace wetgate::conform

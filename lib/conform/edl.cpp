#include "conform/edl.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <initializer_list>
#include <utility>

#include "conform/edl_entry.h"
#include "conform/edl_line.h"
#include "conform/text.h"
#include "core/error.h"

namespace wetgate::conform {
namespace {

// Note [What an EDL leaves open]
// - Drop frame: the first FCM line holds for the record times, the last one before an event for its source
//   times; an address with ';' is drop frame in any case. Lists get this wrong, so where the source runs as
//   long as the record only in the other mode, the event stays, and the media's own mode decides (see
//   match.h).
// - Retimes: M2 says so. A source that does not run as long as the record without an M2 is a retime too, or a
//   clip of another frame rate: refused, since which frames are shown is not in the list.
// - Dissolves and wipes are two lines of one number: a cut of no length for the outgoing clip (which goes on
//   from the event before, or comes from elsewhere) and the incoming clip with the length of the transition.
//   The outgoing clip is seen that much longer than its own event says.

bool is_black(const std::string& reel) {
    const std::string small = lower(reel);
    return small == "bl" || small == "black" || small == "blk";
}

bool is_bars(const std::string& reel) {
    const std::string small = lower(reel);
    return small == "bars" || small == "bar" || small == "color_bars" || small == "colour_bars" ||
           small == "smpte_bars";
}

/// `text` behind `front`, where it starts with it (case does not count).
std::optional<std::string_view> behind(std::string_view text, std::string_view front) {
    if (text.size() < front.size() || lower(text.substr(0, front.size())) != lower(front))
        return std::nullopt;
    return trimmed(text.substr(front.size()));
}

std::optional<std::string_view> behind_any(std::string_view text,
                                           std::initializer_list<std::string_view> fronts) {
    for (const std::string_view front : fronts) {
        if (const auto rest = behind(text, front)) return rest;
    }
    return std::nullopt;
}

class Reader {
public:
    Reader(const std::string& name, const Rate& rate) : name_(name), rate_(rate) {
        list_.rate = rate;
        list_.file = base_name(name);
    }

    void take(std::string_view line, std::size_t number) {
        line_ = number;
        if (line.size() > most_edl_line_bytes)
            throw refuse("is longer than " + std::to_string(most_edl_line_bytes) + " bytes: this is no EDL");
        if (line.find('\0') != std::string_view::npos)
            throw refuse("has NUL characters: save the list as plain text (UTF-8)");
        line = trimmed(line);
        if (line.empty()) return;
        if (take_continuation(line) || take_header(line) || take_event(line)) return;
        take_remark(line);
    }

    CutList finish() {
        if (!broken_.empty()) add_broken();
        if (entries_.empty()) {
            throw Error(ErrorKind::Input, "has no event line: this is no CMX3600 EDL",
                        {.file = name_, .shot = {}, .frame = {}});
        }
        for (EdlEntry& entry : entries_) check_lengths(entry);
        join_transitions(entries_);
        for (EdlEntry& entry : entries_) {
            if (entry.folded) continue;
            skip_generators(entry.event);
            if (entry.event.frames == 0 && entry.event.tail == 0)
                set_aside(entry.event, Verdict::Skipped, "has no frames");
            entry.event.record_frames = entry.event.frames;
            list_.events.push_back(std::move(entry.event));
        }
        return std::move(list_);
    }

private:
    std::string place() const { return name_ + ":" + std::to_string(line_); }

    Error refuse(const std::string& what) const {
        return Error(ErrorKind::Input, what, {.file = place(), .shot = {}, .frame = {}});
    }

    /// Premiere's own clips have reel AX and these names.
    static void skip_generators(CutEvent& event) {
        if (lower(event.reel) != "ax") return;
        const std::string clip = lower(event.clip);
        if (clip == "black video" || clip == "black") set_aside(event, Verdict::Skipped, "black");
        if (clip.starts_with("bars and tone")) set_aside(event, Verdict::Skipped, "colour bars");
    }

    EdlEntry* current() { return entries_.empty() ? nullptr : &entries_.back(); }

    /// Some tools break an event line before its addresses.
    bool take_continuation(std::string_view line) {
        if (broken_.empty()) return false;
        const auto words = words_of(line);
        if (words.size() == 4 && std::all_of(words.begin(), words.end(), is_time_word)) {
            const std::string whole = std::exchange(broken_, {}) + " " + std::string(line);
            return take_event(whole);
        }
        add_broken();
        return false;
    }

    bool take_header(std::string_view line) {
        if (const auto title = behind(line, "TITLE:")) {
            if (list_.title.empty()) list_.title = clean_text(*title);
            return true;
        }
        const auto mode = behind(line, "FCM:");
        if (!mode) return false;
        drop_ = lower(*mode).find("non") == std::string::npos && lower(*mode).find("drop") == 0;
        if (entries_.empty()) record_drop_ = drop_;
        if (drop_ && rate_.nominal() != 30 && rate_.nominal() != 60) {
            throw Error(ErrorKind::Usage,
                        "counts drop frame, which is for 29.97 and 59.94 only, but the rate is " +
                            to_string(rate_) + ": give the list's rate (--rate 30000/1001)",
                        {.file = place(), .shot = {}, .frame = {}});
        }
        return true;
    }

    bool take_event(std::string_view text) {
        if (text.front() == '*') return false;
        const auto line = parse_event_line(text);
        const auto words = words_of(text);
        if (!line) {
            const auto digit = [](char c) { return c >= '0' && c <= '9'; };
            const bool numbered =
                words.size() >= 2 && std::all_of(words.front().begin(), words.front().end(), digit);
            if (!numbered || words.front().size() > 6) return false;
            broken_ = text;  // perhaps the addresses are on the next line
            broken_line_ = line_;
            return true;
        }
        add(*line);
        return true;
    }

    CutEvent new_event(std::string number) {
        if (entries_.size() >= most_events) {
            throw refuse("is more than a list may have: " + std::to_string(most_events) +
                         " events; split the list by reel");
        }
        if (number.empty()) number = fmt::format("{:03}", last_number_ + 1);
        last_number_ = std::atoi(number.c_str());  // of digits and at most one letter
        CutEvent event;
        event.number = std::move(number);
        event.place = place();
        return event;
    }

    void add_broken() {
        const std::size_t here = std::exchange(line_, broken_line_);
        EdlEntry entry;
        entry.line.number = std::string(words_of(broken_).front());
        entry.line.transition = "C";
        entry.event = new_event(entry.line.number);
        set_aside(entry.event, Verdict::Refused,
                  "the line cannot be read as an event: " + std::string(cut_at(clean_text(broken_), 80)));
        entries_.push_back(std::move(entry));
        broken_.clear();
        line_ = here;
    }

    void add(const EventLine& line) {
        EdlEntry entry;
        entry.line = line;
        entry.source_drop = drop_;
        CutEvent& event = entry.event;
        event = new_event(line.number);
        entry.line.number = event.number;
        event.reel = line.reel;
        event.track = line.channel;
        event.layer = video_layer(line.channel);
        event.is_address = true;
        read_times(entry);
        if (line.channel == "NONE")
            set_aside(event, Verdict::Skipped, "has no picture (channel NONE)");
        else if (!has_picture(line.channel))
            set_aside(event, Verdict::Skipped, "audio only (channel " + clean_text(line.channel) + ")");
        else if (is_black(line.reel))
            set_aside(event, Verdict::Skipped, "black");
        else if (is_bars(line.reel))
            set_aside(event, Verdict::Skipped, "colour bars");
        if (line.transition.front() == 'K')
            event.notes.push_back("a key (" + line.transition + "): the composite is not made");
        entries_.push_back(std::move(entry));
    }

    void read_times(EdlEntry& entry) {
        std::array<Timecode, 4> times;
        for (std::size_t i = 0; i < times.size(); ++i) {
            const auto time =
                parse_list_time(entry.line.times[i], rate_, i < 2 ? entry.source_drop : record_drop_);
            if (time) {
                times[i] = *time;
                continue;
            }
            set_aside(entry.event, Verdict::Refused,
                      entry.line.times[i] + " is no address at " + to_string(rate_) +
                          " frames a second: is that the list's rate (--rate)?");
            return;
        }
        entry.event.source_in = times[0];
        entry.event.source_out = times[1];
        entry.event.record_in = times[2];
        entry.source_frames = frames_between(times[0], times[1]);
        entry.event.frames = frames_between(times[2], times[3]);
    }

    /// The span of a pair of addresses when they are read in the other mode; -1 where it has no such address.
    std::int64_t other_span(const std::string& in, const std::string& out, bool drop) const {
        if (in.find_first_of(";,") != std::string::npos || out.find_first_of(";,") != std::string::npos) {
            const auto plain = [](std::string text) {
                for (char& c : text) c = c == ';' || c == ',' ? ':' : c;
                return text;
            };
            return drop ? -1 : other_span(plain(in), plain(out), true);
        }
        const auto a = parse_list_time(in, rate_, !drop);
        const auto b = parse_list_time(out, rate_, !drop);
        return a && b ? frames_between(*a, *b) : -1;
    }

    void check_lengths(EdlEntry& entry) {
        CutEvent& event = entry.event;
        if (event.verdict != Verdict::Conformed || entry.source_frames == event.frames) return;
        // The record side may follow a later FCM line, the source side may have been written under a wrong
        // one.
        const auto& times = entry.line.times;
        if (const std::int64_t record = other_span(times[2], times[3], record_drop_);
            record == entry.source_frames) {
            event.frames = record;
            return;
        }
        if (other_span(times[0], times[1], entry.source_drop) == event.frames) return;
        set_aside(event, Verdict::Refused,
                  fmt::format("a retime: the source has {} frames, the record {}; which frames are shown is "
                              "not in the list",
                              entry.source_frames, event.frames));
    }

    void take_remark(std::string_view line) {
        EdlEntry* entry = current();
        if (const auto speed = parse_speed_line(line)) {
            if (entry != nullptr) take_speed(*speed);
            return;
        }
        if (entry == nullptr) return;
        if (const auto reels = behind(line, "FINAL CUT PRO REEL:")) {
            take_long_reel(*entry, *reels);
            return;
        }
        if (line.front() == '*') line = trimmed(line.substr(1));
        take_comment(*entry, line);
    }

    void take_comment(EdlEntry& entry, std::string_view line) {
        CutEvent& event = entry.event;
        if (const auto from = behind(line, "FROM CLIP NAME:")) {
            EdlEntry& owner = outgoing_of(entry);
            if (owner.event.clip.empty()) owner.event.clip = clean_text(*from);
            entry.from_named = true;
        } else if (const auto to = behind(line, "TO CLIP NAME:")) {
            entry.clip_to = clean_text(*to);
        } else if (const auto from_file = behind_any(line, {"FROM FILE:", "FROM CLIP:"})) {
            outgoing_of(entry).event.source_file = clean_text(*from_file);
        } else if (const auto to_file = behind_any(line, {"TO FILE:", "TO CLIP:"})) {
            event.source_file = clean_text(*to_file);
        } else if (const auto file = behind(line, "SOURCE FILE:")) {
            named_last(entry).event.source_file = clean_text(*file);
        } else if (const auto sop = behind(line, "ASC_SOP")) {
            take_sop(named_last(entry).event, *sop);
        } else if (const auto sat = behind(line, "ASC_SAT")) {
            take_saturation(named_last(entry).event, *sat);
        } else if (const auto locator = behind(line, "LOC:")) {
            if (event.notes.size() < 8) event.notes.push_back("marker: " + clean_text(*locator));
        } else if (behind(line, "FREEZE FRAME") || behind(line, "* FREEZE FRAME")) {
            set_aside(event, Verdict::Refused, "a freeze frame");
        }
    }

    /// The other line of a transition, which comments behind both may mean; else the line itself.
    EdlEntry& outgoing_of(EdlEntry& entry) {
        if (entries_.size() < 2 || &entry != &entries_.back()) return entry;
        EdlEntry& before = entries_[entries_.size() - 2];
        return is_transition_pair(before, entry) ? before : entry;
    }

    /// Which side of a transition a comment without FROM or TO is about: the one that was named last, else
    /// the incoming one.
    EdlEntry& named_last(EdlEntry& entry) {
        return entry.from_named && entry.clip_to.empty() ? outgoing_of(entry) : entry;
    }

    void take_speed(const SpeedLine& speed) {
        // The line of the event that names this reel; with one reel on both sides, the incoming one.
        EdlEntry* entry = current();
        EdlEntry& before = outgoing_of(*entry);
        const std::string reel = lower(speed.reel);
        if (lower(entry->line.reel) != reel && lower(before.line.reel) == reel) entry = &before;
        const double usual = rate_.fps();
        if (std::abs(speed.speed - usual) < 0.06 || std::abs(speed.speed - rate_.nominal()) < 0.06) return;
        set_aside(entry->event, Verdict::Refused,
                  speed.speed == 0 ? "a freeze frame (M2 speed 0)"
                                   : fmt::format("a retime: M2 speed {:.1f} at {} frames a second ({:.0f} %)",
                                                 speed.speed, to_string(rate_), 100 * speed.speed / usual));
    }

    static void take_long_reel(EdlEntry& entry, std::string_view text) {
        const std::size_t at = text.find(" REPLACED BY:");
        if (at == std::string_view::npos) return;
        const std::string shown = clean_text(text.substr(at + 13));
        if (lower(shown) == lower(entry.event.reel)) entry.event.reel = clean_text(text.substr(0, at));
    }

    static void take_sop(CutEvent& event, std::string_view text) {
        if (!text.empty() && text.front() == ':') text.remove_prefix(1);
        const auto values = parse_sop(text);
        const bool usable =
            values &&
            std::all_of(values->begin(), values->begin() + 3, [](double slope) { return slope >= 0; }) &&
            std::all_of(values->begin() + 6, values->end(), [](double power) { return power > 0; });
        if (!usable) {
            event.notes.emplace_back("its ASC_SOP is no CDL (nine numbers, slope >= 0, power > 0): left out");
            return;
        }
        ListedCdl& cdl = event.cdl ? *event.cdl : event.cdl.emplace();
        for (std::size_t c = 0; c < 3; ++c) {
            cdl.slope[c] = (*values)[c];
            cdl.offset[c] = (*values)[3 + c];
            cdl.power[c] = (*values)[6 + c];
        }
    }

    static void take_saturation(CutEvent& event, std::string_view text) {
        if (!text.empty() && text.front() == ':') text.remove_prefix(1);
        const auto value = parse_number(text);
        if (!value || *value < 0) {
            event.notes.emplace_back("its ASC_SAT is no number >= 0: left out");
            return;
        }
        if (!event.cdl) event.cdl.emplace();
        event.cdl->saturation = *value;
    }

    const std::string& name_;
    Rate rate_;
    CutList list_;
    std::vector<EdlEntry> entries_;
    std::string broken_;
    std::size_t broken_line_ = 0;
    std::size_t line_ = 0;
    int last_number_ = 0;
    bool drop_ = false;
    bool record_drop_ = false;
};

}  // namespace

CutList read_edl(std::string_view text, const std::string& name, const Rate& rate) {
    if (text.size() > most_edl_bytes) {
        throw Error(ErrorKind::Input, "is larger than 16 MiB: this is no EDL",
                    {.file = name, .shot = {}, .frame = {}});
    }
    if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
        throw Error(ErrorKind::Input, "is UTF-16: save the list as plain text (UTF-8)",
                    {.file = name + ":1", .shot = {}, .frame = {}});
    }
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    Reader reader(name, rate);
    std::size_t number = 0;
    for (std::size_t at = 0; at < text.size();) {  // lines end with LF, CR LF or CR
        const std::size_t end = std::min(text.find_first_of("\r\n", at), text.size());
        reader.take(text.substr(at, end - at), ++number);
        at = end + (text.substr(end, 2) == "\r\n" ? 2 : 1);
    }
    CutList list = reader.finish();
    note_overlaps(list);
    return list;
}

}  // namespace wetgate::conform

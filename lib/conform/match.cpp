#include "conform/match.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <utility>

#include "conform/text.h"

namespace wetgate::conform {
namespace {

/// A place in one item, or why the event is not there.
struct Place {
    std::optional<FrameRange> cut;
    std::string by;
    std::optional<Timecode> start;
    std::string reason;
    bool is_retime = false;
};

std::string text_of(const FrameRange& range) {
    return std::to_string(range.first) + "-" + std::to_string(range.end - 1);
}

/// 'A001' -> 'a001': letters' case, and what tools put for blanks and dots, do not count.
std::string loose(std::string_view text) {
    std::string key = lower(text);
    for (char& c : key) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!plain && static_cast<unsigned char>(c) < 0x80) c = '_';
    }
    return key;
}

bool is_generic(const std::string& reel) {
    const std::string small = lower(reel);
    return small.empty() || small == "ax" || small == "aux" || small == "none" || small == "unknown";
}

/// The names of a media item, ready to compare.
struct ItemNames {
    explicit ItemNames(const MediaItem& media)
        : item(&media),
          reel(lower(media.reel)),
          stem(lower(media.stem)),
          prefix(lower(media.prefix)),
          suffix(lower(media.suffix)),
          loose_reel(loose(media.reel)),
          loose_stem(loose(media.stem)),
          loose_prefix(loose(media.prefix)) {}
    const MediaItem* item;
    std::string reel, stem, prefix, suffix, loose_reel, loose_stem, loose_prefix;
};

/// The names that an event has for its media, ready to compare.
struct EventNames {
    explicit EventNames(const CutEvent& listed)
        : event(&listed),
          reel(is_generic(listed.reel) ? std::string() : lower(listed.reel)),
          reel_name(base_name(reel)),
          file(lower(base_name(listed.source_file))),
          clip(lower(base_name(listed.clip))) {
        if (listed.reel.size() == cmx_reel) loose_reel = loose(listed.reel);
        if (!listed.source_file.empty() && listed.source_file.front() == '/')
            folder = std::filesystem::path(listed.source_file).lexically_normal().parent_path();
    }
    static constexpr std::size_t cmx_reel = 8;  // characters that CMX leaves of a reel's name
    const CutEvent* event;
    std::string reel, reel_name, file, clip, loose_reel;
    std::filesystem::path folder;
};

/// Whether a file name of the list (lower case) means `item`.
bool means(const std::string& name, const ItemNames& item) {
    if (name.empty()) return false;
    if (name == item.stem) return true;
    if (!item.item->is_sequence) return name == item.prefix;
    if (without_media_extension(name) == item.stem) return true;
    if (item.prefix.empty() || name.size() <= item.prefix.size() + item.suffix.size()) return false;
    if (!name.starts_with(item.prefix) || !name.ends_with(item.suffix)) return false;
    // One file of it ("a001.0086400.exr"), or its pattern ("a001.####.exr", "a001.[86400-86500].exr").
    const std::string_view middle = std::string_view(name).substr(
        item.prefix.size(), name.size() - item.prefix.size() - item.suffix.size());
    return middle.find_first_not_of("0123456789#@%d$f[]-") == std::string_view::npos;
}

bool by_reel(const EventNames& event, const ItemNames& item) {
    return !event.reel.empty() && event.reel == item.reel;
}
bool by_reel_name(const EventNames& event, const ItemNames& item) {
    return means(event.reel_name, item);
}
bool by_file(const EventNames& event, const ItemNames& item) {
    const auto& sequence = event.event->sequence;
    if (!sequence) return means(event.file, item);
    return item.item->is_sequence && sequence->prefix == item.item->prefix &&
           sequence->suffix == item.item->suffix;
}
bool by_clip(const EventNames& event, const ItemNames& item) {
    return means(event.clip, item);
}
bool by_cut_reel(const EventNames& event, const ItemNames& item) {
    const std::string& front = event.loose_reel;
    return !front.empty() && (item.loose_reel.starts_with(front) || item.loose_stem.starts_with(front) ||
                              item.loose_prefix.starts_with(front));
}
bool by_path(const EventNames& event, const ItemNames& item) {
    return !event.folder.empty() && by_file(event, item) && event.folder == item.item->folder;
}

struct Way {
    bool (*agrees)(const EventNames& event, const ItemNames& item);
    const char* words;
};
constexpr std::array ways = {Way{by_path, "path"},      Way{by_reel, "reel"},
                             Way{by_reel_name, "name"}, Way{by_file, "file name"},
                             Way{by_clip, "clip name"}, Way{by_cut_reel, "first 8 of the reel"}};

/// An address of the list, counted as the media count.
std::optional<std::int64_t> counted_as(const Timecode& time, bool is_address, const Timecode& media) {
    if (!is_address || time.drop_frame == media.drop_frame) return time.frame;
    std::string text = to_string(time);
    text[8] = media.drop_frame ? ';' : ':';
    const auto same = parse_timecode(text, {media.rate.nominal(), 1});
    return same ? std::optional(same->frame) : std::nullopt;
}

/// `frames` from `from` on, forward over midnight.
std::int64_t distance(const Timecode& from, std::int64_t to) {
    return to >= from.frame ? to - from.frame
                            : advanced({0, from.rate, from.drop_frame}, to - from.frame).frame;
}

class Placer {
public:
    Placer(const CutEvent& event, const MediaItem& item) : event_(event), item_(item) {}

    Place place() const {
        const auto& sequence = event_.sequence;
        if (sequence && event_.available_in && item_.is_sequence && sequence->prefix == item_.prefix &&
            sequence->suffix == item_.suffix)
            return at(
                event_.source_in.frame - *event_.available_in + sequence->first_number - item_.range.first,
                "file number");
        const int counts = event_.source_in.rate.nominal();
        if ((item_.start || item_.rate_is_declared) && item_.rate.nominal() != counts)
            return no("runs at " + to_string(item_.rate) + " frames a second, the list counts to " +
                      std::to_string(counts));
        return item_.start ? by_timecode() : without_timecode();
    }

private:
    static Place no(std::string reason) { return {{}, {}, {}, std::move(reason), false}; }

    /// The cut that starts `offset` frames into the item.
    Place at(std::int64_t offset, const std::string& by) const {
        const std::int64_t first = offset - event_.head + item_.range.first;
        const std::int64_t end = offset + event_.frames + event_.tail + item_.range.first;
        if (first < item_.range.first || end > item_.range.end) {
            return no(fmt::format("has frames {}, the event needs {}-{} (by {})", text_of(item_.range), first,
                                  end - 1, by));
        }
        const FrameRange cut{static_cast<int>(first), static_cast<int>(end)};
        for (int number = cut.first; number < cut.end; ++number) {
            if (!item_.has(number)) return no(fmt::format("misses frame {} of {}", number, text_of(cut)));
        }
        return {cut, by, {}, {}, false};
    }

    Place by_timecode() const {
        const Timecode& start = *item_.start;
        const auto in = counted_as(event_.source_in, event_.is_address, start);
        const auto out = counted_as(event_.source_out, event_.is_address, start);
        if (!in || !out) return no("counts drop frame, where the list's addresses do not all exist");
        if (distance({*in, start.rate, start.drop_frame}, *out) != event_.frames) return retime();
        // The head of a transition may start before the event's own first frame: count from there.
        const std::int64_t head_start =
            distance(start, advanced({*in, start.rate, start.drop_frame}, -event_.head).frame);
        Place found = at(head_start + event_.head, "timecode");
        if (found.cut || !event_.available_in || event_.available_frames != item_.range.size()) {
            if (!found.cut && found.reason.starts_with("has frames")) {
                const Timecode last = advanced(start, item_.range.size() - 1);
                found.reason = fmt::format("has {} to {}, the event needs {} to {}", to_string(start),
                                           to_string(last), to_string(shifted(*in, -event_.head)),
                                           to_string(shifted(*in, event_.frames + event_.tail - 1)));
            }
            return found;
        }
        // A list that numbers this very file otherwise (from 0, mostly).
        Place other = at(event_.source_in.frame - *event_.available_in, "the list's available_range");
        return other.cut ? other : found;
    }

    Timecode shifted(std::int64_t frame, std::int64_t by) const {
        return advanced({frame, item_.start->rate, item_.start->drop_frame}, by);
    }

    /// The list's two sides agree in another mode only (see Note [What an EDL leaves open]).
    Place retime() const {
        Place place =
            no(fmt::format("a retime: counted as {} counts, the source does not have the record's {} frames",
                           item_.name(), event_.frames));
        place.is_retime = true;
        return place;
    }

    Place without_timecode() const {
        if (event_.is_address && distance(event_.source_in, event_.source_out.frame) != event_.frames)
            return retime();
        if (event_.available_in)
            return at(event_.source_in.frame - *event_.available_in, "the list's available_range");
        if (!item_.is_sequence) return with_start(at(event_.source_in.frame, "timecode from 00:00:00:00"), 0);
        return with_start(at(event_.source_in.frame - item_.range.first, "file number as timecode"),
                          item_.range.first);
    }

    Place with_start(Place place, std::int64_t frame) const {
        if (place.cut && event_.is_address && frame >= 0)
            place.start = Timecode{frame, event_.source_in.rate, event_.source_in.drop_frame};
        return place;
    }

    const CutEvent& event_;
    const MediaItem& item_;
};

class Matcher {
public:
    Matcher(const std::vector<MediaItem>& media, int handles, const Log& log)
        : media_(media), handles_(handles), log_(log) {
        names_.reserve(media.size());
        for (const MediaItem& item : media) names_.emplace_back(item);
    }

    std::optional<Match> find(CutEvent& event) {
        if (event.verdict != Verdict::Conformed) return std::nullopt;
        const EventNames names(event);
        std::string nearest;  // why the best candidate so far is none
        bool retime = false;
        for (const Way& way : ways) {
            std::vector<std::pair<std::size_t, Place>> found;
            for (std::size_t i = 0; i < media_.size(); ++i) {
                if (!way.agrees(names, names_[i])) continue;
                Place place = checked(event, i);
                if (place.cut) {
                    found.emplace_back(i, std::move(place));
                } else if (nearest.empty()) {
                    retime = place.is_retime;
                    nearest = retime ? place.reason : media_[i].name() + " " + place.reason;
                }
            }
            if (found.size() > 1) narrow(names, found);
            if (found.size() > 1) {
                set_aside(event, Verdict::Ambiguous, several(found, way.words));
                return std::nullopt;
            }
            if (found.size() == 1) return made(names, event, found.front(), way.words);
        }
        if (!nearest.empty())
            set_aside(event, retime ? Verdict::Refused : Verdict::Unmatched, nearest);
        else
            set_aside(event, Verdict::Unmatched, unknown(event));
        return std::nullopt;
    }

private:
    Place checked(const CutEvent& event, std::size_t index) {
        const MediaItem& item = media_[index];
        if (!item.problem.empty()) return {{}, {}, {}, "cannot be used: " + item.problem, false};
        Place place = Placer(event, item).place();
        if (!place.cut || !item.is_sequence || !item.start) return place;
        for (const int number : {place.cut->first, place.cut->end - 1}) {
            const Timecode expected = advanced(*item.start, std::int64_t{number} - item.range.first);
            const auto says = timecode_in(index, number);
            // Pairs of frames share a time word above 30 frames a second.
            const std::int64_t grain = item.rate.nominal() > 39 ? 2 : 1;
            if (!says || says->frame / grain == expected.frame / grain) continue;
            place.reason =
                fmt::format("is not counted through: frame {} says {} where its number asks for {}", number,
                            to_string(*says), to_string(expected));
            place.cut.reset();
            break;
        }
        return place;
    }

    std::optional<Timecode> timecode_in(std::size_t index, int number) {
        const auto [known, is_new] = timecodes_.try_emplace({index, number});
        if (is_new) known->second = timecode_of_file(media_[index], number, log_);
        return known->second;
    }

    /// Keeps those that agree in every further name that at least one agrees in.
    void narrow(const EventNames& event, std::vector<std::pair<std::size_t, Place>>& found) const {
        for (const Way& way : ways) {
            const auto agrees = [&](const auto& candidate) {
                return way.agrees(event, names_[candidate.first]);
            };
            if (std::any_of(found.begin(), found.end(), agrees))
                found.erase(std::remove_if(found.begin(), found.end(), std::not_fn(agrees)), found.end());
        }
    }

    std::string several(const std::vector<std::pair<std::size_t, Place>>& found, const char* way) const {
        constexpr std::size_t most_named = 4;
        std::string text = std::to_string(found.size()) + " media have it (by " + way + "):";
        for (std::size_t i = 0; i < std::min(found.size(), most_named); ++i)
            text += (i > 0 ? ", " : " ") + media_[found[i].first].name();
        return text + (found.size() > most_named ? " ..." : "");
    }

    static std::string unknown(const CutEvent& event) {
        std::string names;
        const auto add = [&](const char* what, const std::string& name) {
            if (!name.empty()) names += (names.empty() ? "" : ", ") + std::string(what) + " " + name;
        };
        if (!is_generic(event.reel)) add("reel", event.reel);
        add("clip", event.clip);
        add("file", event.source_file);
        if (names.empty())
            return "names no media (reel " + (event.reel.empty() ? "none" : event.reel) + ", no clip name)";
        return "no media of that name: " + names;
    }

    Match made(const EventNames& names, CutEvent& event, const std::pair<std::size_t, Place>& found,
               const char* way) const {
        const auto& [index, place] = found;
        const MediaItem& item = media_[index];
        Match match{index, *place.cut, *place.cut, std::string(way) + " and " + place.by, place.start};
        int before = 0, behind = 0;
        while (before < handles_ && item.has(match.readable.first - 1)) --match.readable.first, ++before;
        while (behind < handles_ && item.has(match.readable.end)) ++match.readable.end, ++behind;
        if (before < handles_)
            event.notes.push_back(fmt::format("handles: {} of {} frames before the cut", before, handles_));
        if (behind < handles_)
            event.notes.push_back(fmt::format("handles: {} of {} frames behind the cut", behind, handles_));
        if (!names.reel.empty() && !item.reel.empty() && !by_reel(names, names_[index]) &&
            !by_cut_reel(names, names_[index]))
            event.notes.push_back("the media's own reel is " + item.reel);
        return match;
    }

    const std::vector<MediaItem>& media_;
    std::vector<ItemNames> names_;
    int handles_;
    const Log& log_;
    std::map<std::pair<std::size_t, int>, std::optional<Timecode>> timecodes_;
};

}  // namespace

std::vector<std::optional<Match>> match_events(CutList& list, const std::vector<MediaItem>& media,
                                               int handles, const Log& log) {
    Matcher matcher(media, handles, log);
    std::vector<std::optional<Match>> matches;
    matches.reserve(list.events.size());
    for (CutEvent& event : list.events) matches.push_back(matcher.find(event));
    return matches;
}

}  // namespace wetgate::conform

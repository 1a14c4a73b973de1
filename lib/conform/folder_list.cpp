#include "conform/folder_list.h"

#include <map>
#include <string>
#include <string_view>

#include "conform/text.h"
#include "spec/frame_text.h"

namespace wetgate::conform {
namespace {

namespace fs = std::filesystem;

bool begins_with_word(std::string_view text, std::string_view word) {
    if (!text.starts_with(word)) return false;
    return text.size() == word.size() ||
           std::string_view("._-").find(text[word.size()]) != std::string_view::npos;
}

std::string shot_name(const fs::path& folder, const MediaItem& item) {
    const std::string stem = legal_name(item.stem, "shot");
    std::string name;
    for (const fs::path& part : item.folder.lexically_relative(folder)) {
        if (part == "." || part.empty()) continue;
        const std::string piece = legal_name(part.string(), "folder");
        if (!begins_with_word(lower(stem), lower(piece))) name += piece + "_";
    }
    return legal_name(name + stem, "shot");
}

/// "1004-1005,1009", at most so many runs that a line shows them.
std::string lacking(const MediaItem& item) {
    FrameSet frames;
    constexpr std::size_t most = 1000;
    for (int number = item.range.first; number < item.range.end && frames.size() < most; ++number)
        if (!item.has(number)) frames.push_back(number);
    return frames.empty() ? "" : spec::print_frames(frames) + (frames.size() == most ? " ..." : "");
}

CutEvent event_of(const fs::path& folder, const MediaItem& item, const std::optional<Rate>& rate) {
    CutEvent event;
    event.place = clean_text(item.name());
    event.track = "V";
    event.reel = item.reel;
    event.clip = shot_name(folder, item);
    event.source_file = item.pattern;
    event.source_in.rate = item.rate_is_declared ? item.rate : rate.value_or(Rate{});
    if (item.start) event.source_in = *item.start;
    event.frames = event.record_frames = item.range.size();
    event.source_out = advanced(event.source_in, item.range.size());
    event.record_in.rate = event.source_in.rate;
    if (!item.problem.empty()) {
        set_aside(event, Verdict::Refused, item.problem);
    } else if (!item.rate_is_declared && !rate) {
        set_aside(event, Verdict::Refused,
                  "does not say its frame rate: give --rate, or source.rate in the template");
    } else if (const std::string frames = lacking(item); item.is_sequence && !frames.empty()) {
        event.notes.push_back("frames that are not there: " + frames);
    }
    return event;
}

}  // namespace

FolderList list_of_folder(const fs::path& folder, const std::vector<MediaItem>& media,
                          const std::optional<Rate>& rate) {
    const fs::path absolute = fs::absolute(folder / "").lexically_normal().parent_path();
    FolderList made;
    made.list.file = clean_text(absolute.filename().string());
    made.list.rate = rate.value_or(Rate{});
    std::map<std::string, std::size_t> named;
    for (const MediaItem& item : media) {
        CutEvent& event = made.list.events.emplace_back(event_of(absolute, item, rate));
        const auto [other, is_new] = named.emplace(lower(event.clip), made.list.events.size() - 1);
        if (is_new || event.verdict != Verdict::Conformed) continue;
        CutEvent& first = made.list.events[other->second];
        const std::string both =
            first.source_file + " and " + event.source_file + " would both be the shot " + event.clip;
        set_aside(event, Verdict::Ambiguous, both + ": rename one");
        set_aside(first, Verdict::Ambiguous, both + ": rename one");
    }
    for (std::size_t i = 0; i < media.size(); ++i) {
        made.matches.emplace_back();
        if (made.list.events[i].verdict != Verdict::Conformed) continue;
        made.matches.back() = Match{i, media[i].range, media[i].range, "its folder", std::nullopt};
    }
    return made;
}

}  // namespace wetgate::conform

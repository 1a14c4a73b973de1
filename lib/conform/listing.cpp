#include "conform/listing.h"

#include <algorithm>
#include <array>

#include "spec/frame_text.h"

namespace wetgate::conform {
namespace {

/// One event's line, before columns are set.
using Row = std::array<std::string, 8>;

std::string span_of(const Timecode& in, std::int64_t frames) {
    Timecode out = in;
    out.frame += frames;
    return to_string(in) + " " + to_string(out);
}

/// The cut's source addresses as the media count them.
std::string source_span(const CutEvent& event, const MediaItem* item) {
    if (event.frames == 0 && event.source_in.frame == 0) return "-";
    Timecode in = event.source_in;
    if (!event.is_address && item != nullptr && item->start) in.drop_frame = item->start->drop_frame;
    Timecode out = event.is_address ? event.source_out : in;
    if (!event.is_address) out.frame += event.frames;
    return to_string(in) + " " + to_string(out);
}

/// Characters as a terminal shows them: bytes that do not carry a UTF-8 character on.
std::size_t shown_width(const std::string& text) {
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::string or_dash(const std::string& text) {
    return text.empty() ? "-" : text;
}

}  // namespace

const char* word_of(Verdict verdict) {
    constexpr std::array words = {"conformed", "skipped", "refused", "unmatched", "ambiguous"};
    return words.at(static_cast<std::size_t>(verdict));
}

Counts count(const CutList& list) {
    const auto of = [&](Verdict verdict) {
        return static_cast<int>(
            std::count_if(list.events.begin(), list.events.end(),
                          [&](const CutEvent& event) { return event.verdict == verdict; }));
    };
    return {of(Verdict::Conformed), of(Verdict::Skipped), of(Verdict::Refused), of(Verdict::Unmatched),
            of(Verdict::Ambiguous)};
}

std::string to_table(const CutList& list, const std::vector<MediaItem>& media,
                     const std::vector<std::optional<Match>>& matches, const MadeJob& job) {
    std::vector<Row> rows = {
        {"event", "track", "reel", "source in and out", "record in and out", "frames", "job frames", "file"}};
    std::vector<std::vector<std::string>> below(1);
    std::size_t made = 0;
    for (std::size_t i = 0; i < list.events.size(); ++i) {
        const CutEvent& event = list.events[i];
        const MediaItem* item = matches[i] ? &media[matches[i]->item] : nullptr;
        Row row = {or_dash(event.number),
                   or_dash(event.track),
                   or_dash(event.reel),
                   source_span(event, item),
                   span_of(event.record_in, event.record_frames),
                   std::to_string(event.head + event.frames + event.tail),
                   "-",
                   "-"};
        std::vector<std::string> lines;
        if (item != nullptr) {
            const MadeShot& shot = job.shots.at(made++);
            row[6] = spec::print_frames(shot.cut);
            row[7] = shot.source;
            lines.push_back("shot " + shot.name + ", by " + matches[i]->by);
        } else {
            lines.push_back(std::string(event.verdict == Verdict::Skipped ? "skipped: " : "NOT conformed: ") +
                            event.reason);
        }
        lines.insert(lines.end(), event.notes.begin(), event.notes.end());
        rows.push_back(std::move(row));
        below.push_back(std::move(lines));
    }
    Row::size_type columns = rows[0].size();
    std::vector<std::size_t> widths(columns, 0);
    for (const Row& row : rows) {
        for (std::size_t c = 0; c < columns; ++c) widths[c] = std::max(widths[c], shown_width(row[c]));
    }
    std::string text = list.title.empty() ? "" : list.title + "\n";
    for (const std::string& note : list.notes) text += "note: " + note + "\n";
    for (std::size_t r = 0; r < rows.size(); ++r) {
        for (std::size_t c = 0; c < columns; ++c) {
            text += rows[r][c];
            if (c + 1 < columns) text += std::string(widths[c] - shown_width(rows[r][c]) + 2, ' ');
        }
        text += "\n";
        for (const std::string& line : below[r]) text += "       " + line + "\n";
    }
    const Counts counts = count(list);
    text += std::to_string(counts.conformed) + " conformed, " + std::to_string(counts.not_conformed()) +
            " not (" + std::to_string(counts.refused) + " refused, " + std::to_string(counts.unmatched) +
            " without media, " + std::to_string(counts.ambiguous) + " ambiguous), " +
            std::to_string(counts.skipped) + " skipped\n";
    return text;
}

nlohmann::json to_json(const CutList& list, const std::vector<MediaItem>& media,
                       const std::vector<std::optional<Match>>& matches, const MadeJob& job) {
    nlohmann::json events = nlohmann::json::array();
    std::size_t made = 0;
    for (std::size_t i = 0; i < list.events.size(); ++i) {
        const CutEvent& event = list.events[i];
        Timecode record_out = event.record_in;
        record_out.frame += event.record_frames;
        nlohmann::json line = {{"event", event.number},
                               {"place", event.place},
                               {"track", event.track},
                               {"reel", event.reel},
                               {"clip", event.clip},
                               {"source_file", event.source_file},
                               {"source_in", to_string(event.source_in)},
                               {"source_out", to_string(event.source_out)},
                               {"source_rate", to_string(event.source_in.rate)},
                               {"record_in", to_string(event.record_in)},
                               {"record_out", to_string(record_out)},
                               {"frames", event.frames},
                               {"head_frames", event.head},
                               {"tail_frames", event.tail},
                               {"verdict", word_of(event.verdict)},
                               {"reason", event.reason},
                               {"notes", event.notes},
                               {"has_cdl", event.cdl.has_value()}};
        if (matches[i]) {
            const MadeShot& shot = job.shots.at(made++);
            line["shot"] = shot.name;
            line["file"] = shot.source;
            line["matched_by"] = matches[i]->by;
            line["media_frames"] = spec::print_frames(matches[i]->cut);
            line["job_frames"] = spec::print_frames(shot.cut);
        }
        events.push_back(std::move(line));
    }
    const Counts counts = count(list);
    return {{"title", list.title},           {"rate", to_string(list.rate)},
            {"notes", list.notes},           {"events", events},
            {"media", media.size()},         {"conformed", counts.conformed},
            {"skipped", counts.skipped},     {"refused", counts.refused},
            {"unmatched", counts.unmatched}, {"ambiguous", counts.ambiguous}};
}

}  // namespace wetgate::conform

#include "media/mov_guard.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace wetgate::media {
namespace {

// A truncated movie declares more than it holds, and PCM sound has a sample every few bytes: the bound is
// generous.
constexpr std::int64_t always_allowed_samples = 1'000'000;
constexpr std::int64_t samples_a_byte = 4;
constexpr int deepest = 16;
// A recording that broke off ends inside a box of media, or inside some small box.
constexpr std::int64_t most_missing_bytes = std::int64_t{16} << 20;
constexpr int most_boxes = 4'000'000;  // a recording of hours in fragments of one frame has some

struct Walk {
    MovieFile& file;
    int boxes = 0;
    bool is_movie = false;  // a box of QuickTime's was seen; other containers' bytes say nothing here
};

std::uint32_t word_at(const std::array<std::uint8_t, 20>& bytes, std::size_t at) {
    return static_cast<std::uint32_t>(bytes[at]) << 24 | static_cast<std::uint32_t>(bytes[at + 1]) << 16 |
           static_cast<std::uint32_t>(bytes[at + 2]) << 8 | bytes[at + 3];
}

// Every box that libavformat looks into: it takes a sample table wherever it lies.
bool holds_boxes(std::string_view type) {
    constexpr std::string_view containers[] = {"moov", "trak", "mdia", "minf", "stbl", "moof", "traf",
                                               "edts", "udta", "dinf", "mvex", "tref", "wave", "ilst"};
    return std::find(std::begin(containers), std::end(containers), type) != std::end(containers);
}

[[noreturn]] void refuse(const Walk& walk, const std::string& why) {
    throw Error(ErrorKind::Input, why, {.file = walk.file.path().string(), .shot = {}, .frame = {}});
}

[[noreturn]] void refuse_table(const Walk& walk, std::string_view box, std::int64_t declared) {
    refuse(walk, "the movie's '" + std::string(box) + "' table declares " + std::to_string(declared) +
                     " entries, more than a file of " + std::to_string(walk.file.size()) + " bytes can hold");
}

// Boxes may be cut off where a recording broke off; one that claims much more than there is would have it
// allocated.
void check_reach(const Walk& walk, std::string_view type, std::uint64_t missing) {
    constexpr std::string_view media[] = {"mdat", "free", "skip", "wide", "uuid", "idat", "junk"};
    const bool is_media = std::find(std::begin(media), std::end(media), type) != std::end(media);
    if (is_media || missing <= static_cast<std::uint64_t>(most_missing_bytes)) return;
    refuse(walk, "the movie's '" + std::string(type) + "' box reaches " + std::to_string(missing) +
                     " bytes past the end of the file");
}

void check_table(Walk& walk, std::string_view type, std::int64_t body, std::int64_t end) {
    const std::int64_t most = std::max(always_allowed_samples, walk.file.size() * samples_a_byte);
    std::array<std::uint8_t, 20> bytes{};
    const auto got = walk.file.read_at(body, bytes.data(), std::min<std::int64_t>(20, end - body));
    if (type == "stsz" && got >= 12 &&
        word_at(bytes, 4) != 0) {  // one constant size: there is no table to run out of
        if (const std::int64_t count = word_at(bytes, 8); count > most) refuse_table(walk, type, count);
    }
    if (type == "stz2" && got >= 12) {  // sizes of 4 bits and more
        if (const std::int64_t count = word_at(bytes, 8); count > walk.file.size() * 2)
            refuse_table(walk, type, count);
    }
    struct Table {
        std::string_view type;
        std::size_t count_at;
        std::int64_t entry_bytes;
    };
    constexpr Table tables[] = {{"stts", 4, 8}, {"ctts", 4, 8}, {"stsc", 4, 12},
                                {"stco", 4, 4}, {"co64", 4, 8}, {"stss", 4, 4},
                                {"stps", 4, 4}, {"stsz", 8, 4}, {"elst", 4, 12}};
    for (const Table& table : tables) {
        if (type != table.type || got < static_cast<std::int64_t>(table.count_at) + 4) continue;
        if (type == "stsz" && word_at(bytes, 4) != 0) continue;
        const std::int64_t count = word_at(bytes, table.count_at);
        if (count > walk.file.size() / table.entry_bytes) refuse_table(walk, type, count);
    }
    if (type == "trun" && got >= 8) {
        if (const std::int64_t count = word_at(bytes, 4); count > most) refuse_table(walk, type, count);
    }
}

// Where the boxes in a 'meta' begin: at its 'hdlr', which QuickTime has at once and MP4 behind a word.
std::int64_t first_in_meta(Walk& walk, std::int64_t at, std::int64_t end) {
    std::array<std::uint8_t, 4096> block{};
    for (; at + 8 <= end; at += static_cast<std::int64_t>(block.size()) - 4) {
        const auto got =
            walk.file.read_at(at, block.data(), std::min<std::int64_t>(std::ssize(block), end - at));
        const std::string_view text(reinterpret_cast<const char*>(block.data()),
                                    static_cast<std::size_t>(got));
        for (std::size_t i = 4; i + 4 <= text.size(); i += 4) {
            if (text.substr(i, 4) == "hdlr") return at + static_cast<std::int64_t>(i) - 4;
        }
    }
    return end;
}

void walk_boxes(Walk& walk, std::int64_t at, std::int64_t end, int depth) {
    while (at + 8 <= end) {
        if (++walk.boxes > most_boxes)
            refuse(walk, "the movie has more than " + std::to_string(most_boxes) + " boxes; rewrite it");
        std::array<std::uint8_t, 20> head{};
        const std::int64_t got = walk.file.read_at(at, head.data(), 16);
        if (got < 8) return;
        std::int64_t size = word_at(head, 0);
        std::uint64_t declared = word_at(head, 0);
        std::int64_t header = 8;
        const std::string_view type(reinterpret_cast<const char*>(head.data()) + 4, 4);
        if (size == 1 && got >= 16) {
            declared = static_cast<std::uint64_t>(word_at(head, 8)) << 32 | word_at(head, 12);
            size = declared > static_cast<std::uint64_t>(end) ? end : static_cast<std::int64_t>(declared);
            header = 16;
        } else if (size == 0) {
            size = end - at;
        }
        if (size < header) return;
        const std::int64_t box_end = std::min(end, at + size);
        walk.is_movie = walk.is_movie || holds_boxes(type);
        const auto left = static_cast<std::uint64_t>(end - at);
        if (depth == 0 && walk.is_movie && declared > left) check_reach(walk, type, declared - left);
        // Its header unpacks to a size of its own choice, and nobody has written that for twenty years.
        if (type == "cmov")
            refuse(walk, "the movie's header is compressed ('cmov'), which is not read; rewrite it");
        if (depth < deepest && type == "meta")
            walk_boxes(walk, first_in_meta(walk, at + header, box_end), box_end, depth + 1);
        if (depth < deepest && holds_boxes(type)) walk_boxes(walk, at + header, box_end, depth + 1);
        check_table(walk, type, at + header, box_end);
        at = box_end;
    }
}

}  // namespace

void refuse_lying_sample_tables(MovieFile& file) {
    // Also a file that begins with some other box, or with none: libavformat probes further than the first.
    Walk walk{file};
    walk_boxes(walk, 0, file.size(), 0);
}

}  // namespace wetgate::media

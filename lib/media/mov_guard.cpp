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
constexpr int most_boxes = 65536;

struct Walk {
    MovieFile& file;
    int boxes = 0;
};

std::uint32_t word_at(const std::array<std::uint8_t, 20>& bytes, std::size_t at) {
    return static_cast<std::uint32_t>(bytes[at]) << 24 | static_cast<std::uint32_t>(bytes[at + 1]) << 16 |
           static_cast<std::uint32_t>(bytes[at + 2]) << 8 | bytes[at + 3];
}

bool holds_boxes(std::string_view type) {
    constexpr std::string_view containers[] = {"moov", "trak", "mdia", "minf",
                                               "stbl", "moof", "traf", "edts"};
    return std::find(std::begin(containers), std::end(containers), type) != std::end(containers);
}

void refuse(Walk& walk, std::string_view box, std::int64_t declared) {
    throw Error(ErrorKind::Input,
                "the movie's '" + std::string(box) + "' table declares " + std::to_string(declared) +
                    " entries, more than a file of " + std::to_string(walk.file.size()) + " bytes can hold",
                {.file = walk.file.path().string(), .shot = {}, .frame = {}});
}

void check_table(Walk& walk, std::string_view type, std::int64_t body, std::int64_t end) {
    const std::int64_t most = std::max(always_allowed_samples, walk.file.size() * samples_a_byte);
    std::array<std::uint8_t, 20> bytes{};
    const auto got = walk.file.read_at(body, bytes.data(), std::min<std::int64_t>(20, end - body));
    if (type == "stsz" && got >= 12 &&
        word_at(bytes, 4) != 0) {  // one constant size: there is no table to run out of
        if (const std::int64_t count = word_at(bytes, 8); count > most) refuse(walk, type, count);
    }
    struct Table {
        std::string_view type;
        std::size_t count_at;
        std::int64_t entry_bytes;
    };
    constexpr Table tables[] = {{"stts", 4, 8}, {"ctts", 4, 8}, {"stsc", 4, 12}, {"stco", 4, 4},
                                {"co64", 4, 8}, {"stss", 4, 4}, {"stsz", 8, 4},  {"elst", 4, 12}};
    for (const Table& table : tables) {
        if (type != table.type || got < static_cast<std::int64_t>(table.count_at) + 4) continue;
        if (type == "stsz" && word_at(bytes, 4) != 0) continue;
        const std::int64_t count = word_at(bytes, table.count_at);
        if (count > walk.file.size() / table.entry_bytes) refuse(walk, type, count);
    }
    if (type == "trun" && got >= 8) {
        if (const std::int64_t count = word_at(bytes, 4); count > most) refuse(walk, type, count);
    }
}

void walk_boxes(Walk& walk, std::int64_t at, std::int64_t end, int depth) {
    while (at + 8 <= end && walk.boxes++ < most_boxes) {
        std::array<std::uint8_t, 20> head{};
        const std::int64_t got = walk.file.read_at(at, head.data(), 16);
        if (got < 8) return;
        std::int64_t size = word_at(head, 0);
        std::int64_t header = 8;
        const std::string_view type(reinterpret_cast<const char*>(head.data()) + 4, 4);
        if (size == 1 && got >= 16) {
            const std::uint64_t large =
                static_cast<std::uint64_t>(word_at(head, 8)) << 32 | word_at(head, 12);
            size = large > static_cast<std::uint64_t>(end) ? end : static_cast<std::int64_t>(large);
            header = 16;
        } else if (size == 0) {
            size = end - at;
        }
        if (size < header) return;
        const std::int64_t box_end = std::min(end, at + size);
        if (holds_boxes(type) && depth < deepest) walk_boxes(walk, at + header, box_end, depth + 1);
        check_table(walk, type, at + header, box_end);
        at = box_end;
    }
}

}  // namespace

void refuse_lying_sample_tables(MovieFile& file) {
    std::array<std::uint8_t, 12> head{};
    if (file.read_at(0, head.data(), 12) < 12) return;
    const std::string_view type(reinterpret_cast<const char*>(head.data()) + 4, 4);
    constexpr std::string_view first_boxes[] = {"ftyp", "moov", "mdat", "wide", "free",
                                                "skip", "pnot", "styp", "moof"};
    if (std::find(std::begin(first_boxes), std::end(first_boxes), type) == std::end(first_boxes)) return;
    Walk walk{file};
    walk_boxes(walk, 0, file.size(), 0);
}

}  // namespace wetgate::media

#include "conform/match.h"

#include <doctest/doctest.h>

#include "conform/edl.h"

namespace wetgate::conform {
namespace {

Timecode at(const char* text, const Rate& rate) {
    const auto time = parse_timecode(text, rate);
    REQUIRE(time.has_value());
    return *time;
}

MediaItem movie(const std::string& name, const Rate& rate, const char* start, int frames,
                const std::string& reel = {}) {
    MediaItem item;
    item.folder = "/m";
    item.pattern = item.prefix = name;
    item.stem = name.substr(0, name.rfind('.'));
    item.range = {0, frames};
    item.rate = rate;
    item.rate_is_declared = true;
    if (start != nullptr) item.start = at(start, rate);
    item.reel = reel;
    return item;
}

MediaItem sequence(const std::string& stem, const Rate& rate, const char* start, FrameRange numbers) {
    MediaItem item = movie(stem + ".####.exr", rate, start, 0);
    item.is_sequence = true;
    item.prefix = stem + ".";
    item.suffix = ".exr";
    item.stem = stem;
    item.range = numbers;
    item.numbers = frames_of(numbers);
    return item;
}

struct Found {
    CutList list;
    std::vector<std::optional<Match>> matches;
};

Found find(const std::string& edl, const Rate& rate, const std::vector<MediaItem>& media, int handles = 0) {
    Found found{read_edl(edl, "cut.edl", rate), {}};
    found.matches = match_events(found.list, media, handles, silent_log());
    return found;
}

std::string event(const std::string& reel, const std::string& in, const std::string& out,
                  const std::string& record_out, const std::string& comment = {}) {
    return "001 " + reel + " V C " + in + " " + out + " 00:00:00:00 " + record_out + "\n" + comment;
}

}  // namespace

TEST_CASE("every event lands on the right frames at each rate") {
    struct Case {
        Rate rate;
        const char *start, *in, *out, *record_out;
        FrameRange cut;  // worked out by hand
    };
    const Rate film{24, 1}, ntsc_film{24000, 1001}, pal{25, 1}, ntsc{30000, 1001}, sixty{60000, 1001};
    for (const Case& c : {
             Case{film, "01:00:00:00", "01:00:02:12", "01:00:04:00", "00:00:01:12", {60, 96}},
             Case{ntsc_film, "10:59:59:23", "11:00:00:00", "11:00:01:00", "00:00:01:00", {1, 25}},
             Case{pal, "01:00:00:00", "01:00:02:12", "01:00:04:00", "00:00:01:13", {62, 100}},
             // Non-drop: every number is there.
             Case{ntsc, "00:00:59:28", "00:01:00:00", "00:01:00:04", "00:00:00:04", {2, 6}},
             // Drop frame: 00:00:59;29 is followed by 00:01:00;02.
             Case{ntsc, "00:00:59;28", "00:01:00;02", "00:01:00;06", "00:00:00:04", {2, 6}},
             // ... but not at every tenth minute.
             Case{ntsc, "00:09:59;28", "00:10:00;00", "00:10:00;04", "00:00:00:04", {2, 6}},
             // An hour of drop frame is 107892 frames.
             Case{ntsc, "00:00:00;00", "01:00:00;00", "01:00:00;02", "00:00:00:02", {107892, 107894}},
             // At 59.94 four numbers are dropped: 00:00:59;59 is followed by 00:01:00;04.
             Case{sixty, "00:00:59;56", "00:00:59;59", "00:01:00;07", "00:00:00:04", {3, 7}},
             Case{sixty, "00:00:00;00", "01:00:00;00", "01:00:00;02", "00:00:00:02", {215784, 215786}},
             // Over midnight.
             Case{pal, "23:59:59:00", "23:59:59:20", "00:00:00:05", "00:00:00:10", {20, 30}},
         }) {
        CAPTURE(c.start);
        const auto found = find(event("R1", c.in, c.out, c.record_out), c.rate,
                                {movie("a.mov", c.rate, c.start, 220000, "R1")});
        REQUIRE_MESSAGE(found.matches[0].has_value(), found.list.events[0].reason);
        CHECK(found.matches[0]->cut == c.cut);
        CHECK(found.matches[0]->by == "reel and timecode");
    }
}

TEST_CASE("addresses are looked up in the media's own mode, whatever the list says") {
    const Rate ntsc{30000, 1001};
    // The list says non-drop; as drop frame the source has 30 frames as the record, and that is what the
    // media count.
    const std::string edl = event("R1", "00:00:59:00", "00:01:00:02", "00:00:01:00");
    const auto found = find(edl, ntsc, {movie("a.mov", ntsc, "00:00:00;00", 4000, "R1")});
    REQUIRE(found.matches[0].has_value());
    CHECK(found.matches[0]->cut == FrameRange{1770, 1800});
    // The same list over non-drop media would show 32 frames in the time of 30.
    const auto other = find(edl, ntsc, {movie("a.mov", ntsc, "00:00:00:00", 4000, "R1")});
    CHECK(!other.matches[0].has_value());
    CHECK(other.list.events[0].verdict == Verdict::Refused);
    CHECK(other.list.events[0].reason.find("a retime") == 0);
    // Nor is there another mode where the media have no timecode.
    const auto none = find(edl, ntsc, {movie("R1.mov", ntsc, nullptr, 4000)});
    CHECK(none.list.events[0].verdict == Verdict::Refused);
}

TEST_CASE("reel, file, clip name and the first eight letters of a reel find media, in this order") {
    const Rate film{24, 1};
    const std::string in = "01:00:00:00", out = "01:00:01:00", record = "00:00:01:00";
    const std::vector<MediaItem> media = {movie("A001C003_150101_R1AB.mov", film, "01:00:00:00", 48),
                                          movie("other.mov", film, "01:00:00:00", 48, "B002"),
                                          sequence("sh010", film, "01:00:00:00", {1001, 1049}),
                                          sequence("ZZ100_5", film, "01:00:00:00", {1001, 1049})};
    const auto by = [&](const std::string& reel, const std::string& comment) {
        const auto found = find(event(reel, in, out, record, comment), film, media);
        return found.matches[0] ? std::to_string(found.matches[0]->item) + " " + found.matches[0]->by
                                : found.list.events[0].reason;
    };
    CHECK(by("b002", "") == "1 reel and timecode");
    CHECK(by("A001C003_150101_R1AB", "") == "0 name and timecode");
    CHECK(by("AX", "* SOURCE FILE: /x/sh010.1001.exr\n") == "2 file name and timecode");
    CHECK(by("AX", "* FROM CLIP NAME: sh010.[1001-1048].exr\n") == "2 clip name and timecode");
    CHECK(by("AX", "* FROM CLIP NAME: Other.MOV\n") == "1 clip name and timecode");
    CHECK(by("A001C003", "") == "0 first 8 of the reel and timecode");
    CHECK(by("ZZ100_5.", "") == "3 first 8 of the reel and timecode");
    CHECK(by("A001C00", "").find("no media of that name: reel A001C00") == 0);
    CHECK(by("AX", "") == "names no media (reel AX, no clip name)");
}

TEST_CASE("of media with one reel the timecode tells; several that have it are listed, not guessed") {
    const Rate film{24, 1};
    const std::vector<MediaItem> media = {movie("a.mov", film, "01:00:00:00", 48, "R1"),
                                          movie("b.mov", film, "01:00:02:00", 48, "R1"),
                                          movie("c.mov", film, "01:00:03:00", 48, "R1")};
    const auto second = find(event("R1", "01:00:02:00", "01:00:03:00", "00:00:01:00"), film, media);
    CHECK(second.matches[0]->item == 1);
    const auto both = find(event("R1", "01:00:03:00", "01:00:03:12", "00:00:00:12"), film, media);
    CHECK(both.list.events[0].verdict == Verdict::Ambiguous);
    CHECK(both.list.events[0].reason == "2 media have it (by reel): /m/b.mov, /m/c.mov");
    const auto named =
        find(event("R1", "01:00:03:00", "01:00:03:12", "00:00:00:12", "* FROM CLIP NAME: c\n"), film, media);
    CHECK(named.matches[0]->item == 2);
    const auto outside = find(event("R1", "02:00:00:00", "02:00:01:00", "00:00:01:00"), film, media);
    CHECK(outside.list.events[0].verdict == Verdict::Unmatched);
    CHECK(outside.list.events[0].reason ==
          "/m/a.mov has 01:00:00:00 to 01:00:01:23, the event needs 02:00:00:00 to 02:00:00:23");
}

TEST_CASE("a sequence keeps its numbers, gives the handles that are there, and holes are found") {
    const Rate film{24, 1};
    MediaItem plates = sequence("R1", film, "01:00:00:00", {1001, 1049});
    const auto found = find(event("R1", "01:00:00:04", "01:00:01:20", "00:00:01:16"), film, {plates}, 8);
    CHECK(found.matches[0]->cut == FrameRange{1005, 1045});
    CHECK(found.matches[0]->readable == FrameRange{1001, 1049});
    CHECK(found.list.events[0].notes == std::vector<std::string>{"handles: 4 of 8 frames before the cut",
                                                                 "handles: 4 of 8 frames behind the cut"});
    plates.numbers.erase(plates.numbers.begin() + 9);  // 1010
    const auto hole = find(event("R1", "01:00:00:04", "01:00:01:20", "00:00:01:16"), film, {plates});
    CHECK(hole.list.events[0].reason == "/m/R1.####.exr misses frame 1010 of 1005-1044");
    const auto beside = find(event("R1", "01:00:00:12", "01:00:01:00", "00:00:00:12"), film, {plates}, 8);
    CHECK(beside.matches[0]->readable == FrameRange{1011, 1033});
}

TEST_CASE(
    "media without timecode: sequences by their numbers, movies from 00:00:00:00, and the job gets the "
    "address") {
    const Rate film{24, 1};
    const auto numbers = find(event("R1", "01:00:00:10", "01:00:01:00", "00:00:00:14"), film,
                              {sequence("R1", film, nullptr, {86400, 86448})});
    REQUIRE(numbers.matches[0].has_value());
    CHECK(numbers.matches[0]->cut == FrameRange{86410, 86424});
    CHECK(to_string(*numbers.matches[0]->start) == "01:00:00:00");
    const auto movies = find(event("R1", "00:00:01:00", "00:00:02:00", "00:00:01:00"), film,
                             {movie("R1.mov", film, nullptr, 48)});
    CHECK(movies.matches[0]->cut == FrameRange{24, 48});
    CHECK(to_string(*movies.matches[0]->start) == "00:00:00:00");
}

TEST_CASE("media that count to another number of frames a second are no match") {
    const auto found = find(event("R1", "01:00:00:00", "01:00:01:00", "00:00:01:00"), {24, 1},
                            {movie("a.mov", {25, 1}, "01:00:00:00", 100, "R1")});
    CHECK(found.list.events[0].reason == "/m/a.mov runs at 25 frames a second, the list counts to 24");
    const auto hair = find(event("R1", "01:00:00:00", "01:00:01:00", "00:00:01:00"), {24, 1},
                           {movie("a.mov", {24000, 1001}, "01:00:00:00", 100, "R1")});
    CHECK(hair.matches[0].has_value());
}

TEST_CASE("a dissolve needs its frames in the media too") {
    const Rate film{24, 1};
    const std::string edl =
        "001 R1 V C 01:00:00:00 01:00:01:00 01:00:00:00 01:00:01:00\n"
        "002 R1 V C 01:00:01:00 01:00:01:00 01:00:01:00 01:00:01:00\n"
        "002 R2 V D 012 02:00:00:00 02:00:01:00 01:00:01:00 01:00:02:00\n";
    const auto found =
        find(edl, film,
             {movie("a.mov", film, "01:00:00:00", 36, "R1"), movie("b.mov", film, "02:00:00:00", 24, "R2")});
    CHECK(found.matches[0]->cut == FrameRange{0, 36});
    CHECK(found.matches[1]->cut == FrameRange{0, 24});
    const auto shorter = find(edl, film, {movie("a.mov", film, "01:00:00:00", 35, "R1")});
    CHECK(shorter.list.events[0].reason.find("needs 01:00:00:00 to 01:00:01:11") != std::string::npos);
}

}  // namespace wetgate::conform

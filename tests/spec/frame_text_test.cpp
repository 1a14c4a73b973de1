#include "spec/frame_text.h"

#include <doctest/doctest.h>

#include <random>
#include <set>

#include "core/error.h"

namespace wetgate::spec {
namespace {

std::string refusal(const std::string& text, FramesSyntax syntax = FramesSyntax::None) {
    try {
        parse_frames(text, syntax);
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::Usage);
        return error.message();
    }
    return "(accepted)";
}

TEST_CASE("frame text gives a sorted set") {
    CHECK(parse_frames("7") == FrameSet{7});
    CHECK(parse_frames("1001-1004") == FrameSet{1001, 1002, 1003, 1004});
    CHECK(parse_frames("1-10x3") == FrameSet{1, 4, 7, 10});
    CHECK(parse_frames("1-10y3") == FrameSet{2, 3, 5, 6, 8, 9});
    CHECK(parse_frames("10-1x3") == FrameSet{1, 4, 7, 10});
    CHECK(parse_frames("10-2x3") == FrameSet{4, 7, 10});
    CHECK(parse_frames("100-90x-5") == FrameSet{90, 95, 100});
    CHECK(parse_frames("10-6x-1") == FrameSet{6, 7, 8, 9, 10});
    CHECK(parse_frames("2-3,5-6,8") == FrameSet{2, 3, 5, 6, 8});
    CHECK(parse_frames(" 5, 1-3 \t2-4 ") == FrameSet{1, 2, 3, 4, 5});
    CHECK(parse_frames("-5--3") == FrameSet{-5, -4, -3});
    CHECK(parse_frames("-1-1") == FrameSet{-1, 0, 1});
    CHECK(parse_frames("0001-0003") == FrameSet{1, 2, 3});
    CHECK(parse_frames("-0002") == FrameSet{-2});
    CHECK(parse_frames("3-3x9") == FrameSet{3});
    CHECK(parse_frames("100000000") == FrameSet{100'000'000});
}

TEST_CASE("a colon is refused with both readings unless the syntax says which") {
    const std::string message = refusal("1-10:2");
    CHECK(message.find("OpenJD and Deadline") != std::string::npos);
    CHECK(message.find("OpenCue") != std::string::npos);
    CHECK(message.find("--frames-syntax") != std::string::npos);
    const FrameSet odd = {1, 3, 5, 7, 9};
    CHECK(parse_frames("1-10:2", FramesSyntax::OpenJd) == odd);
    CHECK(parse_frames("10-1:-3", FramesSyntax::OpenJd) == FrameSet{1, 4, 7, 10});
    CHECK(parse_frames("1-10:2", FramesSyntax::Deadline) == odd);
    CHECK(parse_frames("1-10:2", FramesSyntax::OpenCue).size() == 10);
    CHECK(parse_frames_syntax("opencue") == FramesSyntax::OpenCue);
    CHECK_FALSE(parse_frames_syntax("OpenCue"));
}

TEST_CASE("Deadline's other ways to write a step are read when asked for") {
    const FrameSet fives = {1, 6, 11};
    for (const char* text : {"1-12step5", "1-12by5", "1-12every5", "1:12:5", "1-12x5"}) {
        CAPTURE(text);
        CHECK(parse_frames(text, FramesSyntax::Deadline) == fives);
    }
    CHECK(refusal("1-12step5").find("Deadline") != std::string::npos);
    CHECK(refusal("1:12:5") != "(accepted)");
}

TEST_CASE("what is no frame text is refused") {
    for (const char* text :
         {"",       " , ",      "a",     "1-",     "-",       "--1",       "1--",
          "1-2-3",  "1x2",      "1-10x", "1-10x0", "1-10x-1", "1.5",       "1-10y1",
          "1 - 10", "1-10x2x2", "+1",    "1e3",    "0x10",    "100000001", "99999999999999999999",
          "1-\x01"}) {
        CAPTURE(text);
        CHECK(refusal(text) != "(accepted)");
    }
    CHECK(refusal("1-10y1").find("no frame at all") != std::string::npos);
    CHECK(refusal("1-5\x01x").find('\x01') == std::string::npos);
}

TEST_CASE("a million frames is the limit, counted as a set") {
    CHECK(parse_frames("1-1000000").size() == 1'000'000);
    CHECK(refusal("1-1000001").find("more than 1000000 frames") != std::string::npos);
    CHECK(refusal("-100000000-100000000").find("more than") != std::string::npos);
    CHECK(refusal("1-600000,600001-1200000").find("more than") != std::string::npos);
    CHECK(parse_frames("1-600000,1-600000,1-1000000").size() == 1'000'000);
    CHECK(parse_frames("-100000000-100000000x100000").size() == 2001);
    CHECK(refusal("1-100000000y100000000").find("more than") != std::string::npos);
    std::string often;
    for (int i = 0; i < 1000; ++i) often += "1-1000000,";
    CHECK(refusal(often).find("overlap") != std::string::npos);
}

TEST_CASE("a range is one run without gaps, half open") {
    CHECK(parse_frame_range("1001-1003") == FrameRange{1001, 1004});
    CHECK(parse_frame_range("3-1") == FrameRange{1, 4});
    CHECK(parse_frame_range("1-2,3-4") == FrameRange{1, 5});
    CHECK(parse_frame_range("5-5") == FrameRange{5, 6});
    CHECK(parse_frame_range("1-1000000").size() == 1'000'000);
    for (const char* text :
         {"1,3", "1-1000001", "-100000000-100000000", "1-5x2", "1-5:1", "1-5y2", "", "1-"}) {
        CAPTURE(text);
        CHECK_THROWS_AS(parse_frame_range(text), Error);
    }
}

TEST_CASE("a set prints as the shortest usual text") {
    CHECK(print_frames(parse_frames("1001-1010,1012")) == "1001-1010,1012");
    CHECK(print_frames(FrameSet{1, 3, 5, 7}) == "1-7x2");
    CHECK(print_frames(FrameSet{1, 5}) == "1,5");
    CHECK(print_frames(FrameSet{-5, -4, -3}) == "-5--3");
    CHECK(print_frames(FrameSet{}) == "");
    CHECK(print_frames(FrameRange{1001, 1049}) == "1001-1048");
    CHECK(print_frames(FrameRange{7, 8}) == "7");
}

TEST_CASE("any set reads back as it was printed") {
    std::mt19937 random(20240607);
    for (int round = 0; round < 2000; ++round) {
        std::set<int> wanted;
        const int runs = 1 + static_cast<int>(random() % 6);
        for (int run = 0; run < runs; ++run) {
            int frame = static_cast<int>(random() % 400) - 200;
            const int step = 1 + static_cast<int>(random() % 5);
            for (int i = static_cast<int>(random() % 12); i >= 0; --i, frame += step) wanted.insert(frame);
        }
        const FrameSet frames(wanted.begin(), wanted.end());
        CAPTURE(print_frames(frames));
        REQUIRE(parse_frames(print_frames(frames)) == frames);
    }
}

TEST_CASE("random text is a set within the limits or an error") {
    std::mt19937 random(7);
    constexpr std::string_view letters = "0123456789--xy:, astep";
    for (int round = 0; round < 20000; ++round) {
        std::string text;
        for (auto i = random() % 12; i > 0; --i) text += letters[random() % letters.size()];
        const auto syntax = static_cast<FramesSyntax>(random() % 4);
        try {
            const FrameSet frames = parse_frames(text, syntax);
            CAPTURE(text);
            REQUIRE(!frames.empty());
            REQUIRE(frames == normalized(frames));
            REQUIRE(frames.size() <= most_frames);
        } catch (const Error& error) {
            REQUIRE(error.kind() == ErrorKind::Usage);
        }
    }
}

}  // namespace
}  // namespace wetgate::spec

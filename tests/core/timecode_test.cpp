#include "core/timecode.h"

#include <doctest/doctest.h>

namespace wetgate {

TEST_CASE("rates read as fractions, whole numbers and the usual NTSC decimals") {
    CHECK(parse_rate("24000/1001") == Rate{24000, 1001});
    CHECK(parse_rate("25") == Rate{25, 1});
    CHECK(parse_rate("23.976") == Rate{24000, 1001});
    CHECK(parse_rate("29.97") == Rate{30000, 1001});
    CHECK(parse_rate("59.94") == Rate{60000, 1001});
    CHECK(parse_rate("12.5") == Rate{25, 2});
    CHECK(parse_rate("48/2") == Rate{24, 1});
}

TEST_CASE("what is no rate is refused") {
    for (const char* text :
         {"", "0", "-24", "24/0", "24/", "/1001", "abc", "1e9", "nan", "24 fps", "99999999999"}) {
        CAPTURE(text);
        CHECK(!parse_rate(text));
    }
}

TEST_CASE("drop-frame counts real minutes: 29.97 loses 108 numbers an hour") {
    const Rate rate{30000, 1001};
    CHECK(to_string(Timecode{1799, rate, true}) == "00:00:59;29");
    CHECK(to_string(Timecode{1800, rate, true}) == "00:01:00;02");
    CHECK(to_string(Timecode{17981, rate, true}) == "00:09:59;29");
    CHECK(to_string(Timecode{17982, rate, true}) == "00:10:00;00");
    CHECK(to_string(Timecode{107892, rate, true}) == "01:00:00;00");
    CHECK(to_string(Timecode{215784, {60000, 1001}, true}) == "01:00:00;00");
}

TEST_CASE("every drop-frame address of a day's first hour parses back to its own frame") {
    const Rate rate{30000, 1001};
    for (std::int64_t frame = 0; frame < 107892; ++frame) {
        const Timecode timecode{frame, rate, true};
        const auto parsed = parse_timecode(to_string(timecode), rate);
        REQUIRE(parsed);
        REQUIRE(parsed->frame == frame);
    }
}

TEST_CASE("addresses that do not exist are refused") {
    CHECK(!parse_timecode("00:01:00;00", {30000, 1001}));  // dropped
    CHECK(!parse_timecode("00:00:00:24", {24, 1}));
    CHECK(!parse_timecode("24:00:00:00", {24, 1}));
    CHECK(!parse_timecode("00:00:00;00", {24, 1}));  // no drop-frame at 24
    CHECK(!parse_timecode("0:00:00:00", {24, 1}));
    CHECK(!parse_timecode("", {24, 1}));
}

TEST_CASE("timecode wraps at midnight both ways") {
    const Timecode last = *parse_timecode("23:59:59:23", {24, 1});
    CHECK(to_string(advanced(last, 1)) == "00:00:00:00");
    CHECK(to_string(advanced(advanced(last, 1), -1)) == "23:59:59:23");
}

TEST_CASE("the BCD time word of an EXR header reads back") {
    const Timecode timecode = *parse_timecode("12:34:56:17", {24, 1});
    CHECK(packed_bcd(timecode) == 0x12345617U);
    CHECK(from_packed_bcd(0x12345617U, {24, 1}) == timecode);
    const Timecode drop = *parse_timecode("01:00:00;02", {30000, 1001});
    CHECK(packed_bcd(drop) == (0x01000002U | 1U << 6));
    CHECK(from_packed_bcd(packed_bcd(drop), {30000, 1001}) == drop);
    CHECK(!from_packed_bcd(0x0000000FU, {24, 1}));  // no decimal digit
}

TEST_CASE("above 30 frames a second the time word counts pairs, and its field mark the second of a pair") {
    for (const Rate& rate : {Rate{48000, 1001}, Rate{48, 1}, Rate{50, 1}, Rate{60000, 1001}, Rate{60, 1}}) {
        for (int frame = 0; frame < 4 * rate.nominal(); ++frame) {
            const Timecode timecode{frame, rate, false};
            CHECK(from_packed_bcd(packed_bcd(timecode), rate) == timecode);
        }
    }
    CHECK(packed_bcd(*parse_timecode("01:02:03:48", {50, 1})) == 0x01020324U);
    CHECK(packed_bcd(*parse_timecode("01:02:03:49", {50, 1})) == 0x01028324U);
}

}  // namespace wetgate

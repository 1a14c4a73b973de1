#include "conform/edl_line.h"

#include <doctest/doctest.h>

namespace wetgate::conform {
namespace {

constexpr const char* times = " 01:00:00:00 01:00:01:00 02:00:00:00 02:00:01:00";

EventLine read(const std::string& front) {
    const auto line = parse_event_line(front + times);
    REQUIRE(line.has_value());
    return *line;
}

}  // namespace

TEST_CASE("an event line of each dialect gives number, reel, channel and transition") {
    const EventLine cmx = read("001  ZZ100_50 V     C       ");
    CHECK(cmx.number == "001");
    CHECK(cmx.reel == "ZZ100_50");
    CHECK(cmx.channel == "V");
    CHECK(cmx.transition == "C");
    CHECK(cmx.times[3] == "02:00:01:00");

    const EventLine file32 = read("000001  C004C008_240813ZW.dailies                V     C       ");
    CHECK(file32.number == "000001");
    CHECK(file32.reel == "C004C008_240813ZW.dailies");

    CHECK(read("002  AX       AA/V  C").channel == "AA/V");
    CHECK(read("002\tAX\tA2/V\tC").channel == "A2/V");
    CHECK(read("002  001 C").channel == "B");  // CMX340 has no channel
    CHECK(read("002  001 C").reel == "001");
    CHECK(read("TAPE1 V C").number.empty());
    CHECK(read("TAPE1 V C").reel == "TAPE1");
    CHECK(read("003  MY LONG REEL V C").reel == "MY LONG REEL");
}

TEST_CASE("transitions are read with their frames") {
    CHECK(read("002 R V D    024").transition_frames == 24);
    CHECK(read("002 R V W001    010").transition == "W001");
    CHECK(read("002 R V W001    010").transition_frames == 10);
    CHECK(read("002 R V D024").transition_frames == 24);
    CHECK(read("002 R V K B").transition == "KB");
    CHECK(read("002 R V K O 012").transition == "KO");
    CHECK(read("002 R V K     012").transition == "K");
    CHECK(!parse_event_line(std::string("002 R V X") + times).has_value());
    CHECK(!parse_event_line("002 R V C 01:00:00:00 01:00:01:00 02:00:00:00").has_value());
    CHECK(read("002 R V C").times[0] == "01:00:00:00");
}

TEST_CASE("addresses are read in every spelling; a dot marks a field, a semicolon drop frame") {
    const Rate ntsc{30000, 1001};
    CHECK(parse_list_time("00:01:00:02", ntsc, true)->frame == 1800);
    CHECK(parse_list_time("00:01:00;02", ntsc, false)->frame == 1800);
    CHECK(parse_list_time("00;01;00;02", ntsc, false)->frame == 1800);
    CHECK(parse_list_time("00:01:00,02", ntsc, false)->frame == 1800);
    CHECK(parse_list_time("00:01:00.02", ntsc, false)->frame == 1802);
    CHECK(!parse_list_time("00:01:00:00", ntsc, true).has_value());  // dropped
    CHECK(!parse_list_time("00:01:00:24", {24, 1}, false).has_value());
    CHECK(!parse_list_time("0:01:00:00", {24, 1}, false).has_value());
}

TEST_CASE("channels say whether there is picture, and on which track") {
    for (const char* picture : {"V", "V2", "B", "AA/V", "A2/V", "VA1"}) CHECK(has_picture(picture));
    for (const char* sound : {"A", "A2", "AA", "NONE"}) CHECK(!has_picture(sound));
    CHECK(video_layer("V") == 1);
    CHECK(video_layer("V3") == 3);
    CHECK(video_layer("A2/V") == 1);
}

TEST_CASE("M2 and ASC lines give their numbers") {
    const auto speed = parse_speed_line("M2   Z682_156       -014.4                01:00:10:21 ");
    REQUIRE(speed.has_value());
    CHECK(speed->reel == "Z682_156");
    CHECK(speed->speed == -14.4);
    CHECK(parse_speed_line("M2   AX       048.0")->speed == 48.0);
    CHECK(!parse_speed_line("M2   AX").has_value());
    const auto sop = parse_sop("(1.04751 1.0378 1.02485)(-0.00909 0.00062 0.01468)(1.0 1.0 1.0)");
    REQUIRE(sop.has_value());
    CHECK((*sop)[0] == 1.04751);
    CHECK((*sop)[3] == -0.00909);
    CHECK(!parse_sop("(1 1 1)(0 0 0)(1 1)").has_value());
    CHECK(!parse_sop("(1 1 nan)(0 0 0)(1 1 1)").has_value());
}

}  // namespace wetgate::conform

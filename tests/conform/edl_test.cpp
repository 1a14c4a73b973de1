#include "conform/edl.h"

#include <doctest/doctest.h>

#include <cstdint>

#include "conform/text.h"
#include "core/error.h"

namespace wetgate::conform {
namespace {

CutList read(const std::string& text, const Rate& rate = {24, 1}) {
    return read_edl(text, "cut.edl", rate);
}

std::string why(const std::string& text, const Rate& rate = {24, 1}) {
    try {
        read(text, rate);
    } catch (const Error& error) {
        return error.what();
    }
    return {};
}

}  // namespace

TEST_CASE("a cut list gives events with source and record in frames") {
    const CutList list = read(
        "TITLE:   Reel 1 \r\nFCM: NON-DROP FRAME\r\n\r\n"
        "001  A026C019 V     C        22:09:04:11 22:09:07:10 04:00:08:00 04:00:10:23 \r\n"
        "* FROM CLIP NAME:  92-2A* \r\n* SOURCE FILE: A026C019_170614_R287\r\n"
        "*ASC_SOP (1.1 1.2 1.3)(-0.1 0 0.1)(1 1 0.9)\r\n*ASC_SAT 0.8\r\n"
        "002  B027C005 AA    C        22:58:32:11 22:58:37:08 04:00:10:23 04:00:15:20 \r\n");
    CHECK(list.title == "Reel 1");
    REQUIRE(list.events.size() == 2);
    const CutEvent& first = list.events[0];
    CHECK(first.source_in.frame == ((22 * 60 + 9) * 60 + 4) * 24 + 11);
    CHECK(first.record_in.frame == (4 * 3600 + 8) * 24);
    CHECK(first.frames == 2 * 24 + 23);
    CHECK(first.clip == "92-2A*");
    CHECK(first.source_file == "A026C019_170614_R287");
    CHECK(first.place == "cut.edl:4");
    REQUIRE(first.cdl.has_value());
    CHECK(first.cdl->slope[2] == 1.3);
    CHECK(first.cdl->offset[0] == -0.1);
    CHECK(first.cdl->saturation == 0.8);
    CHECK(list.events[1].verdict == Verdict::Skipped);
    CHECK(list.events[1].reason == "audio only (channel AA)");
}

TEST_CASE(
    "line ends may be LF, CR LF or CR, lines may have no number, and a line may break before its times") {
    const std::string body = "T1 V C 01:00:00:00 01:00:01:00 02:00:00:00 02:00:01:00";
    for (const std::string end : {"\n", "\r\n", "\r"}) {
        const CutList list = read("TITLE: x" + end + body + end + "007 T2 V C" + end +
                                  "     01:00:00:00 01:00:02:00 02:00:01:00 02:00:03:00" + end + body + end);
        REQUIRE(list.events.size() == 3);
        CHECK(list.events[0].number == "001");
        CHECK(list.events[1].reel == "T2");
        CHECK(list.events[1].frames == 48);
        CHECK(list.events[2].number == "008");
    }
}

TEST_CASE("a dissolve lengthens the clip that it goes on from") {
    const CutList list = read(
        "001  TST V     C        01:00:04:05 01:00:04:14 01:00:00:00 01:00:00:09\n"
        "* FROM CLIP NAME:  clip_A\n"
        "002  TST V     C        01:00:04:14 01:00:04:14 01:00:00:09 01:00:00:09\n"
        "002  TST2 V    D    010 01:00:08:08 01:00:08:18 01:00:00:09 01:00:00:19\n"
        "* FROM CLIP NAME:  clip_A\n* TO CLIP NAME:  clip_B\n");
    REQUIRE(list.events.size() == 2);
    CHECK(list.events[0].clip == "clip_A");
    CHECK(list.events[0].frames == 9);
    CHECK(list.events[0].tail == 10);
    CHECK(list.events[1].clip == "clip_B");
    CHECK(list.events[1].reel == "TST2");
    CHECK(list.events[1].frames == 10);
    CHECK(list.events[1].head == 0);
    CHECK(list.events[1].tail == 0);
}

TEST_CASE("a dissolve from elsewhere makes its outgoing clip an event of its own") {
    const CutList list = read(
        "001  AX       V     C        01:00:03:23 01:00:06:12 01:00:00:00 01:00:02:13\n"
        "* FROM CLIP NAME: Clip A.mov\n"
        "002  AX       V     C        01:00:06:00 01:00:06:00 01:00:02:13 01:00:02:13\n"
        "FCM: NON-DROP FRAME\n"
        "002  AX       V     D    030 01:00:33:22 01:00:35:04 01:00:02:13 01:00:03:19\n"
        "EFFECTS NAME IS CROSS DISSOLVE\n"
        "* FROM CLIP NAME: Clip B.mov\n* TO CLIP NAME: Clip C.mov\n");
    REQUIRE(list.events.size() == 3);
    CHECK(list.events[0].tail == 0);
    CHECK(list.events[1].clip == "Clip B.mov");
    CHECK(list.events[1].frames == 0);
    CHECK(list.events[1].tail == 30);
    CHECK(list.events[1].verdict == Verdict::Conformed);
    CHECK(list.events[2].clip == "Clip C.mov");
    CHECK(list.events[2].frames == 30);
}

TEST_CASE("fades from and to black leave one shot, lengthened on the way out") {
    const CutList list = read(
        "001  BL V C 00:00:00:00 00:00:00:00 01:00:00:00 01:00:00:00\n"
        "001  R1 V D 012 01:00:00:00 01:00:02:00 01:00:00:00 01:00:02:00\n"
        "002  R1 V C 01:00:02:00 01:00:02:00 01:00:02:00 01:00:02:00\n"
        "002  BL V D 024 00:00:00:00 00:00:01:00 01:00:02:00 01:00:03:00\n");
    REQUIRE(list.events.size() == 2);
    CHECK(list.events[0].reel == "R1");
    CHECK(list.events[0].frames == 48);
    CHECK(list.events[0].tail == 24);
    CHECK(list.events[1].verdict == Verdict::Skipped);
    CHECK(list.events[1].reason == "black");
}

TEST_CASE("retimes are refused, each with its reason; M2 at the list's own rate is none") {
    const CutList list = read(
        "001 R1 V C 01:00:10:21 01:00:10:22 01:08:30:00 01:08:30:17\nM2   R1 000.0 01:00:10:21\n"
        "002 R2 V C 01:00:06:00 01:00:08:00 01:11:31:00 01:11:32:00\nM2   R2 048.0 01:00:06:00\n"
        "003 R3 V C 01:00:06:00 01:00:07:00 01:11:32:00 01:11:33:00\nM2   R3 024.0 01:00:06:00\n"
        "004 R4 V C 01:00:06:00 01:00:08:00 01:11:33:00 01:11:34:00\n"
        "005 R5 V C 01:00:06:00 01:00:07:00 01:11:34:00 01:11:35:00\nM2   R5 -024.0 01:00:06:00\n");
    CHECK(list.events[0].reason == "a freeze frame (M2 speed 0)");
    CHECK(list.events[1].reason == "a retime: M2 speed 48.0 at 24 frames a second (200 %)");
    CHECK(list.events[2].verdict == Verdict::Conformed);
    CHECK(list.events[3].verdict == Verdict::Refused);
    CHECK(list.events[3].reason.find("48 frames, the record 24") != std::string::npos);
    CHECK(list.events[4].reason.find("(-100 %)") != std::string::npos);
}

TEST_CASE("drop frame: the head's FCM counts the record, the last one the source, a semicolon always") {
    const Rate ntsc{30000, 1001};
    // One minute of drop frame is 1798 frames, of non-drop 1800.
    const CutList list = read(
        "TITLE: x\nFCM: DROP FRAME\n"
        "001 R1 V C 00:00:00:00 00:01:00:02 01:00:00:00 01:01:00:02\n"
        "FCM: NON-DROP FRAME\n"
        "002 R2 V C 00:00:00:00 00:01:00:00 01:01:00:02 01:02:00:04\n"
        "003 R3 V C 00:00:00;00 00:01:00;02 01:02:00:04 01:03:00:06\n",
        ntsc);
    CHECK(list.events[0].frames == 1800);
    CHECK(list.events[0].source_in.drop_frame);
    CHECK(list.events[1].frames == 1800);
    CHECK(!list.events[1].source_in.drop_frame);
    CHECK(list.events[2].frames == 1800);
    CHECK(list.events[2].source_in.drop_frame);
    for (const CutEvent& event : list.events) CHECK(event.verdict == Verdict::Conformed);

    const CutList sixty =
        read("FCM: DROP FRAME\n001 R1 V C 00:00:59;58 00:01:00;06 01:00:00;00 01:00:00;04\n", {60000, 1001});
    CHECK(sixty.events[0].source_in.frame == 3598);
    CHECK(sixty.events[0].source_out.frame == 3602);
    CHECK(sixty.events[0].frames == 4);
    CHECK(sixty.events[0].verdict == Verdict::Conformed);
}

TEST_CASE("a list that marks drop frame wrongly keeps its event where one reading agrees") {
    // Both in non-drop addresses: the source's minute has 1798 frames as drop frame, as the record says.
    const CutList list = read(
        "FCM: NON-DROP FRAME\n001 R1 V C 00:00:59:00 00:01:00:02 01:00:00:00 01:00:01:00\n", {30000, 1001});
    CHECK(list.events[0].verdict == Verdict::Conformed);
    CHECK(list.events[0].frames == 30);
}

TEST_CASE("a rate that cannot be the list's is an error or a reason that says so") {
    CHECK(
        why("FCM: DROP FRAME\n001 R V C 01:00:00:00 01:00:01:00 01:00:00:00 01:00:01:00\n").find("--rate") !=
        std::string::npos);
    const CutList list = read("001 R V C 01:00:00:24 01:00:01:00 01:00:00:00 01:00:00:01\n");
    CHECK(list.events[0].verdict == Verdict::Refused);
    CHECK(list.events[0].reason.find("01:00:00:24 is no address at 24") == 0);
}

TEST_CASE("what is no EDL is refused with its place; a broken event is listed, not lost") {
    CHECK(why("hello\nworld\n").find("cut.edl") == 0);
    CHECK(why(std::string("\0\1", 2) + "\n").find("cut.edl:1") == 0);
    CHECK(why("x\n" + std::string(5000, 'a')).find("cut.edl:2") == 0);
    CHECK(why("\xFF\xFEx").find("UTF-16") != std::string::npos);
    const CutList list = read(
        "001 R V C 01:00:00:00 01:00:01:00 01:00:00:00\n"
        "002 R V C 01:00:00:00 01:00:01:00 01:00:00:00 01:00:01:00\n003 R V\n");
    REQUIRE(list.events.size() == 3);
    CHECK(list.events[0].verdict == Verdict::Refused);
    CHECK(list.events[0].place == "cut.edl:1");
    CHECK(list.events[1].verdict == Verdict::Conformed);
    CHECK(list.events[2].verdict == Verdict::Refused);
    // The reason quotes the line, cut between characters.
    const CutList cut = read("002 R V C 01:00:00:00 01:00:01:00 01:00:00:00 01:00:01:00\n003 " +
                             std::string(75, 'x') + "\u00e9\u00e9 \u00e9\n");
    CHECK(is_plain_utf8(cut.events.back().reason));
}

TEST_CASE("long reels come back from Final Cut's comment, file names from Nucoda's") {
    const CutList list = read(
        "001 aReel_N AA/V  C        00:00:44:10 00:00:49:05 00:00:00:00 00:00:04:19\n"
        "* FROM CLIP NAME:  video.ogg\n* COMMENT: \n"
        "FINAL CUT PRO REEL: aReel_Name_longer REPLACED BY: aReel_N\n"
        "002 ZZ100_50 V C 01:00:04:05 01:00:05:12 00:59:53:11 00:59:54:18\n"
        "* FROM FILE: S:\\path\\to\\ZZ100_501.take_1.0001.exr\n");
    CHECK(list.events[0].reel == "aReel_Name_longer");
    CHECK(list.events[1].source_file == "S:\\path\\to\\ZZ100_501.take_1.0001.exr");
}

TEST_CASE("an upper track is noted where it lies over a lower one") {
    const CutList list = read(
        "001 R1 V  C 01:00:00:00 01:00:02:00 01:00:00:00 01:00:02:00\n"
        "002 R2 V2 C 01:00:00:00 01:00:01:00 01:00:01:00 01:00:02:00\n"
        "003 R3 V  C 01:00:00:00 01:00:02:00 01:00:02:00 01:00:04:00\n");
    REQUIRE(list.events[0].notes.size() == 1);
    CHECK(list.events[0].notes[0] == "event 002 on V2 lies over it from 01:00:01:00");
    CHECK(list.events[1].notes.empty());
    CHECK(list.events[2].notes.empty());
}

TEST_CASE("comments of a transition go to the side that was named last") {
    const CutList list = read(
        "001 R1 V C 01:00:00:00 01:00:01:00 01:00:00:00 01:00:01:00\n"
        "002 R2 V C 01:00:05:00 01:00:05:00 01:00:01:00 01:00:01:00\n"
        "002 R3 V D 012 02:00:00:00 02:00:01:00 01:00:01:00 01:00:02:00\n"
        "* FROM CLIP NAME: a\n* SOURCE FILE: a.mov\n* ASC_SAT 0.5\n"
        "* TO CLIP NAME: b\n* SOURCE FILE: b.mov\n* ASC_SAT 0.75\n");
    REQUIRE(list.events.size() == 3);
    CHECK(list.events[1].source_file == "a.mov");
    CHECK(list.events[1].cdl->saturation == 0.5);
    CHECK(list.events[2].source_file == "b.mov");
    CHECK(list.events[2].cdl->saturation == 0.75);
}

TEST_CASE("generators of Premiere are skipped, old Avid paths are read") {
    const CutList list = read(
        "007  AX V C 01:00:00:00 01:00:05:00 00:02:01:10 00:02:06:10\n* FROM CLIP NAME: Black Video\n"
        "008  ZZ100_50 V C 01:00:04:05 01:00:05:12 00:59:53:11 00:59:54:18\n"
        "* FROM CLIP NAME:  take_1\n* FROM CLIP: S:\\path\\ZZ100_501.take_1.0001.exr\n");
    CHECK(list.events[0].reason == "black");
    CHECK(list.events[1].clip == "take_1");
    CHECK(list.events[1].source_file == "S:\\path\\ZZ100_501.take_1.0001.exr");
}

TEST_CASE("a mangled list is read or refused, never worse") {
    const std::string good =
        "TITLE: x\nFCM: DROP FRAME\n001  R1 V D 012 01:00:00;00 01:00:01;00 01:00:00;00 01:00:01;00\n"
        "* FROM CLIP NAME: a\nM2   R1 048.0 01:00:00;00\n* ASC_SOP (1 1 1)(0 0 0)(1 1 1)\n"
        "FINAL CUT PRO REEL: long REPLACED BY: R1\n002 R2 V W001 004 00:00:00;00 00:00:01;00 01:00:01;00 "
        "01:00:02;00\n";
    std::uint32_t state = 1;
    const auto next = [&state](std::uint32_t below) {
        state = state * 1664525U + 1013904223U;
        return (state >> 8) % below;
    };
    int read_well = 0;
    for (int round = 0; round < 3000; ++round) {
        std::string text = good;
        for (int i = 0; i < 4 && !text.empty(); ++i) {
            const std::size_t at = next(static_cast<std::uint32_t>(text.size()));
            switch (next(4)) {
                case 0:
                    text[at] = static_cast<char>(next(256));
                    break;
                case 1:
                    text.erase(at, next(20));
                    break;
                case 2:
                    text.insert(at, text.substr(next(static_cast<std::uint32_t>(text.size())), next(30)));
                    break;
                default:
                    text.resize(at + 1);
                    break;
            }
        }
        try {
            read_well += read(text, {30000, 1001}).events.empty() ? 0 : 1;
        } catch (const Error& error) {
            CHECK((error.kind() == ErrorKind::Input || error.kind() == ErrorKind::Usage));
        }
    }
    CHECK(read_well > 500);
}

}  // namespace wetgate::conform

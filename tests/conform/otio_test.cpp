#include "conform/otio.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "conform/match.h"
#include "conform/otio_json.h"
#include "core/error.h"

namespace wetgate::conform {
namespace {

using nlohmann::json;

json time(double value, double rate = 24) {
    return {{"OTIO_SCHEMA", "RationalTime.1"}, {"value", value}, {"rate", rate}};
}

json range(double start, double duration, double rate = 24) {
    return {{"OTIO_SCHEMA", "TimeRange.1"},
            {"start_time", time(start, rate)},
            {"duration", time(duration, rate)}};
}

json external(const std::string& url, const json& available = nullptr) {
    return {{"OTIO_SCHEMA", "ExternalReference.1"}, {"target_url", url}, {"available_range", available}};
}

json clip(const std::string& name, const json& source, const json& reference = nullptr) {
    return {{"OTIO_SCHEMA", "Clip.1"},
            {"name", name},
            {"source_range", source},
            {"effects", json::array()},
            {"media_reference", reference}};
}

json gap(double duration) {
    return {{"OTIO_SCHEMA", "Gap.1"}, {"source_range", range(0, duration)}};
}

json transition(double in, double out) {
    return {{"OTIO_SCHEMA", "Transition.1"}, {"in_offset", time(in)}, {"out_offset", time(out)}};
}

json track(const std::vector<json>& children, const std::string& kind = "Video") {
    return {{"OTIO_SCHEMA", "Track.1"}, {"kind", kind}, {"children", children}, {"source_range", nullptr}};
}

json stack(const std::vector<json>& children, const json& source = nullptr) {
    return {{"OTIO_SCHEMA", "Stack.1"}, {"children", children}, {"source_range", source}};
}

json timeline(const std::vector<json>& tracks) {
    return {{"OTIO_SCHEMA", "Timeline.1"},
            {"name", "reel 1"},
            {"global_start_time", time(86400)},
            {"tracks", stack(tracks)}};
}

CutList read(const json& root) {
    return read_otio(root.dump(), "cut.otio", std::nullopt);
}

std::string why(const std::string& text) {
    try {
        read_otio(text, "cut.otio", std::nullopt);
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::Input);
        return error.what();
    }
    return {};
}

}  // namespace

TEST_CASE("clips and gaps of a track lie one after the other from the global start on") {
    const CutList list = read(timeline(
        {track({gap(10), clip("a", range(100, 24)), clip("b", nullptr, external("b.mov", range(7, 5)))}),
         track({clip("music", range(0, 99))}, "Audio")}));
    CHECK(list.title == "reel 1");
    CHECK(list.rate == Rate{24, 1});
    REQUIRE(list.events.size() == 2);
    CHECK(list.events[0].record_in.frame == 86410);
    CHECK(list.events[0].source_in.frame == 100);
    CHECK(list.events[0].frames == 24);
    CHECK(list.events[0].number == "001");
    CHECK(list.events[1].record_in.frame == 86434);
    CHECK(list.events[1].source_in.frame == 7);  // no source_range: all that is available
    CHECK(list.events[1].frames == 5);
    CHECK(list.events[1].source_file == "b.mov");
    CHECK(list.notes == std::vector<std::string>{"audio track A1: 1 items, not conformed"});
}

TEST_CASE("a transition lengthens the clip before by its out_offset and the one behind by its in_offset") {
    const CutList list = read(timeline({track(
        {clip("a", range(0, 24)), transition(2, 3), clip("b", range(50, 24)), transition(4, 5), gap(10)})}));
    CHECK(list.events[0].head == 0);
    CHECK(list.events[0].tail == 3);
    CHECK(list.events[1].head == 2);
    CHECK(list.events[1].tail == 5);
    CHECK(list.events[1].record_in.frame == 86424);
}

TEST_CASE("Clip.2 has its media by key, and rates may be fractions") {
    json two = clip("a", range(107892, 30, 29.97002997002997));
    two["OTIO_SCHEMA"] = "Clip.2";
    two.erase("media_reference");
    two["media_references"] = {{"DEFAULT_MEDIA", external("low.mov")},
                               {"hi", external("file:///mnt/my%20show/hi%2Fx.mov")}};
    two["active_media_reference_key"] = "hi";
    json root = timeline({track({two})});
    root["global_start_time"] = nullptr;
    const CutList list = read(root);
    CHECK(list.rate == Rate{30000, 1001});
    CHECK(list.events[0].source_file == "/mnt/my show/hi/x.mov");
    CHECK(list.events[0].source_in == Timecode{107892, {30000, 1001}, false});
}

TEST_CASE(
    "nested compositions are followed through their own ranges, upper tracks are noted over lower ones") {
    const json inner = stack({track({clip("x", range(0, 20)), clip("y", range(100, 20))})}, range(15, 10));
    const CutList list =
        read(timeline({track({gap(24), inner}), track({gap(30), clip("over", range(0, 2))})}));
    REQUIRE(list.events.size() == 3);
    CHECK(list.events[0].clip == "x");  // its last 5 frames
    CHECK(list.events[0].source_in.frame == 15);
    CHECK(list.events[0].frames == 5);
    CHECK(list.events[0].record_in.frame == 86424);
    CHECK(list.events[0].track == "V1.1");
    CHECK(list.events[1].clip == "y");  // its first 5
    CHECK(list.events[1].source_in.frame == 100);
    CHECK(list.events[1].record_in.frame == 86429);
    REQUIRE(list.events[1].notes.size() == 1);
    CHECK(list.events[1].notes[0].find("event 003 on V2") == 0);
    CHECK(list.events[0].notes.empty());
}

TEST_CASE("time effects refuse what is under them; disabled clips and generators are skipped") {
    json fast = clip("fast", range(0, 10));
    fast["effects"] = json::array({json{{"OTIO_SCHEMA", "LinearTimeWarp.1"}, {"time_scalar", 2.0}}});
    json still = clip("still", range(0, 10));
    still["effects"] = json::array({json{{"OTIO_SCHEMA", "FreezeFrame.1"}}});
    json same = clip("same", range(0, 10));
    same["effects"] = {{{"OTIO_SCHEMA", "LinearTimeWarp.1"}, {"time_scalar", 1.0}},
                       {{"OTIO_SCHEMA", "Effect.1"}, {"effect_name", "Resize"}}};
    json off = clip("off", range(0, 10));
    off["enabled"] = false;
    json bars = clip("bars", range(0, 10),
                     {{"OTIO_SCHEMA", "GeneratorReference.1"}, {"generator_kind", "SMPTEBars"}});
    json nested = stack({track({clip("deep", range(0, 10))})});
    nested["effects"] = json::array({json{{"OTIO_SCHEMA", "TimeEffect.1"}}});
    const json between = clip("between", range(0.5, 10));
    const CutList list = read(timeline({track({fast, still, same, off, bars, nested, between})}));
    REQUIRE(list.events.size() == 7);
    CHECK(list.events[0].reason == "a retime: time_scalar 2");
    CHECK(list.events[1].reason == "a freeze frame");
    CHECK(list.events[2].verdict == Verdict::Conformed);
    CHECK(list.events[3].verdict == Verdict::Skipped);
    CHECK(list.events[4].reason == "a generator (SMPTEBars)");
    CHECK(list.events[5].reason == "a retime (TimeEffect)");
    CHECK(list.events[6].reason.find("between frames") != std::string::npos);
}

TEST_CASE("an image sequence is placed by its file numbers") {
    const json images = {{"OTIO_SCHEMA", "ImageSequenceReference.1"},
                         {"target_url_base", "file:///show/sh010/"},
                         {"name_prefix", "sh010."},
                         {"name_suffix", ".exr"},
                         {"start_frame", 1001},
                         {"frame_zero_padding", 4},
                         {"frame_step", 1},
                         {"available_range", range(86400, 48)}};
    CutList list = read(timeline({track({clip("c", range(86410, 12), images)})}));
    MediaItem item;
    item.folder = "/m";
    item.is_sequence = true;
    item.prefix = "sh010.";
    item.suffix = ".exr";
    item.stem = "sh010";
    item.pattern = "sh010.####.exr";
    item.range = {1001, 1049};
    item.numbers = frames_of(item.range);
    const auto matches = match_events(list, {item}, 0, silent_log());
    REQUIRE(matches[0].has_value());
    CHECK(matches[0]->cut == FrameRange{1011, 1023});
    CHECK(matches[0]->by == "file name and file number");

    json twos = images;
    twos["frame_step"] = 2;
    CHECK(read(timeline({track({clip("c", range(86410, 12), twos)})})).events[0].verdict == Verdict::Refused);
}

TEST_CASE("a list that counts a file from 0 is placed by its available_range, one that trims by timecode") {
    MediaItem item;
    item.folder = "/m";
    item.prefix = item.pattern = "a.mov";
    item.stem = "a";
    item.range = {0, 100};
    item.rate = {24, 1};
    item.rate_is_declared = true;
    item.start = Timecode{86400, {24, 1}, false};
    const auto cut_of = [&](const json& source, const json& available) {
        CutList list = read(timeline({track({clip("a", source, external("a.mov", available))})}));
        const auto matches = match_events(list, {item}, 0, silent_log());
        return matches[0] ? matches[0]->cut : FrameRange{};
    };
    CHECK(cut_of(range(10, 5), range(0, 100)) == FrameRange{10, 15});
    CHECK(cut_of(range(86410, 5), range(86400, 100)) == FrameRange{10, 15});
    // The media are a pull of a longer take: their own timecode tells.
    CHECK(cut_of(range(86410, 5), range(86300, 1000)) == FrameRange{10, 15});
    CHECK(cut_of(range(10, 5), range(0, 1000)) == FrameRange{});
}

TEST_CASE("rates near 24, 30 and 60 are the NTSC ones, and the like count the same frames") {
    CHECK(rate_of(23.98) == Rate{24000, 1001});
    CHECK(rate_of(23.976023976) == Rate{24000, 1001});
    CHECK(rate_of(59.94) == Rate{60000, 1001});
    CHECK(rate_of(25) == Rate{25, 1});
    CHECK(frames_at({100, 23.98}, {24, 1}) == 100);
    CHECK(frames_at({50, 25}, {50, 1}) == 100);
    CHECK(path_of_url("file://localhost/a/b.%04d.exr") == "/a/b.%04d.exr");
    CHECK(path_of_url("C:\\x\\50%25.mov") == "C:\\x\\50%25.mov");
}

TEST_CASE("what is no timeline is refused with its place") {
    CHECK(why("{}").find("cut.otio: has no OTIO_SCHEMA") == 0);
    CHECK(why("{\"OTIO_SCHEMA\": \"Clip.1\"}").find("not a Timeline") != std::string::npos);
    CHECK(why("{\"a\": 1").find("line 1") != std::string::npos);
    CHECK(why(timeline({track(std::vector<json>())}).dump()).find("no clip") != std::string::npos);
    json deep = track({clip("a", range(0, 1))});
    for (int i = 0; i < 100; ++i) deep = stack({deep});
    CHECK(!why(timeline({deep}).dump()).empty());
    // Members of wrong types are passed over, not trusted.
    json odd = timeline({track({clip("a", range(0, 1))})});
    odd["tracks"]["children"][0]["children"][0]["effects"] = "none";
    odd["tracks"]["children"][0]["children"][0]["media_reference"] = 7;
    CHECK(read(odd).events.size() == 1);
}

TEST_CASE("a timeline with any member replaced or gone is read or refused, never worse") {
    json warp = clip("w", range(0, 10), external("w.mov", range(0, 10)));
    warp["effects"] = json::array({json{{"OTIO_SCHEMA", "LinearTimeWarp.1"}, {"time_scalar", 2.0}}});
    warp["metadata"] = {{"cdl", {{"asc_sop", {{"slope", {1, 1, 1}}}}, {"asc_sat", 1.0}}}};
    const json whole =
        timeline({track({gap(3), warp, transition(2, 3), stack({track({warp})}, range(2, 5))})});
    const json flat = whole.flatten();
    const std::vector<json> others = {nullptr, -1, 1e300, 0.5, "x", json::array(), json::object(), true};
    int tried = 0;
    for (const auto& [pointer, unused] : flat.items()) {
        for (std::string at = pointer; !at.empty(); at = at.substr(0, at.rfind('/'))) {
            for (const json& other : others) {
                json bent = whole;
                bent[json::json_pointer(at)] = other;
                ++tried;
                try {
                    read(bent);
                } catch (const Error& error) {
                    CHECK(error.kind() == ErrorKind::Input);
                }
            }
        }
    }
    CHECK(tried > 1000);
}

}  // namespace wetgate::conform

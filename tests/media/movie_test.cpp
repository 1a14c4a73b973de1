#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "media/movie_test_support.h"
#include "support/shared.h"
#include "support/temp_folder.h"

namespace wetgate::media {
namespace {

struct Clip {
    const char* name;
    int frames;
    Rate rate;
    int matrix;  ///< as tagged
    bool full_range;
    int bits;
    float chroma_y;
};
// Numbers of packets as ffprobe -count_packets gives them.
const Clip clips[] = {{"ax_man_dog_720p.mp4", 149, {30000, 1001}, 1, false, 8, 0.5F},
                      {"ax_valley_hdr.mp4", 60, {60000, 1001}, 9, false, 10, 0.0F},
                      {"mdn_hisgirlfriday_1940.mp4", 185, {30, 1}, 6, false, 8, 0.5F},
                      {"mx_tablebox.mov", 120, {30000, 1001}, 1, false, 8, 0.5F},
                      {"oh_street_1080p.264", 54, {25, 1}, 2, true, 8, 0.5F},
                      {"sam_juggle.mp4", 247, {24, 1}, 1, false, 8, 0.5F},
                      {"ud_road_720p.mp4", 38, {25, 1}, 1, false, 8, 0.5F}};

TEST_CASE("real clips say what they are") {
    const auto folder = tests::shared("footage/clips");
    if (!folder) {
        MESSAGE("skipped: no ../shared/footage/clips here");
        return;
    }
    for (const Clip& clip : clips) {
        CAPTURE(clip.name);
        const auto source = tests::open_movie(*folder / clip.name);
        const SourceInfo& info = source->info();
        CHECK(info.kind == MediaKind::Movie);
        CHECK(info.range == FrameRange{0, clip.frames});
        CHECK(info.rate == clip.rate);
        CHECK(info.color.matrix == clip.matrix);
        CHECK(info.color.full_range == clip.full_range);
        CHECK(info.color.bits == clip.bits);
        CHECK(info.color.chroma_y == clip.chroma_y);
        CHECK_FALSE(info.start_timecode.has_value());
        CHECK(source->packet(0).bytes.empty());
        const HostFrame frame = source->read(0);
        CHECK(frame.bytes() == info.frame_bytes);
        CHECK(frame.color.matrix != 2);
        CHECK(read_worked(frame).window == Box{0, 0, info.width, info.height});
    }
}

TEST_CASE("a frame is the same whatever was read before it") {
    const auto folder = tests::shared("footage/clips");
    if (!folder) {
        MESSAGE("skipped: no ../shared/footage/clips here");
        return;
    }
    for (const char* name : {"mdn_hisgirlfriday_1940.mp4", "oh_street_1080p.264", "ud_road_720p.mp4"}) {
        CAPTURE(name);
        const auto in_order = tests::open_movie(*folder / name);
        const std::vector<std::string> expected = tests::hashes_of(*in_order);
        CHECK(std::count(expected.begin(), expected.end(), std::string()) == 0);
        std::vector<std::string> distinct = expected;
        std::sort(distinct.begin(), distinct.end());
        distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
        CHECK(distinct.size() > expected.size() / 2);
        const auto jumping = tests::open_movie(*folder / name, 2);
        const int count = static_cast<int>(expected.size());
        for (int i = 0; i < 12; ++i) {
            const int frame = i * 29 % count;  // forwards and backwards
            CHECK(tests::hash_of(jumping->read(frame)) == expected[static_cast<std::size_t>(frame)]);
        }
        CHECK(tests::hash_of(jumping->read(count - 1)) == expected.back());
        CHECK(tests::hash_of(jumping->read(count - 1)) == expected.back());
    }
}

TEST_CASE("frames are numbered from the request, and others are refused by number") {
    const tests::TempFolder folder;
    MovOptions options;
    options.video = tests::test_options(64, 32);
    options.timecode = Timecode{1000, options.video.rate, false};
    const auto path = folder / "numbered.mov";
    tests::write_test_movie(path, options, tests::test_packets(options.video, 4));
    SourceRequest request;
    request.path_of = [path](int) { return path; };
    request.range = FrameRange{1001, 1005};
    const auto by_range = open_movie_source(request, silent_log());
    CHECK(by_range->info().range == FrameRange{1001, 1005});
    CHECK(by_range->read(1004).number == 1004);
    CHECK(by_range->read(1004).timecode == Timecode{1003, options.video.rate, false});
    request.first_frame = 7;
    CHECK(open_movie_source(request, silent_log())->info().range == FrameRange{7, 11});
    try {
        by_range->read(1005);
        FAIL("a frame past the end was read");
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::Input);
        CHECK(error.context().frame == 1005);
    }
}

TEST_CASE("a written picture reads back in the same coding") {
    const tests::TempFolder folder;
    MovOptions options;
    options.video = tests::test_options(160, 96, ProResProfile::P4444);
    tests::write_test_movie(folder / "a.mov", options, tests::test_packets(options.video, 2));
    const FloatImage in = tests::test_picture(160, 96, 1);
    const FloatImage out = read_worked(tests::open_movie(folder / "a.mov", 2)->read(1));
    double error = 0;
    for (std::size_t i = 0; i < 3 * in.window.area(); ++i) {
        const double off = static_cast<double>(in.channel(0)[i]) - static_cast<double>(out.channel(0)[i]);
        error += off * off;
    }
    CHECK(std::sqrt(error / static_cast<double>(3 * in.window.area())) < 0.006);
}

TEST_CASE("a missing file and a file that is no movie are refused with their names") {
    const tests::TempFolder folder;
    tests::put_bytes(folder / "text.mov", std::vector<char>(5000, 'x'));
    tests::put_bytes(folder / "empty.mov", {});
    for (const char* name : {"none.mov", "text.mov", "empty.mov"}) {
        try {
            tests::open_movie(folder / name);
            FAIL("opened " << name);
        } catch (const Error& error) {
            CHECK(error.kind() == ErrorKind::Input);
            CHECK(std::string(error.what()).find(name) != std::string::npos);
        }
    }
    CHECK_THROWS_AS(tests::open_movie(folder.path()), Error);
}

}  // namespace
}  // namespace wetgate::media

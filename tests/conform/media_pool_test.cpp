#include "conform/media_pool.h"

#include <doctest/doctest.h>

#include "core/atomic_file.h"
#include "core/error.h"
#include "media/exr.h"
#include "media/movie_test_support.h"
#include "support/save.h"
#include "support/temp_folder.h"

namespace wetgate::conform {
namespace {

using tests::TempFolder;

/// A picture of one value with a timecode in its header.
void save_exr(const std::filesystem::path& file, const std::optional<Timecode>& timecode) {
    HostFrame frame;
    ImagePart part;
    part.window = frame.display_window = {0, 0, 8, 4};
    part.planes.push_back(make_plane("Y", SampleType::Half, 8, 4));
    std::fill_n(part.planes[0].samples<std::uint16_t>(), 32, std::uint16_t{0x3800});
    frame.parts.push_back(part);
    frame.worked = {PixelModel::Luminance, 0, {0, -1, -1}};
    frame.timecode = timecode;
    std::filesystem::create_directories(file.parent_path());
    tests::save(file, media::encode_exr(frame, {}));
}

std::vector<MediaItem> found(const std::filesystem::path& folder, MediaChoice choice = MediaChoice::Any) {
    return find_media(folder, choice, {24, 1}, silent_log());
}

}  // namespace

TEST_CASE("sequences and movies are found in folders within folders, with their timecode") {
    const TempFolder folder;
    for (int n = 0; n < 3; ++n) {
        save_exr(folder / ("a/b/sh010." + std::to_string(1001 + n) + ".exr"),
                 Timecode{86400 + n, {24000, 1001}, false});
    }
    write_atomic(folder / "notes.txt", "x");
    std::filesystem::create_directories(folder / ".hidden");
    save_exr(folder / ".hidden/x.1001.exr", std::nullopt);
    std::filesystem::create_directory_symlink("..", folder / "a/up");  // a loop
    media::MovOptions options;
    options.video = tests::test_options(64, 32);
    options.timecode = Timecode{107892, {30000, 1001}, true};
    options.video.rate = options.timecode->rate;
    options.reel = "R7";
    tests::write_test_movie(folder / "take 1.mov", options, tests::test_packets(options.video, 4));

    const std::vector<MediaItem> items = found(folder.path());
    REQUIRE(items.size() == 2);
    CHECK(items[0].pattern == "take 1.mov");
    CHECK(items[0].stem == "take 1");
    CHECK(items[0].range == FrameRange{0, 4});
    CHECK(items[0].reel == "R7");
    CHECK(to_string(*items[0].start) == "01:00:00;00");
    CHECK(items[1].pattern == "sh010.####.exr");
    CHECK(items[1].range == FrameRange{1001, 1004});
    CHECK(items[1].stem == "sh010");
    CHECK(to_string(*items[1].start) == "01:00:00:00");
    CHECK(items[1].path(1002) == folder / "a/b/sh010.1002.exr");
    CHECK(to_string(*timecode_of_file(items[1], 1003, silent_log())) == "01:00:00:02");
    CHECK(found(folder.path(), MediaChoice::Movies).size() == 1);
    CHECK(found(folder.path(), MediaChoice::Sequences).size() == 1);
}

TEST_CASE("padding tells sequences of one name apart") {
    const TempFolder folder;
    for (const char* name :
         {"p.0998.exr", "p.0999.exr", "p.1000.exr", "p.10000.exr", "q.9.exr", "q.10.exr", "r.7.exr"})
        save_exr(folder / name, std::nullopt);
    const std::vector<MediaItem> items = found(folder.path());
    REQUIRE(items.size() == 3);
    CHECK(items[0].pattern == "p.####.exr");
    CHECK(items[0].numbers == FrameSet{998, 999, 1000, 10000});
    CHECK(items[0].has(999));
    CHECK(!items[0].has(1001));
    CHECK(items[1].pattern == "q.#.exr");
    CHECK(items[1].numbers == FrameSet{9, 10});
    CHECK(items[2].pattern == "r.#.exr");
    CHECK(!items[2].start.has_value());
}

TEST_CASE("above 30 frames a second two files share a time word: the second file tells which is first") {
    const TempFolder folder;
    const Rate sixty{60000, 1001};
    for (int n = 0; n < 4; ++n) {
        save_exr(folder / ("even." + std::to_string(100 + n) + ".exr"), Timecode{3600 + n, sixty, true});
        save_exr(folder / ("odd." + std::to_string(100 + n) + ".exr"), Timecode{3601 + n, sixty, true});
    }
    const std::vector<MediaItem> items = find_media(folder.path(), MediaChoice::Any, sixty, silent_log());
    REQUIRE(items.size() == 2);
    CHECK(items[0].start->frame == 3600);
    CHECK(to_string(*items[0].start) == "00:01:00;04");
    CHECK(items[1].start->frame == 3601);
}

TEST_CASE("what cannot be opened or named in a job says so and stops nothing") {
    const TempFolder folder;
    write_atomic(folder / "broken.mov", "not a movie");
    save_exr(folder / "a#b.1001.exr", std::nullopt);
    save_exr(folder / "50%.1001.exr", std::nullopt);
    const std::vector<MediaItem> items = found(folder.path());
    REQUIRE(items.size() == 3);
    CHECK(items[0].pattern == "50%%.####.exr");
    CHECK(items[0].problem.empty());
    CHECK(items[1].problem.find("rename") != std::string::npos);
    CHECK(!items[2].problem.empty());
    CHECK_THROWS_AS(found(folder / "nowhere"), Error);
    CHECK_THROWS_AS(find_media(folder.path(), MediaChoice::Any, {24, 1}, silent_log(), {2, 10, 4}), Error);
}

}  // namespace wetgate::conform

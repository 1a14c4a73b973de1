#include "conform/folder_list.h"

#include <doctest/doctest.h>

#include "conform/job_writer.h"
#include "core/atomic_file.h"
#include "support/temp_folder.h"

namespace wetgate::conform {
namespace {

MediaItem item(const std::string& folder, const std::string& name, FrameRange range) {
    MediaItem made;
    made.folder = folder;
    made.pattern = name;
    made.prefix = name;
    made.stem = name.substr(0, name.find('.'));
    made.is_sequence = name.find('#') != std::string::npos;
    made.range = range;
    if (made.is_sequence) made.numbers = frames_of(range);
    made.rate_is_declared = true;
    return made;
}

std::vector<std::string> clips_of(const FolderList& made) {
    std::vector<std::string> clips;
    for (const CutEvent& event : made.list.events) clips.push_back(event.clip);
    return clips;
}

TEST_CASE("the shots of a folder are called as their folders and files are") {
    const std::vector<MediaItem> media = {
        item("/p", "top.mov", {0, 8}),
        item("/p/day 1/A001", "A001.####.exr", {1001, 1011}),
        item("/p/sh010", "SH010_plate.####.exr", {1001, 1011}),
        item("/p/sh01", "sh010.####.exr", {1001, 1011}),
        item("/p/sh020", "plate.####.exr", {-3, 1011}),
    };
    const FolderList made = list_of_folder("/p/", media, std::nullopt);
    CHECK(clips_of(made) ==
          std::vector<std::string>{"top", "day_1_A001", "SH010_plate", "sh01_sh010", "sh020_plate"});
    REQUIRE(made.matches.size() == 5);
    CHECK((made.matches[1]->cut == FrameRange{1001, 1011}));
    CHECK((made.matches[4]->readable == FrameRange{-3, 1011}));
    CHECK(made.list.events[1].frames == 10);
    CHECK(made.list.file == "p");
}

TEST_CASE("two media of one name are ambiguous, whichever is found first") {
    const std::vector<MediaItem> media = {item("/p", "a.####.exr", {1, 5}), item("/p", "A.mov", {0, 4}),
                                          item("/p", "b.mov", {0, 4})};
    const FolderList made = list_of_folder("/p", media, std::nullopt);
    CHECK(made.list.events[0].verdict == Verdict::Ambiguous);
    CHECK(made.list.events[1].verdict == Verdict::Ambiguous);
    CHECK(made.list.events[1].reason == "a.####.exr and A.mov would both be the shot A: rename one");
    CHECK(made.list.events[2].verdict == Verdict::Conformed);
    CHECK(!made.matches[0]);
    CHECK(made.matches[2]);
}

TEST_CASE("what cannot be opened, or says no rate, is refused with the reason; gaps are noted") {
    std::vector<MediaItem> media = {item("/p", "a.####.exr", {1, 5}), item("/p", "b.mov", {0, 4}),
                                    item("/p", "c.####.exr", {1, 9})};
    media[0].rate_is_declared = false;
    media[1].problem = "is no movie";
    media[2].numbers = {1, 2, 5, 6, 8};
    const FolderList made = list_of_folder("/p", media, std::nullopt);
    CHECK(made.list.events[0].verdict == Verdict::Refused);
    CHECK(made.list.events[0].reason.find("--rate") != std::string::npos);
    CHECK(made.list.events[1].reason == "is no movie");
    CHECK(made.list.events[2].notes == std::vector<std::string>{"frames that are not there: 3-4,7"});
    CHECK(list_of_folder("/p", media, Rate{25, 1}).list.events[0].verdict == Verdict::Conformed);
}

TEST_CASE("a job of a folder has a shot an item, with its own range, rate and numbers") {
    const tests::TempFolder folder;
    write_atomic(folder / "t.json", R"({"schema": "wetgate.job/1", "name": "t", "show": "demo",
        "shots": [{"name": "any", "source": {"path": "any.mov", "colorspace": "Rec.709", "rate": "25"},
                   "range": "1-2", "outputs": [{"name": "o", "path": "out/{shot}.####.exr", "type": "exr"}]}]})");
    const std::vector<MediaItem> media = {item("/p/a", "a.####.exr", {1001, 1011}),
                                          item("/p", "b.mov", {0, 4})};
    const FolderList made = list_of_folder("/p", media, std::nullopt);
    JobRequest request;
    request.template_file = folder / "t.json";
    request.job_file = folder / "job.json";
    const auto job = nlohmann::json::parse(
        make_job(read_template(folder / "t.json"), made.list, media, made.matches, request).text);
    REQUIRE(job["shots"].size() == 2);
    CHECK(job["shots"][0]["name"] == "a");
    CHECK(job["shots"][0]["range"] == "1001-1010");
    CHECK(job["shots"][0]["source"]["range"] == "1001-1010");
    CHECK(job["shots"][0]["note"] == "all of a.####.exr, in p");
    CHECK(job["shots"][0]["outputs"][0]["path"] == "out/a.####.exr");
    CHECK(job["shots"][1]["source"]["first_frame"] == 1001);
    CHECK(job["shots"][1]["range"] == "1001-1004");
}

}  // namespace
}  // namespace wetgate::conform

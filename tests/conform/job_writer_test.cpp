#include "conform/job_writer.h"

#include <doctest/doctest.h>

#include "conform/edl.h"
#include "conform/listing.h"
#include "core/atomic_file.h"
#include "core/error.h"
#include "spec/job_spec.h"
#include "support/temp_folder.h"

namespace wetgate::conform {
namespace {

using nlohmann::json;
using tests::TempFolder;

constexpr const char* pattern = R"({
    "schema": "wetgate.job/1", "name": "pattern", "show": "demo", "work": "work_{version}",
    "shots": [{
        "name": "any",
        "source": {"path": "any.mov", "colorspace": "Rec.709"},
        "mattes": {"m": {"path": "mattes/{shot}.png"}},
        "passes": [{"pass": "sanitize", "matte": "m"}, {"pass": "grade", "lut": "look.cube"}],
        "outputs": [{"name": "o", "path": "out/{reel}/{clip}_{event}_{version}.####.exr", "type": "exr"}]
    }],
    "qc": {"report": "qc"}
})";

constexpr const char* cut =
    "001 R1 V C 01:00:00:12 01:00:01:00 01:00:00:00 01:00:00:12\n* FROM CLIP NAME: my clip*\n"
    "* ASC_SOP (1 1 1)(0 0 0)(1 1 1)\n"
    "002 R2 V C 00:00:01:00 00:00:01:12 01:00:00:12 01:00:01:00\n* FROM CLIP NAME: my clip*\n"
    "003 R9 V C 00:00:01:00 00:00:01:12 01:00:01:00 01:00:01:12\n";

MediaItem item_of(const std::filesystem::path& folder, const std::string& name, bool with_timecode) {
    MediaItem item;
    item.folder = folder;
    item.pattern = item.prefix = name;
    item.stem = name.substr(0, 2);
    item.range = {0, 100};
    item.rate = {24, 1};
    item.rate_is_declared = with_timecode;
    if (with_timecode) item.start = Timecode{86400, {24, 1}, false};
    return item;
}

struct Made {
    CutList list;
    MadeJob made;
    json job;
};

Made make(const TempFolder& folder, const std::string& job_template, JobRequest request = {}) {
    std::filesystem::create_directories(folder / "templates");
    std::filesystem::create_directories(folder / "jobs");
    write_atomic(folder / "templates/t.json", job_template);
    request.template_file = folder / "templates/t.json";
    request.job_file = folder / "jobs/ep 1.json";
    request.cdl_folder = "ep 1.cdl";
    Made result;
    result.list = read_edl(cut, "cut.edl", {24, 1});
    const std::vector<MediaItem> media = {item_of(folder / "media", "R1.mov", true),
                                          item_of(folder / "media", "R2.mov", false)};
    const auto matches = match_events(result.list, media, 8, silent_log());
    result.made = make_job(read_template(request.template_file), result.list, media, matches, request);
    result.job = json::parse(result.made.text);
    return result;
}

}  // namespace

TEST_CASE("each event becomes a shot of the template, with its own media, frames and paths") {
    const TempFolder folder;
    const Made result = make(folder, pattern);
    CHECK(result.job["name"] == "ep_1");
    CHECK(result.job["work"] == "work_v001");
    REQUIRE(result.job["shots"].size() == 2);
    const json& first = result.job["shots"][0];
    CHECK(first["name"] == "my_clip_001");
    CHECK(first["source"]["path"] == "../media/R1.mov");
    CHECK(first["source"]["rate"] == "24");
    CHECK(first["source"]["first_frame"] == 1001 - 12);  // so that the cut starts at 1001
    CHECK(first["range"] == "1001-1012");
    CHECK(first["source"]["colorspace"] == "Rec.709");
    CHECK(!first.contains("timecode"));
    CHECK(first["reel"] == "R1");
    CHECK(first["note"] == "event 001 of cut.edl, record 01:00:00:00 - 01:00:00:12");
    CHECK(first["outputs"][0]["path"] == "out/R1/my_clip_001_v001.####.exr");
    CHECK(first["mattes"]["m"]["path"] == "../templates/mattes/my_clip_001.png");
    CHECK(first["passes"][1]["lut"] == "../templates/look.cube");
    CHECK(first["passes"].size() == 2);
    const json& second = result.job["shots"][1];
    CHECK(second["name"] == "my_clip_002");
    CHECK(second["timecode"] == "00:00:00:00");  // of the movie's first frame, which has none itself
    CHECK(second["source"]["first_frame"] == 1001 - 24);
    CHECK_NOTHROW(spec::parse_job(result.made.text, folder / "jobs/ep 1.json"));
    CHECK(make(folder, pattern).made.text == result.made.text);
    CHECK(result.made.text.find("\"schema\"") < result.made.text.find("\"name\""));
}

TEST_CASE("a sequence has the handles as its range and its timecode where the files have none") {
    CutList list =
        read_edl("001 R1 V C 01:00:00:12 01:00:01:00 01:00:00:00 01:00:00:12\n", "cut.edl", {24, 1});
    const TempFolder folder;
    write_atomic(folder / "t.json", pattern);
    MediaItem item = item_of(folder.path(), "R1.#####.exr", false);
    item.is_sequence = true;
    item.prefix = "R1.";
    item.suffix = ".exr";
    item.range = {86400, 86500};
    item.numbers = frames_of(item.range);
    const auto matches = match_events(list, {item}, 8, silent_log());
    JobRequest request;
    request.template_file = folder / "t.json";
    request.job_file = folder / "job.json";
    const json job =
        json::parse(make_job(read_template(request.template_file), list, {item}, matches, request).text);
    const json& shot = job["shots"][0];
    CHECK(shot["source"]["path"] == "R1.#####.exr");
    CHECK(shot["source"]["range"] == "86404-86431");
    CHECK(shot["range"] == "86412-86423");
    CHECK(shot["timecode"] == "01:00:00:04");  // of source.range's first frame
    CHECK(!shot["source"].contains("first_frame"));
}

TEST_CASE("a reel that is too long for a job is cut between characters") {
    CutList list =
        read_edl("001 R1 V C 01:00:00:12 01:00:01:00 01:00:00:00 01:00:00:12\n", "cut.edl", {24, 1});
    const TempFolder folder;
    write_atomic(folder / "t.json", pattern);
    const MediaItem item = item_of(folder.path(), "R1.mov", true);
    const auto matches = match_events(list, {item}, 8, silent_log());
    list.events.front().reel = std::string(127, 'r') + "\u00e9";
    JobRequest request;
    request.template_file = folder / "t.json";
    request.job_file = folder / "job.json";
    REQUIRE(matches[0]);
    const json job =
        json::parse(make_job(read_template(request.template_file), list, {item}, matches, request).text);
    CHECK(job["shots"][0]["reel"] == std::string(127, 'r'));
}

TEST_CASE("tokens of the job's own stay in the outputs for the job to fill, and are none elsewhere") {
    const TempFolder folder;
    std::string text = pattern;
    const auto replace = [&text](const std::string& from, const std::string& to) {
        text.replace(text.find(from), from.size(), to);
    };
    replace("{reel}", "{reel}_{output}");
    const Made result = make(folder, text);
    const std::string path = result.job["shots"][0]["outputs"][0]["path"].get<std::string>();
    CHECK(path.find("R1_{output}") != std::string::npos);
}

TEST_CASE("a CDL of the list grades first, in the space that was named") {
    const TempFolder folder;
    JobRequest request;
    request.cdl_space = "ACEScct";
    const Made result = make(folder, pattern, request);
    const json& grade = result.job["shots"][0]["passes"][0];
    CHECK(grade["pass"] == "grade");
    CHECK(grade["cdl"] == "ep 1.cdl/my_clip_001.cc");
    CHECK(grade["space"] == "ACEScct");
    CHECK(result.job["shots"][1]["passes"].size() == 2);  // has none
}

TEST_CASE("a template whose shots would write over each other, or with unknown tokens, is refused") {
    const TempFolder folder;
    const auto why = [&](const std::string& from, const std::string& to) {
        std::string text = pattern;
        text.replace(text.find(from), from.size(), to);
        try {
            make(folder, text);
        } catch (const Error& error) {
            CHECK(error.kind() == ErrorKind::Usage);
            return std::string(error.what());
        }
        return std::string();
    };
    CHECK(why("{reel}/{clip}_{event}_{version}", "same").find("{shot}") != std::string::npos);
    CHECK(why("{reel}", "{roll}").find("{roll} is no token") != std::string::npos);
    CHECK(why("\"Rec.709\"", "7").find("/shots/0/source/colorspace") != std::string::npos);
}

TEST_CASE("the listing says of every event what became of it, and counts") {
    const TempFolder folder;
    const Made result = make(folder, pattern);
    CHECK(count(result.list).conformed == 2);
    CHECK(count(result.list).unmatched == 1);
    CutList list = read_edl(cut, "cut.edl", {24, 1});
    const std::vector<MediaItem> media = {item_of(folder / "media", "R1.mov", true),
                                          item_of(folder / "media", "R2.mov", false)};
    const auto matches = match_events(list, media, 8, silent_log());
    const std::string table = to_table(list, media, matches, result.made);
    CHECK(table.find(
              "001    V      R1    01:00:00:12 01:00:01:00  01:00:00:00 01:00:00:12  12      1001-1012   "
              "../media/R1.mov") != std::string::npos);
    CHECK(table.find("NOT conformed: no media of that name: reel R9") != std::string::npos);
    CHECK(table.find("2 conformed, 1 not (0 refused, 1 without media, 0 ambiguous), 0 skipped") !=
          std::string::npos);
    const json lines = to_json(list, media, matches, result.made);
    CHECK(lines["events"][1]["job_frames"] == "1001-1012");
    CHECK(lines["events"][1]["media_frames"] == "24-35");
    CHECK(lines["events"][2]["verdict"] == "unmatched");
}

}  // namespace wetgate::conform

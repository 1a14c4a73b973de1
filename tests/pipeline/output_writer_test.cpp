#include "pipeline/output_writer.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "core/hash.h"
#include "media/aces_container.h"
#include "media/exr_frame.h"
#include "pipeline/checksums.h"
#include "pipeline/run_job.h"
#include "support/small_shot.h"

namespace wetgate::pipeline {
namespace {

nlohmann::json run(const tests::SmallShot& small) {
    return run_job(*small.job, {}, {small.tools(), {}, {}}).result->at("shots")[0];
}

/// The findings about files and their headers; others are about pictures, which are noise here.
nlohmann::json about_files(const nlohmann::json& shot) {
    nlohmann::json found = nlohmann::json::array();
    for (const nlohmann::json& finding : shot.at("findings")) {
        for (const char* check :
             {"naming", "numbering", "metadata", "aces_container", "bit_depth", "missing_frame"}) {
            if (finding.at("check") == check) found.push_back(finding);
        }
    }
    return found;
}

std::string text_of(const std::filesystem::path& file, const char* name) {
    const auto attributes = media::scan_exr_header(file, {}).parts.at(0);
    const media::RawAttribute* found = media::exr::find_attribute(attributes, name);
    if (found == nullptr) return "none";
    return {reinterpret_cast<const char*>(found->value.data()), found->value.size()};
}

}  // namespace

TEST_CASE("the delivery profiles of EXR: a plate loses nothing, an ACES container is one, a proxy is small") {
    const tests::SmallShot small(
        {1, 3}, 16, 12, "[]",
        R"([{"name": "plate", "path": "p.####.exr", "type": "exr", "profile": "plate"},
        {"name": "aces", "path": "a.####.exr", "type": "exr", "profile": "aces-2065-4"},
        {"name": "proxy", "path": "x.####.exr", "type": "exr", "profile": "proxy"}])");
    const nlohmann::json shot = run(small);
    CHECK(about_files(shot).empty());
    CHECK(text_of(small.folder / "p.0001.exr", "compression") == std::string(1, '\3'));  // zip
    CHECK(text_of(small.folder / "a.0001.exr", "compression") == std::string(1, '\0'));
    CHECK(text_of(small.folder / "x.0001.exr", "compression") == std::string(1, '\10'));  // dwaa
    CHECK(media::aces_container_faults(small.folder / "a.0002.exr", {}).empty());
    const HostFrame aces = media::read_exr(small.folder / "a.0002.exr", 2, {});
    FloatImage picture = media::read_worked(aces);
    small.colors.transform("ACES2065-1", "ACEScg")->apply(picture);
    const FloatImage plate = media::read_worked(media::read_exr(small.plate(2), 2, {}));
    for (std::size_t i = 0; i < 3 * plate.window.area(); ++i)
        CHECK(picture.channel(0)[i] == doctest::Approx(plate.channel(0)[i]).epsilon(0.002));
    CHECK(aces.timecode == parse_timecode("00:00:00:02", {24, 1}));
    CHECK(shot.at("outputs")[1].at("profile") == "aces-2065-4");
}

TEST_CASE(
    "the pixels of an untouched EXR are copied as its writer packed them, those of a touched one are not") {
    const std::string half = R"([{"pass": "grade", "frames": "2", "slope": [0.5, 0.5, 0.5]}])";
    const tests::SmallShot small({1, 3}, 16, 12, half);
    for (const int frame : {1, 2}) {
        // As a lazy writer has it: ZIP in name, but its one chunk is left as it is.
        const HostFrame plate = media::read_exr(small.plate(frame), frame, {});
        const std::size_t header = media::scan_exr_header(small.plate(frame), {}).header_bytes;
        std::string bytes = read_text(small.plate(frame), 1 << 16).substr(0, header + 8 + 4);
        bytes += std::string("\x80\x04\0\0", 4);  // 16 * 12 samples of three channels
        for (std::size_t row = 0; row < 12; ++row) {
            for (const Plane& plane : plate.worked_part().planes)
                bytes.append(reinterpret_cast<const char*>(plane.data->data()) + row * 32, 32);
        }
        write_atomic(small.plate(frame), bytes);
    }
    (void)run(small);
    const auto packed = [](const std::filesystem::path& file) {
        return read_text(file, 1 << 16).substr(media::scan_exr_header(file, {}).header_bytes + 8);
    };
    CHECK(packed(small.folder / "out/o.0001.exr") == packed(small.plate(1)));
    CHECK(packed(small.folder / "out/o.0001.exr").size() == 8 + 16 * 12 * 3 * 2);
    CHECK(packed(small.folder / "out/o.0002.exr").size() < 8 + 16 * 12 * 3 * 2);
}

TEST_CASE("the job's timecode and reel go into every frame, and count as meant") {
    const tests::SmallShot small({1, 4}, 16, 12, "[]", tests::SmallShot::exr_output,
                                 R"(, "timecode": "10:00:00:00", "reel": "A001C002", "range": "2-3")");
    const nlohmann::json shot = run(small);
    CHECK(about_files(shot).empty());
    const auto file = small.folder / "out/o.0003.exr";
    CHECK(media::read_exr(file, 3, {}).timecode == parse_timecode("10:00:00:02", {24, 1}));
    CHECK(text_of(file, "reelName") == "A001C002");
    CHECK(text_of(file, "framesPerSecond") == std::string("\x18\0\0\0\1\0\0\0", 8));
}

TEST_CASE("a renumbered output keeps its timecode, and the report says both numbers") {
    const tests::SmallShot small(
        {1, 6}, 16, 12, "[]",
        R"([{"name": "o", "path": "o.#####.exr", "type": "exr", "first_frame": 1001, "checksums": "xxh128"}])",
        R"(, "range": "3-5")");
    const nlohmann::json shot = run(small);
    CHECK(shot.at("outputs")[0].at("renumbered").dump() == R"({"from":3,"to":1001})");
    CHECK(media::read_exr(small.folder / "o.01003.exr", 5, {}).timecode ==
          parse_timecode("00:00:00:05", {24, 1}));
    CHECK_FALSE(std::filesystem::exists(small.folder / "o.01004.exr"));
    CHECK(about_files(shot).empty());
    std::string expected;
    for (const char* name : {"o.01001.exr", "o.01002.exr", "o.01003.exr"})
        expected += file_hash(small.folder / name) + "  " + name + "\n";
    const std::string list = read_text(small.folder / "o.exr.xxh128", 1 << 16);
    CHECK(list == expected);
    CHECK(shot.at("outputs")[0].at("checksums").at("hash") == content_hash(list));
    CHECK(shot.at("outputs")[0].at("checksums").at("file") == "o.exr.xxh128");
}

TEST_CASE("what goes into an ASC MHL is escaped, and a strange name is an Issue") {
    const tests::SmallShot small({1, 3}, 16, 12, "[]",
                                 R"([{"name": "o", "path": "a&b <c>.####.exr", "type": "exr"}])");
    spec::JobSpec job = *small.job;
    job.date = "2026-11-26T12:00:00Z";
    spec::OutputSpec& output = job.shots[0].outputs[0];
    output.checksums = "mhl";
    const nlohmann::json shot = run_job(job, {}, {small.tools(), {}, {}}).result->at("shots")[0];
    const std::string list = read_text(small.folder / "a&b <c>.exr.mhl", 1 << 16);
    CHECK(list.find(">a&amp;b &lt;c&gt;.0001.exr</path>") != std::string::npos);
    CHECK(list.find("<creationdate>2026-11-26T12:00:00Z</creationdate>") != std::string::npos);
    CHECK(list.find("<xxh128 action=\"original\">" + file_hash(small.folder / "a&b <c>.0002.exr")) !=
          std::string::npos);
    const nlohmann::json findings = about_files(shot);
    REQUIRE(findings.size() == 1);
    CHECK(findings[0].at("check") == "naming");
    CHECK(findings[0].at("severity") == "Issue");
}

TEST_CASE("an enlarged picture says which data window it had") {
    HostFrame like;
    like.number = 1;
    like.display_window = {0, 0, 8, 6};
    const tests::TempFolder folder;
    write_atomic(folder / "in.exr",
                 media::encode_exr(media::make_rgb_frame(like, tests::SmallShot::picture(1, 8, 6),
                                                         SampleType::Half, 0, std::nullopt),
                                   {}));
    const HostFrame read = media::read_exr(folder / "in.exr", 1, {});
    const HostFrame large = media::make_enlarged_frame(read, tests::SmallShot::picture(1, 16, 12), 2);
    write_atomic(folder / "out.exr", media::encode_exr(large, {}));
    CHECK(text_of(folder / "out.exr", "originalDataWindow") == text_of(folder / "in.exr", "dataWindow"));
    CHECK(text_of(folder / "in.exr", "originalDataWindow") == "none");
}

TEST_CASE("one picture under a plain name is complete") {
    const tests::SmallShot small({1, 3}, 16, 12, "[]", R"([{"name": "o", "path": "one.exr", "type": "exr"}])",
                                 R"(, "range": "2")");
    CHECK(about_files(run(small)).empty());
    CHECK(std::filesystem::exists(small.folder / "one.exr"));
}

TEST_CASE("audio that is not there stops a job before it works") {
    const tests::SmallShot small(
        {1, 3}, 16, 12, "[]",
        R"([{"name": "m", "path": "m.mov", "type": "prores", "colorspace": "Rec.709"}])",
        R"(, "audio": {"path": "sound.wav"})");
    CHECK_THROWS_AS(run(small), Error);
}

}  // namespace wetgate::pipeline

#include <doctest/doctest.h>

#include <chrono>

#include "core/atomic_file.h"
#include "core/error.h"
#include "spec/job_spec.h"
#include "spec/job_text.h"
#include "support/temp_folder.h"

namespace wetgate::spec {
namespace {

using nlohmann::json;
using tests::good_job;
using tests::parsed;
using tests::problems_of;
using tests::with;
using tests::without;
using Texts = std::vector<std::string>;

TEST_CASE("every key of a job arrives in its struct") {
    const JobSpec job = parsed(good_job());
    CHECK(job.name == "ep101_fix");
    CHECK(job.show == "demo");
    CHECK(job.folder == "/show/jobs");
    CHECK(job.file == "/show/jobs/fix.json");
    CHECK(job.work == "/show/jobs/ep101_fix.work");
    CHECK(job.approval.ref == "T-1");
    CHECK(job.compute.device == "cuda:1");
    CHECK(job.compute.precision == Precision::Fp32);
    CHECK(job.compute.threads == 2);
    CHECK(job.compute.seed == 7);
    CHECK(job.qc.report == "/show/jobs/out/qc");
    CHECK(job.qc.gate == GateMode::Warn);
    REQUIRE(job.qc.accept.size() == 1);
    CHECK(job.qc.accept[0].check == "clipping");
    CHECK(job.qc.accept[0].reason == "the lamp is in frame");
    CHECK(!job.qc.accept[0].frames);

    const ShotSpec& shot = job.shot("sh010");
    CHECK(shot.source.path.text == "plates/sh010.####.exr");
    CHECK(shot.source.path.pattern.path(1001) == "/show/jobs/plates/sh010.1001.exr");
    CHECK(shot.source.range == FrameRange{1001, 1049});
    CHECK(shot.range == FrameRange{1009, 1041});
    CHECK(shot.source.rate == Rate{24000, 1001});
    CHECK(shot.source.colorspace == "ACEScg");
    CHECK(shot.on_bad_frame == BadFrame::Hold);
    CHECK(shot.timecode == "01:00:00:00");
    CHECK(shot.reel == "A001");
    CHECK(shot.mattes.at("boom").path.pattern.path(1001) == "/show/jobs/mattes/boom.1001.exr");
    CHECK(shot.mattes.at("boom").channel == "R");
    CHECK(shot.mattes.at("boom").invert);
    CHECK_FALSE(shot.references.at("hero").path.pattern.is_sequence());

    REQUIRE(shot.passes.size() == 2);
    CHECK(shot.passes[0].name == "sanitize");
    CHECK(shot.passes[0].enabled);
    CHECK_FALSE(shot.passes[0].frames);
    CHECK(shot.passes[0].strength == 1.0);
    CHECK_FALSE(shot.passes[0].limit_stops);
    CHECK(shot.passes[0].params.values() == pass_params("sanitize", json::object()).values());
    CHECK(shot.passes[1].pointer == "/shots/0/passes/1");
    CHECK(shot.passes[1].matte == "boom");
    CHECK(shot.passes[1].strength == 0.6);
    CHECK(shot.passes[1].limit_stops == 0.5);
    CHECK(shot.passes[1].frames == FrameSet{1010, 1012, 1014, 1016, 1018, 1020});

    REQUIRE(shot.outputs.size() == 2);
    CHECK(shot.outputs[0].type == OutputType::Exr);
    CHECK(shot.outputs[0].compression == "zip");
    CHECK(shot.outputs[0].pixel == PixelChoice::Half);
    CHECK_FALSE(shot.outputs[0].colorspace);
    CHECK(shot.outputs[1].type == OutputType::ProRes);
    CHECK(shot.outputs[1].profile == "422hq");
    CHECK(shot.outputs[1].encoder == "auto");
    CHECK(shot.outputs[1].colorspace == "Rec.709");
}

TEST_CASE("what a job leaves out has its default") {
    const JobSpec job = parsed(json::parse(R"({"schema": "wetgate.job/1", "name": "j", "shots": [{
        "name": "s", "source": {"path": "/in/a.mov", "colorspace": "Rec.709"},
        "outputs": [{"name": "o", "path": "/out/a.mov", "type": "prores"}]}]})"));
    CHECK(job.color.config == "builtin");
    CHECK(job.color.working == "ACEScg");
    CHECK(job.compute.device == "auto");
    CHECK(job.compute.precision == Precision::Fp16);
    CHECK(job.compute.threads == 1);
    CHECK(job.qc.gate == GateMode::Fail);
    CHECK(job.qc.report == "/show/jobs/j.work/qc");
    CHECK(job.approval.deliverable == "temp");
    CHECK(job.shots[0].on_bad_frame == BadFrame::Fail);
    CHECK_FALSE(job.shots[0].range);
    CHECK(job.shots[0].outputs[0].profile == "422hq");
    CHECK(parsed(without("/shots/0/range")).shots[0].range == FrameRange{1001, 1049});
    CHECK(parsed(with("/color/config", "../cfg/show.ocio")).color.config == "/show/cfg/show.ocio");
    CHECK(parsed(with("/color/config", "$OCIO")).color.config == "$OCIO");
}

TEST_CASE("every problem is reported at once, in the order of the file, with its line") {
    json job = with("/shots/0/passes/1/strenght", 0.5);
    job["qc"]["gate"] = "fial";
    job["shots"][0]["outputs"][0].erase("name");
    job["shots"][0]["source"]["range"] = "1001-1048:2";
    try {
        parsed(job);
        FAIL("no error");
    } catch (const JobProblems& error) {
        CHECK(error.kind() == ErrorKind::Usage);
        CHECK(error.problems().size() == 4);
        const std::string what = error.what();
        CHECK(what.find("/show/jobs/fix.json: 4 problems:\n") == 0);
        CHECK(what.find("\n/shots/0/passes/1/strenght: unknown key; did you mean \"strength\"? (line ") ==
              std::string::npos);
        CHECK(what.find("\n/shots/0/passes/1/strenght: unknown key") != std::string::npos);
        CHECK(what.find("\n/qc/gate: \"fial\" is not one of \"off\", \"warn\", \"fail\"; did you mean "
                        "\"fail\"? (line ") != std::string::npos);
        CHECK(what.find("\n/shots/0/outputs/0/name: is missing") != std::string::npos);
        CHECK(what.find("OpenCue") != std::string::npos);
    }
}

TEST_CASE("a mistyped key names the one that was meant") {
    CHECK(problems_of(with("/shots/0/passes/0/strenght", 0.5)) ==
          Texts{"/shots/0/passes/0/strenght: unknown key; did you mean \"strength\"?"});
    json job = without("/compute/device");
    job["compute"]["devise"] = "cpu";
    CHECK(problems_of(job) == Texts{"/compute/devise: unknown key; did you mean \"device\"?"});
    CHECK(problems_of(with("/shots/0/passes/0/pass", "sanitise")) ==
          Texts{"/shots/0/passes/0/pass: there is no pass called \"sanitise\"; did you mean \"sanitize\"?"});
    CHECK(problems_of(with("/shots/0/passes/1/matte", "bom")) ==
          Texts{"/shots/0/passes/1/matte: the shot has no matte called \"bom\"; did you mean \"boom\"?"});
    CHECK(problems_of(with("/shots/0/passes/1/protect", "sky")).size() == 1);
    CHECK_THROWS_AS(parsed(good_job()).shot("sh011"), Error);
}

struct Case {
    std::string pointer;
    json value;
    std::string message;  ///< part of the one problem's text
};

TEST_CASE("each mistake gives one problem that says what to do") {
    const std::vector<Case> cases = {
        {"/schema", "wetgate.job/2", "newer than this wetgate"},
        {"/schema", "other", "must be \"wetgate.job/1\""},
        {"/name", "a b", "must be made of letters"},
        {"/name", "..", "means a folder"},
        {"/name", std::string(129, 'a'), "longer than 128"},
        {"/name", 3, "expected a text"},
        {"/version", "v 2", "must be made of letters"},
        {"/date", "yesterday", "is no date"},
        {"/date", "2026-02-29T00:00:00Z", "is no date"},
        {"/date", "2026-11-26T12:00:00", "is no date"},
        {"/shots/0/audio", json{{"path", "snd.####.wav"}}, "sound is one file"},
        {"/shots/0/outputs/0/path", "out/{version}.####.exr", "{version} has no text"},
        {"/shots/0/outputs/0/path", "out/{take}.####.exr", "{take} is no token"},
        {"/shots/0/outputs/0/profile", "422hq", "is none of exr's: plate, aces-2065-4, proxy"},
        {"/shots/0/outputs/1/profile", "plate", "is none of prores's"},
        {"/shots/0/outputs/0/profile", "aces-2065-4", "not compressed"},
        {"/shots/0/outputs/0/profile", "proxy", "a proxy is small"},
        {"/shots/0/outputs/0/checksums", "mhl", "give the job a `date`"},
        {"/shots/0/outputs/0/checksums", "sha1", "is not one of"},
        {"/shots/0/outputs/1/first_frame", 1, "there is no frame number in the name"},
        {"/compute/device", "cuda:x", "none of auto, cpu, cuda"},
        {"/compute/device", "cpuu", "did you mean \"cpu\""},
        {"/compute/threads", 0, "below the least value 1"},
        {"/compute/threads", 1.0, "expected a whole number"},
        {"/compute/seed", std::int64_t{1} << 60, "above the greatest value"},
        {"/shots", json::array(), "needs at least 1"},
        {"/shots/0/source/colorspace", "", "must not be empty"},
        {"/shots/0/source/range", "1001-1010,1020", "has gaps"},
        {"/shots/0/source/rate", 0, "greater than 0"},
        {"/shots/0/source/rate", "fast", "is no frame rate"},
        {"/shots/0/source/first_frame", 1001, "is for movies"},
        {"/shots/0/source/path", "plates/a.##.##.exr", "two frame numbers"},
        {"/shots/0/source/path", "P:\\plates\\a.####.exr", "--path-map"},
        {"/shots/0/range", "1000-1010", "not all in source.range 1001-1048"},
        {"/shots/0/timecode", "01:00:00:24", "is no timecode at 24000/1001"},
        {"/shots/0/on_bad_frame", "stop", "not one of"},
        {"/shots/0/passes/0/frames", "1-5", "none of them is in the shot's range 1009-1040"},
        {"/shots/0/passes/0/frames", "", "must not be empty"},
        {"/shots/0/passes/0/strength", 1.5, "above the greatest value 1"},
        {"/shots/0/passes/0/limit_stops", 0, "must be greater than 0"},
        {"/shots/0/passes/0", 5, "expected an object"},
        {"/shots/0/outputs/0/path", "out/a.exr", "every frame would get the same name"},
        {"/shots/0/outputs/0/path", "out/a.####.dpx", "a file of type exr is named .exr"},
        {"/shots/0/outputs/0/path", "plates/sh010.%04d.exr", "would write over the source of shot sh010"},
        {"/shots/0/outputs/0/path", "../jobs/plates/./sh010.####.exr", "would write over the source"},
        {"/shots/0/outputs/0/path", "mattes/boom.####.exr", "would write over matte boom"},
        {"/shots/0/outputs/0/compression", "lzw", "none of exr's"},
        {"/shots/0/outputs/0/encoder", "prores_ks", "means nothing for type exr (only for prores)"},
        {"/shots/0/outputs/0/dwa_level", 45, "needs compression dwaa or dwab"},
        {"/shots/0/outputs/0/name", "dailies", "is also the name of output 0"},
        {"/shots/0/outputs/1/path", "out/a.####.mov", "a movie is one file"},
        {"/shots/0/outputs/1/alpha", true, "take profile 4444"},
        {"/shots/0/outputs/1/compression", "zip", "means nothing for type prores"},
        {"/shots/0/outputs/1/type", "dnxhd", "not one of"},
        {"/shots/0/outputs/0/matte_of", "dust", "the shot has no pass \"dust\""},
        {"/shots/0/outputs/1/matte_of", "sanitize", "a matte is written as"},
    };
    for (const Case& each : cases) {
        CAPTURE(each.pointer);
        CAPTURE(each.value.dump());
        const Texts problems = problems_of(with(each.pointer, each.value));
        for (const std::string& problem : problems) INFO(problem);
        REQUIRE(problems.size() == 1);
        CAPTURE(problems[0]);
        CHECK(problems[0].find(each.message) != std::string::npos);
    }
    CHECK(problems_of(without("/shots/0/source/colorspace")) ==
          Texts{"/shots/0/source/colorspace: is missing"});
    CHECK(problems_of(without("/shots/0/source/range"))[0].find("a sequence needs the frames that exist") !=
          std::string::npos);
    CHECK(problems_of(json::array()).size() == 1);
}

TEST_CASE("outputs must not meet, whatever way their names are written") {
    json job = good_job();
    job["shots"].push_back(job["shots"][0]);
    job["shots"][1]["name"] = "sh020";
    const Texts same = problems_of(job);
    REQUIRE(same.size() == 2);
    CHECK(same[0] ==
          "/shots/1/outputs/0/path: writes the same files as output plate of shot sh010 "
          "(/shots/0/outputs/0/path)");
    CHECK(same[1] ==
          "/shots/1/outputs/1/path: writes the same files as output dailies of shot sh010 "
          "(/shots/0/outputs/1/path)");

    job["shots"][1]["outputs"][1]["path"] = "out/b.mov";
    job["shots"][1]["outputs"][0]["path"] = "out/sh010_v002.%d.exr";
    CHECK(problems_of(job).size() == 1);
    job["shots"][1]["outputs"][0]["path"] = "out/sh010_v002.%06d.exr";
    CHECK(problems_of(job).empty());
    // The same names for other frames are a shot in two parts.
    job["shots"][1]["outputs"][0]["path"] = "out/sh010_v002.####.exr";
    job["shots"][1]["range"] = "1041-1048";
    job["shots"][1]["passes"] = json::array();
    CHECK(problems_of(job).empty());
    // One frame of the other's sequence.
    job["shots"][1]["range"] = "1041";
    job["shots"][1]["outputs"][0]["path"] = "out/sh010_v002.1010.exr";
    CHECK(problems_of(job).size() == 1);
    job["shots"][1]["outputs"][0]["path"] = "out/sh010_v002.2010.exr";
    CHECK(problems_of(job).empty());
}

TEST_CASE("the job file and references are never written over") {
    json job = good_job();
    job["shots"][0]["range"] = "1017";
    job["shots"][0]["passes"] = json::array();
    job["shots"][0]["outputs"][0]["path"] = "plates/sh020.####.exr";
    CHECK(problems_of(job)[0].find("would write over reference hero") != std::string::npos);
    job["shots"][0]["range"] = "1018";
    CHECK(problems_of(job).empty());
}

TEST_CASE("a small job cannot ask for the memory of millions of frames a pass") {
    json job = with("/shots/0/source/range", "1-1000000");
    job["shots"][0].erase("range");
    const json all = {{"pass", "sanitize"}, {"frames", "1-1000000"}};
    job["shots"][0]["passes"] = json::array();
    for (int i = 0; i < 20; ++i) job["shots"][0]["passes"].push_back(all);
    const Texts problems = problems_of(job);  // sixteen million are allowed, to the last
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].find("/shots/0/passes/16/frames: ") == 0);
    CHECK(problems[0].find("too many frames in all") != std::string::npos);
}

TEST_CASE("nor of millions of frames that are accepted beforehand, and frames of no text are none") {
    json job = good_job();
    const json all = {{"check", "clipped"}, {"frames", "1-1000000"}, {"reason", "r"}};
    job["qc"]["accept"] = json::array();
    for (int i = 0; i < 20; ++i) job["qc"]["accept"].push_back(all);
    const Texts problems = problems_of(job);
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].find("/qc/accept/16/frames: ") == 0);
    CHECK(problems[0].find("too many frames in all") != std::string::npos);
    job["qc"]["accept"] = {{{"check", "clipped"}, {"frames", ""}, {"reason", "r"}}};
    REQUIRE(problems_of(job).size() == 1);
    CHECK(problems_of(job)[0].find("/qc/accept/0/frames: ") == 0);
}

TEST_CASE("a list of a million wrong entries is one problem, and is not read") {
    json job = good_job();
    job["shots"] = json::array();
    for (int i = 0; i < 500'000; ++i) job["shots"].push_back(0);
    const Texts problems = problems_of(job);
    REQUIRE(!problems.empty());
    CHECK(problems[0] == "/shots: has 500000 entries, at most 10000 are allowed");
    CHECK(problems.size() <= 1001);
}

TEST_CASE("path maps and the syntax of frames apply while reading") {
    LoadOptions options;
    options.path_map.add("P:\\show", "/mnt/show");
    options.frames_syntax = FramesSyntax::OpenJd;
    json job = with("/shots/0/source/path", "P:\\show\\plates\\sh010.####.exr");
    job["shots"][0]["passes"][1]["frames"] = "1010-1020:5";
    const JobSpec spec = parsed(job, options);
    CHECK(spec.shots[0].source.path.pattern.path(1001) == "/mnt/show/plates/sh010.1001.exr");
    CHECK(spec.shots[0].source.path.text == "P:\\show\\plates\\sh010.####.exr");
    CHECK(spec.shots[0].passes[1].frames == FrameSet{1010, 1015, 1020});
}

TEST_CASE("a job is loaded from its file, and its folder is where paths start") {
    const tests::TempFolder folder;
    write_atomic(folder / "job.json", std::string_view(good_job().dump()));
    const JobSpec job = load_job(folder / "job.json");
    CHECK(job.shots[0].source.path.pattern.folder() == std::filesystem::absolute(folder.path()) / "plates");
    CHECK_THROWS_AS(load_job(folder / "none.json"), Error);
}

TEST_CASE("a job of 200 shots is read in well under a second") {
    json job = good_job();
    const json shot = job["shots"][0];
    job["shots"] = json::array();
    for (int i = 0; i < 200; ++i) {
        json copy = shot;
        const std::string name = "sh" + std::to_string(1000 + i);
        copy["name"] = name;
        for (int pass = 0; pass < 8; ++pass) copy["passes"].push_back({{"pass", "sanitize"}});
        copy["outputs"][0]["path"] = "out/" + name + ".####.exr";
        copy["outputs"][1]["path"] = "out/" + name + ".mov";
        job["shots"].push_back(copy);
    }
    const auto start = std::chrono::steady_clock::now();
    CHECK(parsed(job).shots.size() == 200);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    MESSAGE("200 shots of 10 passes: " << seconds.count() << " s");
#ifdef NDEBUG
    constexpr double bound_s = 1.0;
#else
    constexpr double bound_s = 20.0;  // unoptimised, perhaps under sanitizers
#endif
    CHECK(seconds.count() < bound_s);
}

}  // namespace
}  // namespace wetgate::spec

#include "spec/output_names.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "spec/job_text.h"

namespace wetgate::spec {
namespace {

using nlohmann::json;
using tests::good_job;
using tests::parsed;
using tests::problems_of;
using tests::with;

OutputSpec named(const std::string& path) {
    OutputSpec output;
    output.path.text = path;
    output.path.pattern = PathPattern::parse(path);
    return output;
}

}  // namespace

TEST_CASE("tokens in a path stand for names, and only whole words in braces are tokens") {
    const PathTokens tokens{"demo", "sh010", "v002", "plate"};
    CHECK(with_tokens("out/{show}/{shot}_{version}_{output}.####.exr", tokens) ==
          "out/demo/sh010_v002_plate.####.exr");
    CHECK(with_tokens("{shot}{shot}", tokens) == "sh010sh010");
    CHECK(with_tokens("a{}b{1}c{", tokens) == "a{}b{1}c{");
    CHECK_THROWS_AS(with_tokens("{take}", tokens), Error);
    CHECK_THROWS_AS(with_tokens("{version}", {"demo", "sh010", "", "plate"}), Error);
    CHECK_THROWS_AS(with_tokens("{show}", {"../up", "sh010", "v1", "plate"}), Error);
    CHECK_THROWS_AS(with_tokens("{show}", {"..", "sh010", "v1", "plate"}), Error);
}

TEST_CASE("a job's outputs get their names from tokens, and its other keys arrive") {
    json job = good_job();
    job["version"] = "v003";
    job["date"] = "2026-11-26T12:00:00+01:00";
    job["shots"][0]["audio"] = {{"path", "sound/sh010.wav"}, {"first_frame", 1001}};
    json& output = job["shots"][0]["outputs"][0];
    output["path"] = "out/{shot}_{version}.#####.exr";
    output["profile"] = "plate";
    output["first_frame"] = 1;
    output["checksums"] = "mhl";
    const JobSpec spec = parsed(job);
    const OutputSpec& read = spec.shots[0].outputs[0];
    CHECK(read.path.text == "out/sh010_v003.#####.exr");
    CHECK(read.path.pattern.path(7) == "/show/jobs/out/sh010_v003.00007.exr");
    CHECK(read.profile == "plate");
    CHECK(number_in_name(read, 1009, 1009) == 1);
    CHECK(number_in_name(read, 1040, 1009) == 32);
    CHECK(checksum_file(read) == "/show/jobs/out/sh010_v003.exr.mhl");
    CHECK(spec.date == "2026-11-26T12:00:00+01:00");
    REQUIRE(spec.shots[0].audio);
    CHECK(spec.shots[0].audio->path.pattern.path(0) == "/show/jobs/sound/sh010.wav");
    CHECK(spec.shots[0].audio->first_frame == 1001);
}

TEST_CASE("renumbered outputs that would meet are found") {
    json job = good_job();
    json second = job["shots"][0]["outputs"][0];
    second["name"] = "again";
    second["first_frame"] = 2001;
    job["shots"][0]["outputs"].push_back(second);
    CHECK(problems_of(job).empty());  // 1009-1040 and 2001-2032
    job["shots"][0]["outputs"][2]["first_frame"] = 1020;
    REQUIRE(problems_of(job).size() == 1);
    CHECK(problems_of(job)[0].find("writes the same files as output plate") != std::string::npos);
}

TEST_CASE("two lists of checksums cannot have one name") {
    json job = good_job();
    json second = job["shots"][0]["outputs"][0];
    job["shots"][0]["outputs"][0]["checksums"] = "md5";
    second["name"] = "again";
    second["checksums"] = "md5";
    second["path"] = "out/sh010_v002_####.exr";
    job["shots"][0]["outputs"].push_back(second);
    REQUIRE(problems_of(job).size() == 1);
    CHECK(problems_of(job)[0].find("/shots/0/outputs/2/checksums: would write the same file as "
                                   "/shots/0/outputs/0/checksums (sh010_v002.exr.md5)") == 0);
}

TEST_CASE("names that other systems would trip over are found, letter by letter") {
    CHECK(naming_faults(named("out/AGM_104_065_010_PL01_v001.####.exr"), 1023).empty());
    const auto spaced = naming_faults(named("my out/sh010 (1).####.exr"), 1023);
    REQUIRE(spaced.size() == 1);
    CHECK(spaced[0].find("' ', '(', ')'") != std::string::npos);
    CHECK(naming_faults(named("out/gr\xC3\xBC\xC3\x9F.mov"), 1)[0].find("a letter beyond ASCII;") !=
          std::string::npos);
    CHECK(naming_faults(named("out/" + std::string(243, 'a') + ".####.exr"), 1023).empty());  // 4+243+1+4+4
    CHECK(naming_faults(named("out/" + std::string(243, 'a') + ".####.exr"), 10023)[0].find(
              "257 bytes long") != std::string::npos);
}

TEST_CASE("a checksum list lies beside its files, under their name without the number") {
    OutputSpec output = named("out/sh010_v002.####.exr");
    output.checksums = "md5";
    CHECK(checksum_file(output) == "out/sh010_v002.exr.md5");
    output = named("out/sh010.mov");
    output.checksums = "xxh128";
    CHECK(checksum_file(output) == "out/sh010.mov.xxh128");
    output = named("out/####.exr");
    output.checksums = "mhl";
    CHECK(checksum_file(output) == "out/sequence.exr.mhl");
}

}  // namespace wetgate::spec

#include "pipeline/record.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "fuzz/mutate.h"
#include "pipeline/run_job.h"
#include "support/small_shot.h"

namespace wetgate::pipeline {
namespace {

namespace fs = std::filesystem;

JobOutcome run(const tests::SmallShot& small) {
    return run_job(*small.job, {}, {small.tools(), {}, {}});
}

std::string nested(int depth) {
    return std::string(static_cast<std::size_t>(depth), '[') +
           std::string(static_cast<std::size_t>(depth), ']');
}

constexpr std::int64_t most_bytes = 1 << 24;

}  // namespace

TEST_CASE("a record with anything wrong in it is no record, and the frame is made again to the same report") {
    const tests::SmallShot small({1, 4}, 16, 12, R"([{"pass": "grade", "slope": [1.5, 1.0, 1.0]}])");
    const nlohmann::json result = *run(small).result;
    const ShotContext context = small.context(1);
    const fs::path file = WorkFiles(context).record(2);
    const std::string good = read_text(file, most_bytes);
    REQUIRE(load_record(context, 2));
    const fuzz::Bytes seed(good.begin(), good.end());
    const auto words = fuzz::parse_dictionary(
        "\"null\"\n\"[]\"\n\"{}\"\n\"\\\"\\\"\"\n\"-1\"\n\"1e999\"\n\"99999999999999999999\"\n\"true\"\n");
    fuzz::Random random(2026);
    int refused = 0;
    for (int i = 0; i < 400; ++i) {
        const fuzz::Bytes bytes = fuzz::mutated(seed, seed, words, seed.size() * 2, random);
        write_atomic(file, std::string(bytes.begin(), bytes.end()));
        CAPTURE(i);
        const auto record = load_record(context, 2);
        if (!record) ++refused;
        if (record || i % 20 != 0) continue;
        const JobOutcome again = run(small);
        CHECK(again.made == 1);
        CHECK(*again.result == result);
    }
    CHECK(refused > 200);
}

TEST_CASE("a file of the work folder that is nested without end is not read into the stack") {
    const tests::SmallShot small({1, 3}, 16, 12);
    run(small);
    const ShotContext context = small.context(1);
    const fs::path file = WorkFiles(context).record(1);
    write_atomic(file, R"({"frame": 1, "key": )" + nested(200'000) + "}");
    CHECK(!load_record(context, 1));
    write_atomic(small.folder / "deep.json", R"({"artefact": )" + nested(200'000) + "}");
    CHECK_THROWS_WITH_AS(read_artefact(small.folder / "deep.json"), doctest::Contains("nested deeper"),
                         Error);
    CHECK_THROWS_WITH_AS(load_artefact(small.folder / "deep.json"), doctest::Contains("nested deeper"),
                         Error);
}

TEST_CASE("an artefact that a person edited into no artefact is refused with its place, and stays as it is") {
    const tests::SmallShot small({1, 6}, 32, 24, R"([{"pass": "deflicker"}])");
    run(small);
    const fs::path file = WorkFiles(small.context(1)).artefact(0, "deflicker");
    const std::string good = read_text(file, most_bytes);
    std::string typo = good;
    typo.insert(typo.find("\"locked\""), "#");
    for (const std::string& edited :
         {typo, std::string("{\"artefact\": 1, \"locked\": \"yes\"}"), std::string("[]")}) {
        write_atomic(file, edited);
        CAPTURE(edited);
        try {
            run(small);
            FAIL("it was used");
        } catch (const Error& error) {
            CHECK(error.kind() == ErrorKind::Usage);
            CHECK(error.context().file == file.string());
        }
        CHECK(read_text(file, most_bytes) == edited);
    }
    write_atomic(file, good);
    CHECK(run(small).reused == 5);
}

}  // namespace wetgate::pipeline

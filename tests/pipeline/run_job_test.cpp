#include "pipeline/run_job.h"

#include <doctest/doctest.h>

#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "core/error.h"
#include "media/still.h"
#include "pipeline/memory.h"
#include "pipeline/plan.h"
#include "pipeline/record.h"
#include "spec/embedded.h"
#include "support/small_shot.h"

namespace wetgate::pipeline {
namespace {

JobOutcome run(const tests::SmallShot& small, const JobRequest& request = {}) {
    return run_job(*small.job, request, {small.tools(), {}, {}});
}

}  // namespace

TEST_CASE("a job without passes gives every plate back byte for byte, and a second run makes nothing") {
    const tests::SmallShot small({1, 6}, 16, 12);
    const JobOutcome first = run(small);
    CHECK(first.made == 5);
    REQUIRE(first.result);
    CHECK(first.result->at("verdict") == "pass");
    for (int frame = 1; frame < 6; ++frame) {
        const auto out = small.job->shots[0].outputs[0].path.pattern.path(frame);
        CHECK(read_text(out, 1 << 20) == read_text(small.plate(frame), 1 << 20));
    }
    const JobOutcome second = run(small);
    CHECK(second.made == 0);
    CHECK(second.reused == 5);
    CHECK(*second.result == *first.result);
}

TEST_CASE("the report fits its schema") {
    const tests::SmallShot small({1, 4}, 16, 12, R"([{"pass": "grade", "slope": [1.5, 1.0, 1.0]}])");
    const nlohmann::json report = {
        {"schema", "wetgate.report/1"},
        {"result", *run(small).result},
        {"run", {{"host", "h"}, {"written", "w"}, {"command", nlohmann::json::array()}}}};
    const nlohmann::json text = nlohmann::json::parse(spec::embedded_schemas().at("qc_report.schema.json"));
    valijson::Schema schema;
    valijson::SchemaParser().populateSchema(valijson::adapters::NlohmannJsonAdapter(text), schema);
    valijson::ValidationResults results;
    const bool valid =
        valijson::Validator().validate(schema, valijson::adapters::NlohmannJsonAdapter(report), &results);
    valijson::ValidationResults::Error error;
    while (!valid && results.popError(error)) MESSAGE(error.description);
    CHECK(valid);
}

TEST_CASE("what a grade did is in the report, in stops") {
    const tests::SmallShot small({1, 3}, 16, 12, R"([{"pass": "grade", "slope": [2.0, 2.0, 2.0]}])");
    const nlohmann::json result = *run(small).result;
    const nlohmann::json& pass = result.at("shots")[0].at("frames")[0].at("passes")[0];
    CHECK(pass.at("touched").get<double>() > 0.99);  // all but exact zeros
    CHECK(pass.at("max_stops").get<double>() == doctest::Approx(1.0).epsilon(0.01));
    const nlohmann::json& plate = result.at("shots")[0].at("frames")[0].at("plate");
    CHECK(plate.at("changed_outside") == 0);
    CHECK(plate.at("changed_other") == 0);
    CHECK(plate.at("changed_inside").get<int>() > 0);
}

TEST_CASE("an output can be the matte of a pass, and is black where the pass did nothing") {
    const tests::SmallShot small(
        {1, 3}, 16, 12, R"([{"pass": "grade", "slope": [2.0, 2.0, 2.0], "strength": 0.5, "frames": "2"}])",
        R"([{"name": "m", "path": "out/m.####.exr", "type": "exr", "matte_of": "grade"},
            {"name": "o", "path": "out/o.####.exr", "type": "exr"},
            {"name": "p", "path": "out/p.####.png", "type": "png", "matte_of": "grade"}])");
    const JobOutcome outcome = run(small);
    CHECK(outcome.made == 2);
    CHECK(outcome.result->at("verdict") == "pass");
    const auto& outputs = small.job->shots[0].outputs;
    for (const int frame : {1, 2}) {
        const FloatImage plate = media::read_worked(media::read_exr(small.plate(frame), frame, {}));
        const FloatImage exr =
            media::read_worked(media::read_exr(outputs[0].path.pattern.path(frame), frame, {}));
        const FloatImage png =
            media::read_worked(media::read_still(outputs[2].path.pattern.path(frame), frame, {}));
        REQUIRE(exr.window == plate.window);
        for (std::size_t i = 0; i < exr.window.area(); ++i) {
            const bool lit =
                frame == 2 && plate.channel(0)[i] + plate.channel(1)[i] + plate.channel(2)[i] > 0;
            CHECK(exr.channel(1)[i] == (lit ? 0.5F : 0.0F));
            CHECK(png.channel(1)[i] == doctest::Approx(lit ? 0.5 : 0.0).epsilon(1e-4));
        }
    }
}

TEST_CASE("a shard makes its frames and no report; chunks number the job's frames") {
    const tests::SmallShot small({1, 8}, 8, 8);
    JobRequest request;
    request.chunk_index = 2;
    request.chunk_size = 3;
    const JobOutcome outcome = run(small, request);
    CHECK(outcome.made == 1);
    CHECK(!outcome.result);
    CHECK(std::filesystem::exists(small.job->shots[0].outputs[0].path.pattern.path(7)));
    CHECK(!std::filesystem::exists(small.job->shots[0].outputs[0].path.pattern.path(6)));
    request.chunk_index = 3;
    CHECK_THROWS_AS(run(small, request), Error);
}

TEST_CASE("an output that is its own source through a link is refused, and the source stays") {
    const tests::SmallShot small({1, 3}, 8, 8);
    const std::string before = read_text(small.plate(1), 1 << 20);
    std::filesystem::create_directories(small.folder / "out");
    std::filesystem::create_hard_link(small.plate(1), small.folder / "out/o.0001.exr");
    try {
        run(small);
        FAIL("no error");
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::Usage);
    }
    CHECK(read_text(small.plate(1), 1 << 20) == before);
}

TEST_CASE("the plan counts what shards decode around their frames") {
    const tests::SmallShot small({1, 11}, 8, 8);
    const ShotPlan plan = plan_shot(small.context(1), 4, 0);
    REQUIRE(plan.shards.size() == 3);
    CHECK((plan.shards[2].frames == FrameSet{9, 10}));
    CHECK(plan.handle_cost == 0.0);
    CHECK((plan.stages == std::vector<std::string>{"apply", "merge"}));
    CHECK(plan.memory_bytes > 0);
}

TEST_CASE("as many frames are worked on at once as there are threads, and memory for them is reckoned") {
    const tests::SmallShot small({1, 3}, 8, 8);
    CHECK(most_frames_at_once(small.context(1), 2) == 1);
    CHECK(most_frames_at_once(small.context(5), 2) == 5);
    CHECK(most_frames_at_once(small.context(64), 2) == 16);
    CHECK(most_frames_at_once(small.context(5), 0) == 1);  // no pass, no work
    const ShotContext shot = small.context(5);
    CHECK(frames_at_once(shot, {1, 1}, 2) == 5);
    CHECK(frames_at_once(shot, {2'000'000'000, 0}, 30) == 1);  // no room; check_memory() refuses it
    // 16 bytes a pixel: one frame more in the feed and in each pass, and six temporaries.
    CHECK(host_bytes_needed(shot, {1, 1}, 2, 2) - host_bytes_needed(shot, {1, 1}, 2, 1) ==
          8 * 8 * 16 * (1 + 2 + 6) + static_cast<std::int64_t>(shot.info().frame_bytes));
}

TEST_CASE("a shot that needs more memory than there is is refused before it starts") {
    const tests::SmallShot small({1, 3}, 8, 8);
    const ShotContext shot = small.context(1);
    CHECK_NOTHROW(check_memory(shot, {2, 2}, 3));
    try {
        check_memory(shot, {2'000'000'000, 0}, 30);
        FAIL("no error");
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::OutOfMemory);
    }
}

TEST_CASE("a record whose output was changed does not count as done") {
    const tests::SmallShot small({1, 4}, 8, 8);
    run(small);
    const auto out = small.job->shots[0].outputs[0].path.pattern.path(2);
    std::string bytes = read_text(out, 1 << 20);
    bytes.back() = static_cast<char>(bytes.back() ^ 1);
    write_atomic(out, bytes);
    const JobOutcome again = run(small);
    CHECK(again.made == 1);
    CHECK(again.reused == 2);
    CHECK(read_text(out, 1 << 20) != bytes);
}

}  // namespace wetgate::pipeline

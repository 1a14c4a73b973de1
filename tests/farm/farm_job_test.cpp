#include "farm/farm_job.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "support/farm_job.h"

namespace wetgate::farm {
namespace {

using Names = std::vector<std::string>;

Names names_of(const FarmJob& job) {
    Names names;
    for (const Step& step : job.steps) names.push_back(step.name);
    return names;
}

TEST_CASE("every pass that solves is measured and solved before the shot is applied, and the merge is last") {
    const FarmJob job = test::farm_job();
    CHECK(names_of(job) == Names{"a.measure.1.deflicker", "a.solve.1.deflicker", "a.measure.2.light_drift",
                                 "a.solve.2.light_drift", "a.apply", "b.apply", "merge"});
    using After = std::vector<std::size_t>;
    CHECK(job.steps[0].after == After{});
    CHECK(job.steps[1].after == After{0});
    CHECK(job.steps[2].after == After{1});
    CHECK(job.steps[4].after == After{3});
    CHECK(job.steps[5].after == After{});
    CHECK(job.steps[6].after == After{4, 5});
}

TEST_CASE("tasks are runs of frames that cover the shot once") {
    FarmSettings settings;
    settings.chunk = 12;
    const FarmJob job = test::farm_job(settings);
    const std::vector<FrameRange> tasks{{1001, 1013}, {1013, 1025}, {1025, 1026}};
    CHECK((job.steps[0].tasks() == tasks));
    CHECK(job.steps[1].tasks().size() == 1);
    CHECK((job.steps[5].tasks() == std::vector<FrameRange>{{1, 9}}));  // no chunk is longer than its shot
}

TEST_CASE("a chunk is so long by default that handles cost at most a quarter more") {
    std::vector<pipeline::ShotPlan> plans = test::farm_plans();
    plans[0].reach = {3, 4};
    const FarmJob job = make_farm_job(test::farm_job_spec(), plans, {});
    CHECK(job.steps[4].chunk == 25);  // 28, but the shot has 25
    plans[0].reach = {1, 2};
    CHECK(make_farm_job(test::farm_job_spec(), plans, {}).steps[4].chunk == 12);
    plans[0].reach = {0, 0};
    CHECK(make_farm_job(test::farm_job_spec(), plans, {}).steps[4].chunk == 10);
    FarmSettings few_tasks;
    few_tasks.most_tasks = 2;  // the farm takes no more: longer ones
    CHECK(make_farm_job(test::farm_job_spec(), plans, few_tasks).steps[4].chunk == 13);
    few_tasks.chunk = 5;  // what a person asks for is asked of the farm
    CHECK(make_farm_job(test::farm_job_spec(), plans, few_tasks).steps[4].chunk == 5);
}

TEST_CASE("a command names its job, shot, stage, frames and device") {
    const FarmJob job = test::farm_job();
    CHECK(command_of(job, job.steps[0], "deadline", {"--frames=1001-1010"}) ==
          Names{"wetgate", "run", "/show/ep101.json", "--shot", "a", "--stage", "measure",
                "--frames=1001-1010", "--device", "cpu", "--threads", "4", "--progress", "deadline"});
    CHECK(command_of(job, job.steps[1], "none", {"--frames=1"}) ==
          Names{"wetgate", "run", "/show/ep101.json", "--shot", "a", "--stage", "solve", "--device", "cpu",
                "--threads", "4", "--progress", "none"});
    FarmSettings settings;
    settings.gpus = 1;
    settings.options = {"--models", "/m odels"};
    settings.merge_options = {"--qc-gate", "warn"};
    const FarmJob on_gpu = test::farm_job(settings);
    CHECK(command_of(on_gpu, on_gpu.steps.back(), "json", {}) ==
          Names{"wetgate", "merge", "/show/ep101.json", "--device", "cuda", "--threads", "4", "--progress",
                "json", "--models", "/m odels", "--qc-gate", "warn"});
}

TEST_CASE("memory is the plan's largest and an eighth, a GPU is asked for where the device is one") {
    CHECK(test::farm_job().needs.memory_mib == 900);
    CHECK(test::farm_job().needs.gpus == 0);
    FarmSettings settings;
    settings.device = "cuda:1";
    settings.memory_mib = 64;
    settings.gpu_memory_mib = 8000;
    CHECK(test::farm_job(settings).needs.memory_mib == 64);
    CHECK(test::farm_job(settings).needs.gpus == 1);
    CHECK(test::farm_job(settings).needs.gpu_memory_mib == 8000);
    settings.gpu_memory_mib = 0;
    CHECK(test::farm_job(settings).needs.gpu_memory_mib == 1800);
    settings.gpus = 0;
    CHECK_THROWS_AS(test::farm_job(settings), Error);
}

TEST_CASE("the monitor is told sequences of the apply and movies of the merge") {
    const FarmJob job = test::farm_job();
    REQUIRE(job.steps[4].outputs.size() == 1);
    CHECK(job.steps[4].outputs[0].folder == "/show/out");
    CHECK(job.steps[4].outputs[0].name == "a.####.exr");
    REQUIRE(job.steps[6].outputs.size() == 2);
    CHECK(job.steps[6].outputs[0].name == "a.mov");
    CHECK(job.steps[6].outputs[1].name == "report.html");
}

TEST_CASE("tasks that go on past bad frames leave it to the merge to tell") {
    FarmSettings settings;
    settings.options = {"--continue-on-error"};
    const FarmJob job = test::farm_job(settings);
    CHECK(command_of(job, job.steps[4], "none", {}).back() == "--leave-to-merge");
    CHECK(command_of(job, job.steps.back(), "none", {}).back() == "--continue-on-error");
    spec::JobSpec holds = test::farm_job_spec();
    CHECK(make_farm_job(holds, test::farm_plans(), {}).settings.run_options.empty());
    holds.shots[1].on_bad_frame = spec::BadFrame::Hold;
    CHECK(make_farm_job(holds, test::farm_plans(), {}).settings.run_options == Names{"--leave-to-merge"});
}

TEST_CASE("one shot of several is merged alone") {
    const std::vector<pipeline::ShotPlan> plans = {test::farm_plans()[1]};
    const FarmJob job = make_farm_job(test::farm_job_spec(), plans, {});
    CHECK(names_of(job) == Names{"b.apply", "merge"});
    CHECK(job.steps[1].shot == "b");
}

TEST_CASE("a setting that would break a line of a farm's file is refused") {
    FarmSettings settings;
    settings.comment = "two\nlines";
    CHECK_THROWS_AS(test::farm_job(settings), Error);
    settings.comment = "'; $(rm) \"quoted\" <b>";
    CHECK_NOTHROW(test::farm_job(settings));
    settings.environment = {{"1A", "x"}};
    CHECK_THROWS_AS(test::farm_job(settings), Error);
    settings.environment = {{"A", "x\ry"}};
    CHECK_THROWS_AS(test::farm_job(settings), Error);
}

}  // namespace
}  // namespace wetgate::farm

#include "farm/local.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "support/farm_job.h"

namespace wetgate::farm {
namespace {

TEST_CASE("steps of shots that do not wait for each other have the same rank, the merge the last") {
    const std::vector<FarmFile> files = local_files(test::farm_job());
    REQUIRE(files.size() == 8);
    CHECK(files.back().name == "steps.txt");
    CHECK(files.back().text ==
          "1 a.measure.1.deflicker a.measure.1.deflicker.commands\n"
          "2 a.solve.1.deflicker a.solve.1.deflicker.commands\n"
          "3 a.measure.2.light_drift a.measure.2.light_drift.commands\n"
          "4 a.solve.2.light_drift a.solve.2.light_drift.commands\n"
          "5 a.apply a.apply.commands\n"
          "1 b.apply b.apply.commands\n"
          "6 merge merge.commands\n");
}

TEST_CASE("a file of commands has a quoted line a task") {
    FarmSettings settings;
    settings.chunk = 20;
    FarmJob job = test::farm_job(settings);
    job.file = "/s how/it's $(x).json";
    const std::string begin = "wetgate run '/s how/it'\\''s $(x).json' --shot a --stage apply --frames=";
    const std::string end = " --device cpu --threads 4 --progress deadline\n";
    CHECK(local_files(job)[4].text == begin + "1001-1020" + end + begin + "1021-1025" + end);
    CHECK(local_files(job)[6].text ==
          "wetgate merge '/s how/it'\\''s $(x).json' --device cpu --threads 4 --progress deadline\n");
}

TEST_CASE("environment and time limit go before the command") {
    FarmSettings settings;
    settings.environment = {{"OCIO", "/a b/$(x)"}, {"EMPTY", ""}};
    settings.time_limit_min = 90;
    CHECK(local_files(test::farm_job(settings))[6].text.starts_with(
        "timeout --foreground --preserve-status -k 10 90m env 'OCIO=/a b/$(x)' EMPTY= wetgate merge "));
}

TEST_CASE("this machine takes no jobs") {
    CHECK_THROWS_WITH_AS(submit_local(test::farm_job()), doctest::Contains("scripts/local-farm"), Error);
}

}  // namespace
}  // namespace wetgate::farm

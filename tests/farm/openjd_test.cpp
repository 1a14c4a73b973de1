#include "farm/openjd.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "support/farm_job.h"

namespace wetgate::farm {
namespace {

using Json = nlohmann::json;

struct Bundle {
    Json job, values, bundle_values;  // template.json, parameters.json, parameter_values.json
};

Bundle bundle_of(const FarmJob& job) {
    const std::vector<FarmFile> files = openjd_files(job);
    REQUIRE(files.size() == 3);
    CHECK(files[0].name == "template.json");
    CHECK(files[1].name == "parameter_values.json");
    CHECK(files[2].name == "parameters.json");
    return {Json::parse(files[0].text), Json::parse(files[2].text), Json::parse(files[1].text)};
}

Bundle bundle_of(const FarmSettings& settings = {}) {
    return bundle_of(test::farm_job(settings));
}

void check_refused(const FarmSettings& settings, const char* why) {
    CHECK_THROWS_WITH_AS(openjd_files(test::farm_job(settings)), doctest::Contains(why), Error);
}

Json parameter_of(const Bundle& bundle, const std::string& name) {
    for (const Json& definition : bundle.job["parameterDefinitions"])
        if (definition["name"] == name) return definition;
    FAIL("no parameter " << name);
    return {};
}

// Start and End of the first step of a shot with these frames.
std::pair<std::string, std::string> ranges_of(FrameRange frames, int chunk) {
    FarmJob job = test::farm_job();
    job.steps[0].frames = frames;
    job.steps[0].chunk = chunk;
    const Json space = bundle_of(job).job["steps"][0]["parameterSpace"];
    CHECK(space["combination"] == "(Start, End)");
    return {space["taskParameterDefinitions"][0]["range"], space["taskParameterDefinitions"][1]["range"]};
}

TEST_CASE("runs of frames are zipped starts and ends") {
    using Ranges = std::pair<std::string, std::string>;
    CHECK(ranges_of({1001, 1026}, 12) == Ranges{"1001-1025:12", "1012-1024:12,1025"});
    CHECK(ranges_of({1001, 1025}, 12) == Ranges{"1001-1013:12", "1012-1024:12"});
    CHECK(ranges_of({1001, 1014}, 12) == Ranges{"1001-1013:12", "1012,1013"});
    CHECK(ranges_of({1001, 1011}, 10) == Ranges{"1001", "1010"});
    CHECK(ranges_of({1001, 1006}, 10) == Ranges{"1001", "1005"});
    CHECK(ranges_of({1, 5}, 1) == Ranges{"1-4", "1-4"});
    CHECK(ranges_of({7, 8}, 1) == Ranges{"7", "7"});
    CHECK(ranges_of({-5, 3}, 4) == Ranges{"-5--1:4", "-2-2:4"});
}

TEST_CASE("a task's command takes its frames and the session's path map, and ends on SIGTERM") {
    FarmSettings settings;
    settings.time_limit_min = 2;
    const Json action = bundle_of(settings).job["steps"][0]["script"]["actions"]["onRun"];
    CHECK(action["command"] == "wetgate");
    CHECK(action["args"] == Json{"run", "{{Param.JobFile}}", "--shot", "a", "--stage", "measure",
                                 "--frames={{Task.Param.Start}}-{{Task.Param.End}}", "--device", "cpu",
                                 "--threads", "4", "--progress", "openjd", "--path-map",
                                 "{{Session.PathMappingRulesFile}}"});
    CHECK(action["timeout"] == 120);
    CHECK(action["cancelation"] == Json{{"mode", "NOTIFY_THEN_TERMINATE"}, {"notifyPeriodInSeconds", 30}});
    CHECK_FALSE(bundle_of().job["steps"][0]["script"]["actions"]["onRun"].contains("timeout"));
}

TEST_CASE("chunks by the extension are one parameter, and only on demand") {
    CHECK_FALSE(bundle_of().job.contains("extensions"));
    FarmSettings settings;
    settings.task_chunking = true;
    settings.chunk = 12;
    const Json job = bundle_of(settings).job;
    CHECK(job["extensions"] == Json{"TASK_CHUNKING"});
    CHECK(job["steps"][0]["parameterSpace"] ==
          Json{{"taskParameterDefinitions",
                {{{"name", "Frames"},
                  {"type", "CHUNK[INT]"},
                  {"range", "1001-1025"},
                  {"chunks", {{"defaultTaskCount", 12}, {"rangeConstraint", "CONTIGUOUS"}}}}}}});
    CHECK(job["steps"][0]["script"]["actions"]["onRun"]["args"][6] == "--frames={{Task.Param.Frames}}");
    CHECK_FALSE(job["steps"][1].contains("parameterSpace"));
}

TEST_CASE("a range has at most 1024 values: longer ones are refused with the chunk that would do") {
    FarmJob job = test::farm_job();
    job.steps[0].frames = {1, 2049};
    job.steps[0].chunk = 2;
    CHECK(bundle_of(job).job["steps"].size() == 7);
    job.steps[0].frames = {1, 2051};
    CHECK_THROWS_WITH_AS(openjd_files(job), doctest::Contains("a --chunk of 3 or more"), Error);
    job.settings.task_chunking = true;
    CHECK_THROWS_WITH_AS(openjd_files(job), doctest::Contains("leave --chunking out"), Error);
}

TEST_CASE("paths are parameters with their data flow, and their values stand beside the template") {
    FarmSettings settings;
    settings.options = {"--models", "/m"};
    settings.priority = 60;
    const Bundle bundle = bundle_of(settings);
    CHECK(parameter_of(bundle, "JobFile")["dataFlow"] == "IN");
    CHECK(parameter_of(bundle, "JobFile")["objectType"] == "FILE");
    CHECK(parameter_of(bundle, "Work")["dataFlow"] == "INOUT");
    CHECK(parameter_of(bundle, "In1")["dataFlow"] == "IN");
    CHECK(parameter_of(bundle, "Out1")["dataFlow"] == "OUT");
    for (const Json& definition : bundle.job["parameterDefinitions"])
        CHECK_FALSE(definition.contains("default"));
    CHECK(bundle.values == Json{{"JobFile", "/show/ep101.json"},
                                {"Work", "/show/work"},
                                {"Models", "/m"},
                                {"In1", "/show/in"},
                                {"Out1", "/show/out"},
                                {"Out2", "/show/qc"}});
    const Json last = bundle.bundle_values["parameterValues"];
    CHECK(last[last.size() - 2] == Json{{"name", "deadline:priority"}, {"value", 60}});
    CHECK(last[last.size() - 1] == Json{{"name", "deadline:maxRetriesPerTask"}, {"value", 3}});
    const Json args = bundle.job["steps"][0]["script"]["actions"]["onRun"]["args"];
    CHECK(std::find(args.begin(), args.end(), "{{Param.Models}}") != args.end());
    CHECK(std::find(args.begin(), args.end(), "/m") == args.end());
}

TEST_CASE("a job of very many folders still has at most fifty parameters") {
    FarmJob job = test::farm_job();
    for (int i = 0; i < 90; ++i) {
        job.inputs.folders.push_back("/plates/r" + std::to_string(i / 10) + "/s" + std::to_string(i));
        job.inputs.files.push_back("/sound/s" + std::to_string(i) + ".wav");
        job.steps[4].outputs.push_back({"/out/s" + std::to_string(i), "o.####.exr"});
    }
    const Bundle bundle = bundle_of(job);
    CHECK(bundle.job["parameterDefinitions"].size() <= 50);
    for (const auto& [name, value] : bundle.values.items()) CHECK(value != "/");
}

TEST_CASE("needs, attributes and limits are asked of the worker") {
    FarmSettings settings;
    settings.gpus = 1;
    settings.gpu_memory_mib = 8000;
    settings.limits = {"seats"};
    settings.tags = {"attr.zone=b-1"};
    CHECK(bundle_of(settings).job["steps"][0]["hostRequirements"] ==
          Json{{"amounts",
                {{{"name", "amount.worker.vcpu"}, {"min", 4}},
                 {{"name", "amount.worker.memory"}, {"min", 900}},
                 {{"name", "amount.worker.gpu"}, {"min", 1}},
                 {{"name", "amount.worker.gpu.memory"}, {"min", 8000}},
                 {{"name", "amount.seats"}, {"min", 1}}}},
               {"attributes",
                {{{"name", "attr.worker.os.family"}, {"anyOf", {"linux"}}},
                 {{"name", "attr.zone"}, {"anyOf", {"b-1"}}}}}});
}

TEST_CASE("steps name those that they wait for") {
    const Json steps = bundle_of().job["steps"];
    CHECK_FALSE(steps[0].contains("dependencies"));
    CHECK(steps[1]["dependencies"] == Json{{{"dependsOn", "a.measure.1.deflicker"}}});
    CHECK(steps[6]["dependencies"] == Json{{{"dependsOn", "a.apply"}}, {{"dependsOn", "b.apply"}}});
}

TEST_CASE("a text with braces becomes a parameter's default, which is no format string") {
    FarmSettings settings;
    settings.wetgate = "/sw/{{Param.JobFile}}/wetgate";
    settings.run_options = {"--map", "/a}}=/b"};
    settings.environment = {{"X", "{{y"}, {"Z", "plain $(z) `q` \"'<&>"}};
    const Bundle bundle = bundle_of(settings);
    CHECK(parameter_of(bundle, "Text1")["default"] == "{{y");
    CHECK(parameter_of(bundle, "Text2")["default"] == "/sw/{{Param.JobFile}}/wetgate");
    CHECK(parameter_of(bundle, "Text3")["default"] == "/a}}=/b");
    CHECK(bundle.job["steps"][0]["script"]["actions"]["onRun"]["command"] == "{{Param.Text2}}");
    CHECK(bundle.job["jobEnvironments"] ==
          Json{{{"name", "wetgate"},
                {"variables", {{"X", "{{Param.Text1}}"}, {"Z", "plain $(z) `q` \"'<&>"}}}}});
}

TEST_CASE("what a template cannot hold is refused with the reason") {
    FarmSettings settings;
    settings.comment = std::string(2049, 'c');
    check_refused(settings, "more than 2048 letters");
    settings.comment = "\xC2\x85";  // a control character, NEL
    check_refused(settings, "control character");
    settings = {};
    settings.wetgate = "\xFF";
    check_refused(settings, "is not UTF-8");
    settings.wetgate = "{{" + std::string(1024, 'x');
    check_refused(settings, "more than 1024 letters");
    settings = {};
    settings.options = {"--path-map", "/m.json"};
    check_refused(settings, "--path-map");
    settings = {};
    for (const char* tag : {"gpu", "attr.=x", "attr.a.=x", "attr.a=1", "attr.a=", "zone=b"}) {
        settings.tags = {tag};
        check_refused(settings, "is no attribute");
    }
    settings = {};
    settings.limits = {"a b"};
    check_refused(settings, "is no name of an amount");
}

}  // namespace
}  // namespace wetgate::farm

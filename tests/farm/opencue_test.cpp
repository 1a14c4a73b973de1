#include "farm/opencue.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "support/farm_job.h"

namespace wetgate::farm {
namespace {

FarmSettings of_artist() {
    FarmSettings settings;
    settings.user = "artist";
    settings.chunk = 12;
    return settings;
}

std::string spec_of(const FarmJob& job) {
    const std::vector<FarmFile> files = opencue_files(job);
    REQUIRE(files.size() == 1);
    CHECK(files[0].name == "spec.xml");
    return files[0].text;
}

std::string spec_of(const FarmSettings& settings) {
    return spec_of(test::farm_job(settings));
}

void check_refused(const FarmSettings& settings, const char* why) {
    CHECK_THROWS_WITH_AS(opencue_files(test::farm_job(settings)), doctest::Contains(why), Error);
}

bool holds(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

TEST_CASE("a layer has its command, frames and needs in the order of the DTD") {
    FarmSettings settings = of_artist();
    settings.gpus = 1;
    settings.time_limit_min = 90;
    settings.tags = {"general", "linux.gpu"};
    settings.limits = {"wetgate seats"};
    CHECK(holds(
        spec_of(settings),
        "   <layer name=\"a.measure.1.deflicker\" type=\"Render\">\n"
        "    <cmd>wetgate run /show/ep101.json --shot a --stage measure --frames &quot;#FRAMESPEC#&quot; "
        "--frames-syntax opencue --device cuda --threads 4 --progress deadline --exit-map opencue</cmd>\n"
        "    <range>1001-1025</range>\n"
        "    <chunk>12</chunk>\n"
        "    <cores>4.0</cores>\n"
        "    <threadable>True</threadable>\n"
        "    <memory>900m</memory>\n"
        "    <gpus>1</gpus>\n"
        "    <gpu_memory>1800m</gpu_memory>\n"
        "    <timeout>90</timeout>\n"
        "    <tags>general | linux.gpu</tags>\n"
        "    <limits>\n"
        "     <limit>wetgate seats</limit>\n"
        "    </limits>\n"
        "    <services>\n"
        "     <service>default</service>\n"
        "    </services>\n"
        "   </layer>\n"));
}

TEST_CASE("a job is the show's and the user's, and each step waits for those before it") {
    FarmSettings settings = of_artist();
    settings.facility = "cloud";
    settings.priority = 70;
    settings.retries = 2;
    settings.environment = {{"OCIO", "/show/a & b.ocio"}};
    const std::string spec = spec_of(settings);
    CHECK(holds(spec,
                "<spec>\n <facility>cloud</facility>\n <show>demo</show>\n <shot>ep101</shot>\n"
                " <user>artist</user>\n <job name=\"ep101\">\n  <paused>False</paused>\n"
                "  <priority>70</priority>\n  <maxretries>2</maxretries>\n  <autoeat>False</autoeat>\n"
                "  <env>\n   <key name=\"OCIO\">/show/a &amp; b.ocio</key>\n  </env>\n  <layers>\n"));
    CHECK(holds(spec,
                "<deplayer>a.solve.1.deflicker</deplayer>\n   <onjob>ep101</onjob>\n"
                "   <onlayer>a.measure.1.deflicker</onlayer>"));
    CHECK(holds(spec, "<deplayer>merge</deplayer>\n   <onjob>ep101</onjob>\n   <onlayer>b.apply</onlayer>"));
    CHECK(holds(spec, "<output name=\"output1\">/show/out/a.####.exr</output>"));
}

TEST_CASE("one shot stands for itself, and names of fewer than three letters get some") {
    spec::JobSpec job = test::farm_job_spec();
    job.name = "v1";
    const std::vector<pipeline::ShotPlan> plans = {test::farm_plans()[1]};
    const std::string spec = spec_of(make_farm_job(job, plans, of_artist()));
    CHECK(holds(spec, "<shot>shot_b</shot>"));
    CHECK(holds(spec, "<job name=\"job_v1\">"));
    CHECK(holds(spec, "<depjob>job_v1</depjob>"));
}

TEST_CASE("layers that Cuebot would name alike are told apart") {
    FarmJob job = test::farm_job(of_artist());
    job.steps[0].name = "Sh-1.apply";
    job.steps[1].name = "sh_1.apply";
    const std::string spec = spec_of(job);
    CHECK(holds(spec, "<layer name=\"sh_1.apply\""));
    CHECK(holds(spec, "<layer name=\"sh_1.apply.2\""));
    CHECK(holds(spec,
                "<deplayer>sh_1.apply.2</deplayer>\n   <onjob>ep101</onjob>\n"
                "   <onlayer>sh_1.apply</onlayer>"));
}

TEST_CASE("hostile texts reach the command as they are, and no token of Cuebot is in them") {
    FarmSettings settings = of_artist();
    settings.options = {"--models", "/m/#IFRAME#/$(touch x)/'q\"/<b>&;%\\u\u00e9"};
    const std::string spec = spec_of(settings);
    CHECK(holds(spec, "'/m/#''IFRAME#''/$''(touch x)/'\\''q&quot;/&lt;b&gt;&amp;;%\\''u\u00e9'"));
    CHECK_FALSE(holds(spec, "#IFRAME#"));
    settings.wetgate = "#FRAMESPEC#";
    CHECK(holds(spec_of(settings), "<cmd>'#''FRAMESPEC#''' run "));
}

TEST_CASE("what Cuebot would refuse, change or run is refused with the reason") {
    FarmJob job = test::farm_job(of_artist());
    job.steps[0].frames = {-5, 3};
    CHECK_THROWS_WITH_AS(opencue_files(job), doctest::Contains("frames below 0"), Error);
    job = test::farm_job(of_artist());
    job.show = "";
    CHECK_THROWS_WITH_AS(opencue_files(job), doctest::Contains("no \"show\""), Error);
    job.show = "a show";
    CHECK_THROWS_WITH_AS(opencue_files(job), doctest::Contains("cannot be one of OpenCue"), Error);
    job = test::farm_job(of_artist());
    job.steps[4].chunk = 1;
    job.steps[4].frames = {1, 100'002};
    CHECK_THROWS_WITH_AS(opencue_files(job), doctest::Contains("100000"), Error);

    FarmSettings settings = of_artist();
    settings.user = "root";
    check_refused(settings, "no jobs of root");
    settings.user = "a b";
    check_refused(settings, "letters other than");
    settings = of_artist();
    settings.tags = {"a-b"};
    check_refused(settings, "is none of its tags");
    settings = of_artist();
    settings.wetgate = "`id`";
    check_refused(settings, "backquote");
    settings.wetgate = std::string(4001, 'w');
    check_refused(settings, "more than 4000 letters");
    settings.wetgate = "\xFF";
    check_refused(settings, "is not UTF-8");
    settings = of_artist();
    settings.environment = {{"A", " x"}};
    check_refused(settings, "begins or ends with a space");
    settings.environment = {{"A", std::string(2049, 'x')}};
    check_refused(settings, "longer than");
}

TEST_CASE("the same job gives the same file") {
    CHECK(spec_of(of_artist()) == spec_of(of_artist()));
}

}  // namespace
}  // namespace wetgate::farm

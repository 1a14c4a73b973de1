#include "farm/deadline.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <algorithm>
#include <fstream>

#include "core/atomic_file.h"
#include "core/error.h"
#include "farm/deadline_words.h"
#include "support/farm_job.h"
#include "support/temp_folder.h"

namespace wetgate::farm {
namespace {

std::string text_of(const std::vector<FarmFile>& files, const std::string& name) {
    const auto found =
        std::find_if(files.begin(), files.end(), [&](const FarmFile& file) { return file.name == name; });
    REQUIRE_MESSAGE(found != files.end(), name);
    return found->text;
}

bool has_line(const std::string& text, const std::string& line) {
    return text.starts_with(line + "\n") || text.find("\n" + line + "\n") != std::string::npos;
}

TEST_CASE("each step is a job that waits for those before it, in one batch") {
    const std::vector<FarmFile> files = deadline_files(test::farm_job());
    REQUIRE(files.size() == 2 * 7 + 1);
    const std::string first = text_of(files, "01_a.measure.1.deflicker.job.txt");
    for (const char* line :
         {"Plugin=Wetgate", "Name=ep101 a.measure.1.deflicker", "BatchName=ep101", "Frames=1001-1025",
          "ChunkSize=10", "Priority=50", "OverrideTaskFailureDetection=True", "FailureDetectionTaskErrors=4",
          "ExtraInfoKeyValue0=wetgate_cores=4", "ExtraInfoKeyValue1=wetgate_memory_mib=900"})
        CHECK_MESSAGE(has_line(first, line), line);
    for (const char* key :
         {"JobDependencies", "Pool", "Group", "TaskTimeoutMinutes", "Comment", "LimitGroups"})
        CHECK_MESSAGE(first.find(std::string("\n") + key) == std::string::npos, key);
    const std::string solve = text_of(files, "02_a.solve.1.deflicker.job.txt");
    CHECK(has_line(solve, "Frames=0"));
    CHECK(has_line(solve, "ChunkSize=1"));
    CHECK(has_line(solve, "JobDependencies=<JobID of 01_a.measure.1.deflicker>"));
    CHECK(has_line(solve, "ResumeOnFailedDependencies=False"));
    const std::string apply = text_of(files, "05_a.apply.job.txt");
    CHECK(has_line(apply, "OutputDirectory0=/show/out"));
    CHECK(has_line(apply, "OutputFilename0=a.####.exr"));
    const std::string merge = text_of(files, "07_merge.job.txt");
    CHECK(has_line(merge, "JobDependencies=<JobID of 05_a.apply>,<JobID of 06_b.apply>"));
    CHECK(has_line(merge, "OutputFilename0=a.mov"));
    CHECK(has_line(merge, "OutputFilename1=report.html"));
}

TEST_CASE("what a person says of pools, limits, time and surroundings stands in every job") {
    FarmSettings settings;
    settings.pool = "gpu pool";
    settings.secondary_pool = "spare";
    settings.group = "linux";
    settings.department = "comp & paint";
    settings.comment = "it's <b>\"50%\"</b>; $(rm) \u00e9";
    settings.limits = {"nuke", "gpu"};
    settings.environment = {{"OCIO", "/c/config=1.ocio"}, {"B", ""}};
    settings.priority = 77;
    settings.retries = 0;
    settings.time_limit_min = 90;
    settings.concurrent_tasks = 3;
    const std::string text = text_of(deadline_files(test::farm_job(settings)), "06_b.apply.job.txt");
    for (const char* line : {"Pool=gpu pool", "SecondaryPool=spare", "Group=linux", "Department=comp & paint",
                             "Comment=it's <b>\"50%\"</b>; $(rm) \u00e9", "LimitGroups=nuke,gpu",
                             "EnvironmentKeyValue0=OCIO=/c/config=1.ocio",
                             "EnvironmentKeyValue1=B=", "Priority=77", "FailureDetectionTaskErrors=1",
                             "TaskTimeoutMinutes=90", "OnTaskTimeout=Error", "ConcurrentTasks=3"})
        CHECK_MESSAGE(has_line(text, line), line);
}

TEST_CASE("our plugin gets the words of the command as a shell would, and says how frames are added") {
    FarmJob job = test::farm_job();
    job.file = "/s how/<STARTFRAME> it's \"\\a$(x)\".json";
    const std::vector<FarmFile> files = deadline_files(job);
    const std::string apply = text_of(files, "06_b.apply.plugin.txt");
    CHECK(has_line(apply, "Executable=wetgate"));
    CHECK(has_line(apply,
                   "Arguments=run '/s how/<STARTFRAME> it'\\''s \"\\a$(x)\".json' --shot b --stage apply "
                   "--device cpu --threads 4 --progress deadline"));
    CHECK(has_line(apply, "Frames=range"));
    CHECK(has_line(apply, "GpusPerTask=0"));
    CHECK(has_line(text_of(files, "07_merge.plugin.txt"), "Frames=none"));
}

TEST_CASE("the CommandLine plugin gets its tokens for frames alone") {
    FarmSettings settings;
    settings.plugin = "commandline";
    FarmJob job = test::farm_job(settings);
    job.file = "/s how/ep 101.json";
    const std::vector<FarmFile> files = deadline_files(job);
    CHECK(has_line(text_of(files, "06_b.apply.job.txt"), "Plugin=CommandLine"));
    CHECK(has_line(text_of(files, "06_b.apply.plugin.txt"),
                   "Arguments=run <QUOTE>/s how/ep 101.json<QUOTE> --shot b --stage apply --device cpu "
                   "--threads 4 --progress deadline --frames=<STARTFRAME>-<ENDFRAME>"));
    CHECK(has_line(text_of(files, "06_b.apply.plugin.txt"), "ShellExecute=False"));
    CHECK(text_of(files, "07_merge.plugin.txt").find("FRAME>") == std::string::npos);
    job.file = "/show/<StartFrame%4>.json";
    CHECK_THROWS_WITH_AS(deadline_files(job), doctest::Contains("token"), Error);
}

TEST_CASE("a shot with negative frames is counted in chunks") {
    std::vector<pipeline::ShotPlan> plans = {test::farm_plans()[1]};
    plans[0].delivered = {-12, 13};
    FarmSettings settings;
    settings.chunk = 10;
    FarmJob job = make_farm_job(test::farm_job_spec(), plans, settings);
    CHECK(has_line(text_of(deadline_files(job), "01_b.apply.job.txt"), "Frames=0-2"));
    CHECK(has_line(text_of(deadline_files(job), "01_b.apply.job.txt"), "ChunkSize=1"));
    CHECK(has_line(text_of(deadline_files(job), "01_b.apply.plugin.txt"), "Frames=chunks"));
    CHECK(has_line(text_of(deadline_files(job), "01_b.apply.plugin.txt"), "ChunkSize=10"));
    job.settings.plugin = "commandline";
    CHECK(text_of(deadline_files(job), "01_b.apply.plugin.txt")
              .find(" --chunk-index=<STARTFRAME> --chunk-size=10\n") != std::string::npos);
}

TEST_CASE("words of a command line that Deadline's versions read differently are refused") {
    CHECK(deadline_word("--frames=1-5") == "--frames=1-5");
    CHECK(deadline_word("") == "<QUOTE><QUOTE>");
    CHECK(deadline_word("$(id) `id` it's; <b> & #") == "<QUOTE>$(id) `id` it's; <b> & #<QUOTE>");
    CHECK(deadline_word("say \"hi\"") == "<QUOTE>say \\<QUOTE>hi\\<QUOTE><QUOTE>");
    CHECK(deadline_word("P:\\show=/mnt") == "<QUOTE>P:\\show=/mnt<QUOTE>");
    CHECK(deadline_word("a\\\"b\\\\") == "<QUOTE>a\\\\\\<QUOTE>b\\\\\\\\<QUOTE>");
    for (const char* word :
         {"\\\\server\\x=/mnt", "a\\$b", "a\\`b", "<quote>", "x<ENDFRAME%4>y", "<AuxFile0>", "\u201cq\u201d"})
        CHECK_THROWS_AS(deadline_word(word), Error);
    FarmSettings settings;
    settings.options = {"--map", "\\\\server\\x=/mnt"};
    CHECK_THROWS_WITH_AS(deadline_files(test::farm_job(settings)), doctest::Contains("--path-map"), Error);
}

TEST_CASE("values that Deadline would not give back as they are, are refused") {
    CHECK(deadline_line("A", "b = c") == "A=b = c\n");
    CHECK_THROWS_AS(deadline_line("A", " b"), Error);
    CHECK_THROWS_AS(deadline_line("A", "b "), Error);
    CHECK_THROWS_AS(deadline_line("A", "b\nPlugin=Evil"), Error);
    FarmSettings settings;
    settings.limits = {"a,b"};
    CHECK_THROWS_AS(deadline_files(test::farm_job(settings)), Error);
    settings.limits = {};
    settings.partition = "p";
    CHECK_THROWS_WITH_AS(deadline_files(test::farm_job(settings)), doctest::Contains("--partition"), Error);
}

TEST_CASE("several CommandLine tasks on one worker's GPUs are refused: they would share the first") {
    FarmSettings settings;
    settings.gpus = 1;
    settings.concurrent_tasks = 2;
    CHECK_NOTHROW(deadline_files(test::farm_job(settings)));
    settings.plugin = "commandline";
    CHECK_THROWS_WITH_AS(deadline_files(test::farm_job(settings)), doctest::Contains("--plugin wetgate"),
                         Error);
}

/// A deadlinecommand of $DEADLINE_PATH that writes down what it is asked, and does what `body` says.
class FakeCommand {
public:
    explicit FakeCommand(const std::filesystem::path& folder, const std::string& body) {
        const std::filesystem::path file = folder / "deadlinecommand";
        std::ofstream(file) << "#!/bin/sh\ncd \"$(dirname \"$0\")\"\n" << body;
        std::filesystem::permissions(file, std::filesystem::perms::owner_all);
        setenv("DEADLINE_PATH", folder.c_str(), 1);
    }
    ~FakeCommand() { unsetenv("DEADLINE_PATH"); }
};

TEST_CASE("a submission hands over step after step with the ids of the steps before") {
    const tests::TempFolder folder;
    const FakeCommand fake(folder.path(), R"sh(
[ "$1" = -SubmitJob ] && [ -f "$2" ] && [ -f "$3" ] || exit 9
echo "$2" >>asked
printf 'Deadline Command 10.4\r\nResult=Success\r\nJobID=64b%d\r\nDone.\r\n' $(grep -c . asked)
)sh");
    FarmJob job = test::farm_job();
    job.folder = folder / "farm";
    write_files(job, deadline_files(job));
    CHECK(submit_deadline(job) ==
          "01_a.measure.1.deflicker 64b1\n02_a.solve.1.deflicker 64b2\n03_a.measure.2.light_drift 64b3\n"
          "04_a.solve.2.light_drift 64b4\n05_a.apply 64b5\n06_b.apply 64b6\n07_merge 64b7");
    CHECK(has_line(read_text(job.folder / "07_merge.job.txt", 1 << 20), "JobDependencies=64b5,64b6"));
    CHECK(
        has_line(read_text(job.folder / "02_a.solve.1.deflicker.job.txt", 1 << 20), "JobDependencies=64b1"));
}

TEST_CASE("a submission that ends half way says what Deadline has already") {
    const tests::TempFolder folder;
    const FakeCommand fake(folder.path(), R"sh(
echo x >>asked
[ $(grep -c . asked) -lt 3 ] || { echo 'Error: no connection'; exit 1; }
echo "JobID=id$(grep -c . asked)"
)sh");
    FarmJob job = test::farm_job();
    job.folder = folder / "farm";
    write_files(job, deadline_files(job));
    try {
        submit_deadline(job);
        FAIL("it was taken");
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::Usage);  // again would be twice
        CHECK(error.message().find("no connection") != std::string::npos);
        CHECK(error.message().find("02_a.solve.1.deflicker id2") != std::string::npos);
    }
}

}  // namespace
}  // namespace wetgate::farm

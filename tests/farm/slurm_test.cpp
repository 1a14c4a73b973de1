#include "farm/slurm.h"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>

#include "core/error.h"
#include "farm/command.h"
#include "support/farm_job.h"
#include "support/temp_folder.h"

namespace wetgate::farm {
namespace {

namespace fs = std::filesystem;
using Words = std::vector<std::string>;

const std::string hostile =
    R"(it's "a" $(touch x) `id` \ # %j %A & ; <b> é {{Param.X}} <STARTFRAME> #IFRAME#)";

// Scripts of a job, and programs that stand in for wetgate and Slurm: the first prints its arguments in lines
// and ends with $CODE, the others write what they are asked into a file.
class FakeSlurm {
public:
    explicit FakeSlurm(FarmSettings settings = {}, const std::string& name = "ep101") {
        add_program("my wetgate $(no)",
                    "for word in \"$@\"; do echo \"<$word>\"; done; echo \"A=$A\"; exit ${CODE:-0}\n");
        settings.wetgate = (folder_.path() / "bin/my wetgate $(no)").string();
        job_ = test::farm_job(settings);
        job_.name = name;
        job_.folder = folder_.path() / "it's 100% $(here)";
    }
    FarmJob& job() { return job_; }
    void add_program(const std::string& name, const std::string& text) const {
        const fs::path path = folder_.path() / "bin" / name;
        fs::create_directories(path.parent_path());
        std::ofstream(path) << "#!/bin/sh\n" << text;
        fs::permissions(path, fs::perms::owner_all);
    }
    // Runs a file of the job with these variables (NAME=VALUE) and an argument.
    CommandResult run(const std::string& file, const Words& variables,
                      const std::string& argument = "0") const {
        write_files(job_, slurm_files(job_));
        Words argv{"env", "PATH=" + (folder_.path() / "bin").string() + ":/usr/bin:/bin"};
        argv.insert(argv.end(), variables.begin(), variables.end());
        for (const std::string& word : {std::string("sh"), (job_.folder / file).string(), argument})
            argv.push_back(word);
        return run_command(argv);
    }
    std::string asked() const {
        std::ifstream file(folder_.path() / "asked");
        return {std::istreambuf_iterator<char>(file), {}};
    }
    std::string asked_file() const { return (folder_.path() / "asked").string(); }

private:
    tests::TempFolder folder_;
    FarmJob job_;
};

bool has_line(const std::string& text, const std::string& line) {
    return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

TEST_CASE("a word of a #SBATCH line is in double quotes, with a backslash before quotes and backslashes") {
    CHECK(sbatch_quoted("plain") == "\"plain\"");
    CHECK(sbatch_quoted(R"(a "b" 'c' \ # $x)") == R"("a \"b\" 'c' \\ # $x")");
    CHECK_THROWS_AS(sbatch_quoted("two\nlines"), Error);
    CHECK_THROWS_AS(sbatch_quoted("a\x7F"), Error);
}

TEST_CASE("a script asks Slurm for what the job needs") {
    FarmSettings settings;
    settings.gpus = 2;
    settings.time_limit_min = 90;
    settings.priority = 30;
    settings.partition = "render";
    settings.account = "show \"x\"";
    settings.comment = hostile;
    settings.tags = {"avx2", "big"};
    settings.limits = {"wetgate:2", "nuke"};
    FarmJob job = test::farm_job(settings);
    job.folder = "/show/50%/farm";
    const std::vector<FarmFile> files = slurm_files(job);
    REQUIRE(files.size() == 8);
    CHECK(files[4].name == "04_a.apply.sbatch");
    CHECK(files[6].name == "06_merge.sbatch");
    CHECK(files[7].name == "submit.sh");
    CHECK(files[7].executable);
    for (const char* option :
         {"--job-name=\"ep101.a.apply\"", "--chdir=\"/show/50%/farm\"",
          "--output=\"/show/50%%/farm/04_a.apply_%A_%a.log\"", "--open-mode=append", "--cpus-per-task=4",
          "--mem=900M", "--requeue", "--kill-on-invalid-dep=yes", "--array=0-2", "--gres=gpu:2", "--time=90",
          "--signal=B:USR1@60", "--nice=2000", "--partition=\"render\"", "--account=\"show \\\"x\\\"\"",
          "--constraint=\"avx2&big\"", "--licenses=\"wetgate:2,nuke\""}) {
        CAPTURE(option);
        CHECK(has_line(files[4].text, std::string("#SBATCH ") + option));
    }
    CHECK(files[6].text.find("--array") == std::string::npos);
    CHECK(has_line(files[6].text, "#SBATCH --output=\"/show/50%%/farm/06_merge_%j.log\""));
    // Plain settings leave the site's own choices alone.
    const std::string plain = slurm_files(test::farm_job())[4].text;
    for (const char* option :
         {"--gres", "--time", "--signal", "--nice", "--partition", "--account", "--comment", "--constraint"})
        CHECK(plain.find(option) == std::string::npos);
}

TEST_CASE("the same job gives the same files") {
    const FarmJob job = test::farm_job();
    const std::vector<FarmFile> once = slurm_files(job), again = slurm_files(job);
    REQUIRE(once.size() == again.size());
    for (std::size_t i = 0; i < once.size(); ++i) CHECK(once[i].text == again[i].text);
}

TEST_CASE("what Slurm cannot take is refused with the reason") {
    FarmSettings settings;
    settings.gpus = 1;
    settings.gpu_memory_mib = 8000;
    CHECK_THROWS_WITH_AS(slurm_files(test::farm_job(settings)), doctest::Contains("--tags"), Error);
    FarmJob job = test::farm_job();
    job.folder = "/show/back\\slash";
    CHECK_THROWS_WITH_AS(slurm_files(job), doctest::Contains("backslash"), Error);
    job = test::farm_job();
    job.name = "two\nlines";
    CHECK_THROWS_AS(slurm_files(job), Error);
}

TEST_CASE("a task runs its own frames, whatever names hold") {
    FarmSettings settings;
    settings.chunk = 12;
    settings.environment = {{"A", hostile}};
    settings.options = {"--models", hostile};
    FakeSlurm slurm(settings, hostile);
    slurm.job().file = "/show/" + hostile + ".json";
    const CommandResult last = slurm.run("04_a.apply.sbatch", {"SLURM_ARRAY_TASK_ID=2"});
    CHECK(last.code == 0);
    CHECK(last.output ==
          "<run>\n</show/" + hostile +
              ".json>\n<--shot>\n<a>\n<--stage>\n<apply>\n<--frames=1025-1025>\n<--device>\n<cpu>\n"
              "<--threads>\n<4>\n<--progress>\n<deadline>\n<--models>\n<" +
              hostile + ">\nA=" + hostile + "\n");
    CHECK(has_line(slurm.run("04_a.apply.sbatch", {"SLURM_ARRAY_TASK_ID=0"}).output, "<--frames=1001-1012>"));
    CHECK(has_line(slurm.run("04_a.apply.sbatch", {"SLURM_ARRAY_TASK_ID=0"}, "1").output,
                   "<--frames=1013-1024>"));
    CHECK(slurm.run("06_merge.sbatch", {}).output.starts_with("<merge>\n</show/"));
}

TEST_CASE("negative frames are frames, not options") {
    FakeSlurm slurm;
    Step& step = slurm.job().steps[4];
    step.frames = {-7, 3};
    step.chunk = 4;
    CHECK(has_line(slurm.run("04_a.apply.sbatch", {"SLURM_ARRAY_TASK_ID=0"}).output, "<--frames=-7--4>"));
    CHECK(has_line(slurm.run("04_a.apply.sbatch", {"SLURM_ARRAY_TASK_ID=1"}).output, "<--frames=-3-0>"));
    CHECK(has_line(slurm.run("04_a.apply.sbatch", {"SLURM_ARRAY_TASK_ID=2"}).output, "<--frames=1-2>"));
}

TEST_CASE("exit 75 goes back into the queue, so often as was said, and other codes do not") {
    FarmSettings settings;
    settings.retries = 2;
    FakeSlurm slurm(settings);
    slurm.add_program("scontrol", "echo \"$@\" >>'" + slurm.asked_file() + "'\n");
    const Words task{"SLURM_JOB_ID=8", "SLURM_ARRAY_JOB_ID=7", "SLURM_ARRAY_TASK_ID=1", "CODE=75"};
    CHECK(slurm.run("04_a.apply.sbatch", task).code == 75);
    CHECK(slurm.asked() == "requeue 7_1\n");
    Words late = task;
    late.emplace_back("SLURM_RESTART_COUNT=1");
    CHECK(slurm.run("04_a.apply.sbatch", late).code == 75);
    CHECK(slurm.asked() == "requeue 7_1\nrequeue 7_1\n");
    late.back() = "SLURM_RESTART_COUNT=2";
    // Not 75: RequeueExit=75 in slurm.conf would never give up.
    CHECK(slurm.run("04_a.apply.sbatch", late).code == 1);
    CHECK(slurm.run("06_merge.sbatch", {"SLURM_JOB_ID=9", "CODE=75"}).code == 75);
    for (const int code : {1, 2, 10, 11, 14, 15})
        CHECK(slurm.run("04_a.apply.sbatch", {"SLURM_JOB_ID=9", "CODE=" + std::to_string(code)}).code ==
              code);
    CHECK(slurm.asked() == "requeue 7_1\nrequeue 7_1\nrequeue 9\n");
}

TEST_CASE("frames that the job lets be missing do not keep the merge from telling") {
    const FakeSlurm slurm;
    CHECK(slurm.run("04_a.apply.sbatch", {"CODE=20"}).code == 20);
    CHECK(slurm.run("06_merge.sbatch", {"CODE=20"}).code == 20);
}

TEST_CASE("a signal reaches the task, and the time limit's own one puts it back into the queue") {
    FakeSlurm slurm;
    slurm.add_program("scontrol", "echo \"$@\" >>'" + slurm.asked_file() + "'\n");
    // The signal comes from a process that is not in the way of the shell: it knows the script by $PPID.
    const auto fake = [&](const std::string& signal) {
        slurm.add_program("my wetgate $(no)",
                          "trap 'exit 143' TERM\nkill -" + signal + " $PPID\nwhile :; do sleep 0.05; done\n");
    };
    fake("TERM");
    CHECK(slurm.run("04_a.apply.sbatch", {"SLURM_JOB_ID=9"}).code == 143);
    CHECK(slurm.asked().empty());
    fake("USR1");
    CHECK(slurm.run("04_a.apply.sbatch", {"SLURM_JOB_ID=9"}).code == 75);
    CHECK(slurm.asked() == "requeue 9\n");
}

TEST_CASE(
    "submit.sh hands over each step behind those that it waits for, and arrays in parts that Slurm takes") {
    FarmSettings settings;
    settings.chunk = 5;
    FakeSlurm slurm(settings);
    slurm.add_program("scontrol",
                      "echo 'MaxArraySize            = 3'\n"
                      "echo 'SchedulerParameters     = sched_interval=2,max_array_tasks=2'\n");
    slurm.add_program("sbatch", "echo \"$@\" >>'" + slurm.asked_file() + "'\nexpr 100 + $(wc -l <'" +
                                    slurm.asked_file() + "')\n");
    const CommandResult result = slurm.run("submit.sh", {});
    CHECK(result.code == 0);
    CHECK(slurm.asked() ==
          "--parsable --array=0-1 ./00_a.measure.1.deflicker.sbatch 0\n"
          "--parsable --array=0-1 ./00_a.measure.1.deflicker.sbatch 2\n"
          "--parsable --array=0-0 ./00_a.measure.1.deflicker.sbatch 4\n"
          "--parsable --dependency=afterok:101:102:103 ./01_a.solve.1.deflicker.sbatch 0\n"
          "--parsable --dependency=afterok:104 --array=0-1 ./02_a.measure.2.light_drift.sbatch 0\n"
          "--parsable --dependency=afterok:104 --array=0-1 ./02_a.measure.2.light_drift.sbatch 2\n"
          "--parsable --dependency=afterok:104 --array=0-0 ./02_a.measure.2.light_drift.sbatch 4\n"
          "--parsable --dependency=afterok:105:106:107 ./03_a.solve.2.light_drift.sbatch 0\n"
          "--parsable --dependency=afterok:108 --array=0-1 ./04_a.apply.sbatch 0\n"
          "--parsable --dependency=afterok:108 --array=0-1 ./04_a.apply.sbatch 2\n"
          "--parsable --dependency=afterok:108 --array=0-0 ./04_a.apply.sbatch 4\n"
          "--parsable --array=0-1 ./05_b.apply.sbatch 0\n"
          "--parsable --dependency=afterok:109:110:111:112 ./06_merge.sbatch 0\n");
    CHECK(has_line(result.output, "04_a.apply 109 110 111"));
    CHECK(result.output.find("scancel 101 102 103") != std::string::npos);
}

TEST_CASE("where Slurm refuses a step, what it took before is cancelled") {
    FakeSlurm slurm;
    slurm.add_program("scontrol", "echo 'MaxArraySize = 1001'\n");
    slurm.add_program("scancel", "echo \"scancel $*\" >>'" + slurm.asked_file() + "'\n");
    slurm.add_program("sbatch", "echo x >>'" + slurm.asked_file() +
                                    "'\n"
                                    "[ $(wc -l <'" +
                                    slurm.asked_file() +
                                    "') -lt 3 ] || exit 1\n"
                                    "echo \"$(wc -l <'" +
                                    slurm.asked_file() + "');cluster\"\n");
    const CommandResult result = slurm.run("submit.sh", {});
    CHECK(result.code == 1);
    CHECK(slurm.asked() == "x\nx\nx\nscancel 1 2\n");
    CHECK(result.output.find("02_a.measure.2.light_drift.sbatch") != std::string::npos);
    slurm.add_program("scontrol", "echo 'MaxArraySize = 0'\n");
    CHECK(slurm.run("submit.sh", {}).code == 1);
}

}  // namespace
}  // namespace wetgate::farm

#include "pipeline/merge_records.h"

#include <ATen/Parallel.h>
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "core/error.h"
#include "pipeline/record.h"
#include "pipeline/run_job.h"
#include "support/small_shot.h"

namespace wetgate::pipeline {
namespace {

namespace fs = std::filesystem;

constexpr const char* graded = R"([{"pass": "grade", "slope": [1.5, 1.0, 1.0]}])";

JobRequest frames_only(FrameSet frames) {
    JobRequest request;
    request.frames = std::move(frames);
    return request;
}

JobOutcome run(const tests::SmallShot& small, const JobRequest& request = {}, ProgressSink progress = {}) {
    return run_job(*small.job, request, {small.tools(), std::move(progress), {}});
}
JobOutcome merge(const tests::SmallShot& small, const JobRequest& request = {}) {
    return merge_job(*small.job, request, {small.tools(), {}, {}});
}

template <class Work>
Error refusal(const Work& work) {
    try {
        work();
    } catch (const Error& error) {
        return error;
    }
    FAIL("no error");
    return Error(ErrorKind::Internal, "");
}
bool says(const Error& error, const std::string& text) {
    return error.message().find(text) != std::string::npos;
}

fs::path record_file(const tests::SmallShot& small, int frame) {
    return WorkFiles(small.context(1)).record(frame);
}
fs::path output_file(const tests::SmallShot& small, int frame) {
    return small.job->shots[0].outputs[0].path.pattern.path(frame);
}

void edit_pass(const tests::SmallShot& small, const nlohmann::json& params) {
    small.job->shots[0].passes[0].written_params = params;
}

}  // namespace

TEST_CASE("a merge lists the frames that are not made, and what to run") {
    const tests::SmallShot small({1, 11}, 8, 8);
    run(small, frames_only({1, 2, 3, 7}));
    const Error error = refusal([&] { merge(small); });
    CHECK(error.kind() == ErrorKind::Input);
    CHECK(error.context().frame == 4);
    CHECK(says(error, "6 of 10 frames are not made: 4-6,8-10"));
    CHECK(says(error, "--frames 4-6,8-10"));
}

TEST_CASE("frames of a job that was edited between shards are listed apart from those that are not made") {
    const tests::SmallShot small({1, 7}, 8, 8, graded);
    run(small, frames_only({1, 2, 3}));
    edit_pass(small, {{"slope", {1.25, 1.0, 1.0}}});
    run(small, frames_only({3, 4}));
    const Error error = refusal([&] { merge(small); });
    CHECK(error.kind() == ErrorKind::Input);
    CHECK(says(error, "2 of 6 frames are not made: 5-6"));
    CHECK(says(error, "2 of 6 frames were made by another version of the job"));
    CHECK(says(error, ": 1-2; run them (--frames 1-2,5-6)"));
}

TEST_CASE(
    "frames of two kinds of machine are joined only when asked for, on a machine of either or neither") {
    const tests::SmallShot small({1, 5}, 8, 8);
    run(small, frames_only({1, 2}));
    const auto with_threads = [&](int threads, const auto& work) {
        const compute::Runtime other({.device = "cpu", .precision = "fp32", .threads = threads});
        return work(JobServices{{small.colors, other, small.models, silent_log()}, {}, {}});
    };
    with_threads(2, [&](const JobServices& services) {
        return run_job(*small.job, frames_only({3, 4}), services);
    });
    const Error error = refusal([&] { merge(small); });
    CHECK(error.kind() == ErrorKind::Usage);
    CHECK(says(error, "1-2 by "));
    CHECK(says(error, "3-4 by "));
    JobRequest mixed;
    mixed.mix_fingerprints = true;
    const auto merged_by = [&](int threads) {
        return with_threads(threads, [&](const JobServices& services) {
            return *merge_job(*small.job, mixed, services).result;
        });
    };
    const nlohmann::json result = merged_by(1);
    CHECK(result.at("shots")[0].at("frames").size() == 4);
    CHECK(merged_by(3) == result);
    at::set_num_threads(1);
}

TEST_CASE("two frames that name the same file are refused") {
    const tests::SmallShot small({1, 5}, 8, 8);
    run(small);
    nlohmann::json first = *load_json(record_file(small, 1)), second = *load_json(record_file(small, 2));
    second["outputs"] = first["outputs"];
    store_json(record_file(small, 2), second);
    const Error error = refusal([&] { merge(small); });
    CHECK(error.kind() == ErrorKind::Input);
    CHECK(says(error, "frames 1-2 name the same file (out/o.0001.exr)"));
}

TEST_CASE("a file that was put in a frame's place after its record is refused, of the same size too") {
    const tests::SmallShot small({1, 6}, 8, 8);
    run(small);
    for (const int frame : {2, 4}) {
        std::string bytes = read_text(output_file(small, frame), 1 << 20);
        bytes.back() = static_cast<char>(bytes.back() ^ 1);
        write_atomic(output_file(small, frame), bytes);
    }
    fs::remove(output_file(small, 5));
    const Error error = refusal([&] { merge(small); });
    CHECK(error.kind() == ErrorKind::Input);
    CHECK(says(error, "the files of frames 2,4-5 are gone or were changed"));
    CHECK(run(small).made == 3);
    CHECK_NOTHROW(merge(small));
}

TEST_CASE(
    "a file that was written again with the same bytes, as another process at the same frame does, is fine") {
    const tests::SmallShot small({1, 3}, 8, 8);
    run(small);
    write_atomic(output_file(small, 1), read_text(output_file(small, 1), 1 << 20));
    CHECK_NOTHROW(merge(small));
}

TEST_CASE("a plate that is replaced while its frame is worked on gives a temporary error and no record") {
    for (const int replaced : {1, 6}) {  // one that was read before, one that is not read yet or just was
        const tests::SmallShot small({1, 7}, 8, 8, graded);
        bool done = false;
        const Error error = refusal([&] {
            run(small, {}, [&](const Progress& progress) {
                if (progress.stage != "apply" || std::exchange(done, true)) return;
                small.write_plate(replaced, tests::SmallShot::picture(99, 8, 8));
            });
        });
        CHECK(error.kind() == ErrorKind::Temporary);
        CHECK(error.context().frame == replaced);
        CHECK(!fs::exists(record_file(small, replaced)));
        run(small);
        CHECK_NOTHROW(merge(small));
        const tests::SmallShot at_rest({1, 7}, 8, 8, graded);
        at_rest.write_plate(replaced, tests::SmallShot::picture(99, 8, 8));
        run(at_rest);
        for (int frame = 1; frame < 7; ++frame) {
            CHECK(read_text(output_file(small, frame), 1 << 20) ==
                  read_text(output_file(at_rest, frame), 1 << 20));
        }
    }
}

TEST_CASE("a frame that failed does not count once its plate is whole again") {
    const tests::SmallShot small({1, 4}, 8, 8);
    const std::string whole = read_text(small.plate(2), 1 << 20);
    write_atomic(small.plate(2), whole.substr(0, whole.size() / 2));
    JobRequest request;
    request.continue_on_error = true;
    CHECK(run(small, request).failed == 1);
    CHECK_NOTHROW(merge(small));  // it is in the report as a failed frame
    write_atomic(small.plate(2), whole);
    CHECK(says(refusal([&] { merge(small); }), "1 of 3 frames were made by another version of the job"));
    CHECK(run(small).failed == 0);
}

TEST_CASE("an artefact that somebody edited into no JSON is refused, and stays as it is") {
    const tests::SmallShot small({1, 5}, 16, 16, R"([{"pass": "deflicker"}])");
    run(small);
    const fs::path artefact = WorkFiles(small.context(1)).artefact(0, "deflicker");
    write_atomic(artefact, R"({"locked": true, "artefact": {)");
    const Error error = refusal([&] { run(small); });
    CHECK(error.kind() == ErrorKind::Usage);
    CHECK(error.context().file == artefact.string());
    CHECK(read_text(artefact, 1 << 20) == R"({"locked": true, "artefact": {)");
}

TEST_CASE("a matte that is not there fails each of its frames, and nothing else") {
    const tests::SmallShot small(
        {1, 4}, 8, 8, R"([{"pass": "grade", "slope": [1.5, 1.0, 1.0], "matte": "m"}])",
        tests::SmallShot::exr_output, R"(, "mattes": {"m": {"path": "absent/m.####.exr"}})");
    JobRequest request = frames_only({1, 2, 3});
    request.continue_on_error = true;
    const JobOutcome outcome = run(small, request);
    CHECK(outcome.failed == 3);
    CHECK(outcome.made == 0);
}

}  // namespace wetgate::pipeline

#include "spec/identity.h"

#include <doctest/doctest.h>

#include "spec/job_text.h"

namespace wetgate::spec {
namespace {

using nlohmann::json;
using tests::good_job;
using tests::parsed;
using tests::with;

json identity(const json& job, std::size_t passes = 2) {
    const JobSpec spec = parsed(job);
    return shot_identity(spec, spec.shots[0], passes);
}

json of_output(const json& job, std::size_t output = 0) {
    const JobSpec spec = parsed(job);
    return output_identity(spec, spec.shots[0], spec.shots[0].outputs[output]);
}

TEST_CASE("a shot's identity changes with all that decides its pixels") {
    const json before = identity(good_job());
    CHECK(identity(good_job()).dump() == before.dump());
    const std::vector<std::pair<std::string, json>> changes = {
        {"/shots/0/name", "sh011"},
        {"/shots/0/source/path", "plates/sh010_v2.####.exr"},
        {"/shots/0/source/range", "1001-1050"},
        {"/shots/0/source/colorspace", "ACES2065-1"},
        {"/shots/0/source/layer", "left"},
        {"/shots/0/range", "1009-1041"},
        {"/shots/0/on_bad_frame", "black"},
        {"/shots/0/mattes/boom/invert", false},
        {"/shots/0/mattes/boom/channel", "G"},
        {"/shots/0/passes/1/strength", 0.61},
        {"/shots/0/passes/1/frames", "1010-1020"},
        {"/shots/0/passes/1/limit_stops", 0.6},
        {"/shots/0/passes/1/artefact", "a.json"},
        {"/shots/0/passes/1/model", "m"},
        {"/shots/0/passes/1/protect", "boom"},
        {"/shots/0/passes/1/enabled", false},
        {"/color/working", "ACES2065-1"},
        {"/color/config", "show.ocio"},
        {"/compute/seed", 8},
        {"/compute/precision", "fp16"},
    };
    for (const auto& [place, value] : changes) {
        const std::string pointer = place;
        CAPTURE(pointer);
        CHECK(identity(with(pointer, value)) != before);
    }
}

TEST_CASE("what does not decide pixels leaves a shot's identity alone") {
    const json before = identity(good_job());
    const std::vector<std::pair<std::string, json>> changes = {
        {"/name", "other"},
        {"/work", "elsewhere"},
        {"/note", "x"},
        {"/shots/0/note", "x"},
        {"/shots/0/passes/0/note", "x"},
        {"/shots/0/timecode", "02:00:00:00"},
        {"/shots/0/outputs/0/path", "other/a.####.exr"},
        {"/compute/device", "cpu"},
        {"/compute/threads", 3},
        {"/qc/gate", "off"},
        {"/shots/0/passes/1/frames", "1010,1012,1014,1016,1018,1020"},
        {"/shots/0/source/rate", "23.976"},
        {"/shots/0/mattes/unused", {{"path", "mattes/other.exr"}}},
    };
    for (const auto& [place, value] : changes) {
        const std::string pointer = place;
        CAPTURE(pointer);
        CHECK(identity(with(pointer, value)) == before);
    }
    json disabled = good_job();
    disabled["shots"][0]["passes"].push_back({{"pass", "sanitize"}, {"enabled", false}});
    CHECK(identity(disabled, 3) == before);
}

TEST_CASE("passes behind the asked one do not count, and paths count as written") {
    CHECK(identity(with("/shots/0/passes/1/strength", 0.1), 1) == identity(good_job(), 1));
    CHECK(identity(good_job(), 1) != identity(good_job(), 2));
    CHECK(identity(good_job(), 99) == identity(good_job(), 2));
    LoadOptions options;
    options.path_map.add("/a", "/b");
    const json job = with("/shots/0/source/path", "/a/x.####.exr");
    const JobSpec mapped = parsed(job, options);
    CHECK(shot_identity(mapped, mapped.shots[0], 2) == identity(job));
    CHECK(identity(good_job()).dump().find("/show/jobs") == std::string::npos);
}

TEST_CASE("an output's identity changes with its bytes, not with its place") {
    const json before = of_output(good_job());
    CHECK(of_output(with("/shots/0/outputs/0/path", "other/a.####.exr")) == before);
    CHECK(of_output(with("/shots/0/outputs/0/name", "other")) == before);
    CHECK(of_output(with("/shots/0/outputs/0/compression", "piz")) != before);
    CHECK(of_output(with("/shots/0/outputs/0/pixel", "float")) != before);
    CHECK(of_output(with("/shots/0/outputs/0/colorspace", "sRGB")) != before);
    CHECK(of_output(with("/shots/0/timecode", "02:00:00:00")) != before);
    CHECK(of_output(with("/shots/0/reel", "B")) != before);
    CHECK(of_output(with("/shots/0/passes/1/strength", 0.1)) != before);
    CHECK(of_output(with("/shots/0/outputs/1/profile", "422lt"), 1) != of_output(good_job(), 1));
}

}  // namespace
}  // namespace wetgate::spec

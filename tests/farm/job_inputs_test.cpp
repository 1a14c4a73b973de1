#include "farm/job_inputs.h"

#include <doctest/doctest.h>

#include "core/error.h"
#include "support/farm_job.h"

namespace wetgate::farm {
namespace {

using Paths = std::vector<std::filesystem::path>;

TEST_CASE("sequences are read as folders; movies, sound, single pictures and files of passes as files") {
    const spec::JobSpec job = spec::parse_job(
        R"({"schema": "wetgate.job/1", "name": "n", "work": "work", "color": {"config": "ocio/show.ocio"},
            "shots": [{"name": "a",
                       "source": {"path": "a/a.mov", "first_frame": 1, "range": "1-8", "colorspace": "ACEScg"},
                       "audio": {"path": "sound/a.wav"},
                       "mattes": {"m": {"path": "mattes/m.####.exr"}, "one": {"path": "mattes/one.exr"}},
                       "references": {"hero": {"path": "../hero/h.1001.exr", "colorspace": "ACEScg"}},
                       "passes": [{"pass": "grade", "cdl": "a.cc", "space": "ACEScct"},
                                  {"pass": "deflicker", "artefact": "solved/curve.json"}],
                       "outputs": [{"name": "o", "path": "out/o.mov", "type": "prores", "colorspace": "Rec.709"}]},
                      {"name": "b",
                       "source": {"path": "b/b.####.exr", "range": "1-8", "colorspace": "ACEScg", "rate": "24"},
                       "outputs": [{"name": "o", "path": "out/b.####.exr", "type": "exr"}]}]})",
        "/show/job/j.json");
    std::vector<pipeline::ShotPlan> plans(2);
    plans[0].shot = "a";
    plans[1].shot = "b";
    const JobInputs inputs = inputs_of(job, plans);
    CHECK(inputs.folders == Paths{"/show/job/b", "/show/job/mattes", "/show/job/ocio"});
    CHECK(inputs.files == Paths{"/show/hero/h.1001.exr", "/show/job/a/a.mov", "/show/job/a.cc",
                                "/show/job/mattes/one.exr", "/show/job/solved/curve.json",
                                "/show/job/sound/a.wav"});
    plans.erase(plans.begin());
    CHECK(inputs_of(job, plans).files.empty());  // only of the shots that are planned
}

TEST_CASE("a folder inside another one needs no entry of its own") {
    CHECK(folded({"/a/b/c", "/a/b", "/a-b", "/a/bc"}, 9) == Paths{"/a/b", "/a/bc", "/a-b"});
    CHECK(is_within("/a/b", "/a"));
    CHECK(is_within("/a/b", "/a/b"));
    CHECK_FALSE(is_within("/a/bc", "/a/b"));
    CHECK_FALSE(is_within("/a", "/a/b"));
}

TEST_CASE("too many folders become those that hold two of them, the deepest first") {
    CHECK(folded({"/p/x/1", "/p/y/1", "/p/y/2", "/q/1"}, 3) == Paths{"/p/x/1", "/p/y", "/q/1"});
    CHECK(folded({"/p/x/1", "/p/y/1", "/p/y/2", "/q/1"}, 2) == Paths{"/p", "/q/1"});
    CHECK_THROWS_AS(folded({"/p/x/1", "/q/1"}, 1), Error);  // would be all of the machine
}

}  // namespace
}  // namespace wetgate::farm

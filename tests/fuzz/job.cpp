// A job: read strictly or refused with places and reasons; what was read means the same when it is printed
// and read again; no file of it lies under a name with control characters.
#include <algorithm>

#include "fuzz/input.h"
#include "spec/identity.h"
#include "spec/job_spec.h"
#include "spec/strict_json.h"

namespace wetgate::fuzz {
namespace {

void check_path(const spec::SpecPath& path) {
    const std::string name = path.pattern.path(1001).string();
    require(
        std::none_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }),
        "a file's name holds no control character");
    require(path.pattern.path(1001).is_absolute(), "a path is absolute once it is read");
}

void check_job(const spec::JobSpec& job) {
    require(!job.shots.empty(), "a job has shots");
    for (const spec::ShotSpec& shot : job.shots) {
        require(!shot.name.empty() && shot.name.size() <= 128, "a shot has a name of bounded length");
        require(!shot.range || !shot.range->empty(), "a range that is delivered has frames");
        check_path(shot.source.path);
        for (const spec::OutputSpec& output : shot.outputs) check_path(output.path);
        for (const spec::PassSpec& pass : shot.passes) {
            require(pass.strength >= 0 && pass.strength <= 1, "a strength is from 0 to 1");
            if (!pass.frames) continue;
            require(spec::parse_frames(spec::print_frames(*pass.frames)) == *pass.frames,
                    "the frames of a pass can be printed and read again");
        }
    }
}

std::string identity_of(const spec::JobSpec& job) {
    std::string all;
    for (const spec::ShotSpec& shot : job.shots)
        all += spec::shot_identity(job, shot, shot.passes.size()).dump() + "\n";
    return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = text_of(data, size);
    spec::JobSpec job;
    const spec::FramesSyntax syntax = spec::FramesSyntax::OpenJd;
    if (!takes({ErrorKind::Usage}, [&] {
            job = spec::parse_job(text, "/show/jobs/fuzz.json", {{}, syntax});
        }))
        return 0;
    check_job(job);
    const std::string again = spec::parse_strict_json(text, "fuzz.json").dump(1);
    require(identity_of(spec::parse_job(again, "/show/jobs/fuzz.json", {{}, syntax})) == identity_of(job),
            "a job means the same when it is printed and read again");
    return 0;
}

}  // namespace wetgate::fuzz

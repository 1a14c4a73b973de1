#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "spec/job_spec.h"

namespace wetgate::tests {

/// A valid job that uses most keys, to be bent by tests.
inline nlohmann::json good_job() {
    return nlohmann::json::parse(R"({
        "schema": "wetgate.job/1", "name": "ep101_fix", "show": "demo", "note": "n",
        "approval": {"ref": "T-1", "deliverable": "temp"},
        "color": {"config": "builtin", "working": "ACEScg"},
        "compute": {"device": "cuda:1", "precision": "fp32", "threads": 2, "seed": 7},
        "shots": [{
            "name": "sh010",
            "source": {"path": "plates/sh010.####.exr", "range": "1001-1048", "colorspace": "ACEScg", "rate": "24000/1001"},
            "range": "1009-1040",
            "on_bad_frame": "hold", "timecode": "01:00:00:00", "reel": "A001",
            "mattes": {"boom": {"path": "mattes/boom.%04d.exr", "channel": "R", "invert": true}},
            "references": {"hero": {"path": "plates/sh020.1017.exr", "colorspace": "ACEScg"}},
            "passes": [{"pass": "sanitize"},
                       {"pass": "sanitize", "matte": "boom", "strength": 0.6, "frames": "1010-1020x2", "limit_stops": 0.5}],
            "outputs": [
                {"name": "plate", "path": "out/sh010_v002.####.exr", "type": "exr", "compression": "zip", "pixel": "half"},
                {"name": "dailies", "path": "out/sh010_v002.mov", "type": "prores", "profile": "422hq", "colorspace": "Rec.709"}]
        }],
        "qc": {"report": "out/qc", "gate": "warn", "accept": [{"check": "clipping", "reason": "the lamp is in frame"}]}
    })");
}

inline spec::JobSpec parsed(const nlohmann::json& job, const spec::LoadOptions& options = {}) {
    return spec::parse_job(job.dump(1), "/show/jobs/fix.json", options);
}

/// What is wrong with `job`: "POINTER: message", without lines.
inline std::vector<std::string> problems_of(const nlohmann::json& job,
                                            const spec::LoadOptions& options = {}) {
    try {
        parsed(job, options);
    } catch (const spec::JobProblems& error) {
        std::vector<std::string> texts;
        for (spec::Problem problem : error.problems()) {
            problem.line = 0;
            texts.push_back(spec::to_string(problem));
        }
        return texts;
    }
    return {};
}

/// good_job() with the value at `pointer` replaced.
inline nlohmann::json with(const std::string& pointer, nlohmann::json value) {
    nlohmann::json job = good_job();
    job[nlohmann::json::json_pointer(pointer)] = std::move(value);
    return job;
}

/// good_job() without the key at the end of `pointer`.
inline nlohmann::json without(const std::string& pointer) {
    nlohmann::json job = good_job();
    const nlohmann::json::json_pointer at(pointer);
    job[at.parent_pointer()].erase(at.back());
    return job;
}

}  // namespace wetgate::tests

#pragma once
#include "farm/farm_job.h"
#include "spec/job_spec.h"

namespace wetgate::test {

/// A job of two shots as a planner would leave it: "a" (1001-1025) has two passes that solve, "b" (1-8)
/// none; both write an EXR sequence, "a" a movie too.
inline spec::JobSpec farm_job_spec() {
    return spec::parse_job(R"({"schema": "wetgate.job/1", "name": "ep101", "show": "demo", "work": "work",
        "shots": [{"name": "a",
                   "source": {"path": "in/a.####.exr", "range": "1001-1025", "colorspace": "ACEScg", "rate": "24"},
                   "passes": [{"pass": "deflicker"}, {"pass": "sanitize"}, {"pass": "light_drift"}],
                   "outputs": [{"name": "plate", "path": "out/a.####.exr", "type": "exr"},
                               {"name": "mov", "path": "out/a.mov", "type": "prores", "colorspace": "Rec.709"}]},
                  {"name": "b",
                   "source": {"path": "in/b.####.exr", "range": "1-8", "colorspace": "ACEScg", "rate": "24"},
                   "passes": [{"pass": "sanitize"}],
                   "outputs": [{"name": "plate", "path": "out/b.####.exr", "type": "exr"}]}],
        "qc": {"report": "qc"}})",
                           "/show/ep101.json");
}

inline std::vector<pipeline::ShotPlan> farm_plans() {
    pipeline::ShotPlan a;
    a.shot = "a";
    a.delivered = {1001, 1026};
    a.memory_bytes = std::int64_t{800} << 20;
    a.device_bytes = std::int64_t{1600} << 20;
    pipeline::ShotPlan b;
    b.shot = "b";
    b.delivered = {1, 9};
    b.reach = {2, 2};
    b.memory_bytes = std::int64_t{400} << 20;
    return {a, b};
}

inline farm::FarmJob farm_job(const farm::FarmSettings& settings = {}) {
    farm::FarmJob job = farm::make_farm_job(farm_job_spec(), farm_plans(), settings);
    job.folder = "/show/work/farm";
    return job;
}

}  // namespace wetgate::test

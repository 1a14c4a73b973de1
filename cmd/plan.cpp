#include "pipeline/plan.h"

#include <cstdio>

#include "cmd/job_setup.h"
#include "cmd/verbs.h"

namespace wetgate::cmd {
namespace {

double mebibytes(std::int64_t bytes) {
    return static_cast<double>(bytes) / (1 << 20);
}

void print_table(const pipeline::ShotPlan& plan) {
    std::printf("%s: frames %s; passes read %d frames before and %d after each\n", plan.shot.c_str(),
                spec::print_frames(plan.delivered).c_str(), plan.reach.before, plan.reach.after);
    std::string stages;
    for (const std::string& stage : plan.stages) stages += (stages.empty() ? "" : " -> ") + stage;
    std::printf("  stages   %s\n", stages.c_str());
    for (const pipeline::PlannedPushIn& one : plan.push_ins)
        std::printf("  push-in  %s shows the plate %.2f times as large, by %s\n", one.output.c_str(),
                    one.scale, one.by.c_str());
    std::printf("  memory   %.0f MiB a process, about %.0f MiB of a GPU's\n", mebibytes(plan.memory_bytes),
                mebibytes(plan.device_bytes));
    std::printf("  disk     at most %.0f MiB\n", mebibytes(plan.disk_bytes));
    std::printf("  shards   %zu, handles cost %.1f %% more decoding\n", plan.shards.size(),
                plan.handle_cost * 100.0);
    for (const pipeline::ShardPlan& shard : plan.shards) {
        std::printf("    %4d   %-24s %6zu frames, %6d decoded\n", shard.index,
                    spec::print_frames(shard.frames).c_str(), shard.frames.size(), shard.decoded);
    }
}

}  // namespace

int plan(const Options& options, const Services& services) {
    const JobSetup setup(options);
    const spec::JobSpec& job = setup.job;
    nlohmann::json shots = nlohmann::json::array();
    int first_index = 0;
    for (const spec::ShotSpec& shot : job.shots) {
        if (options.shot && shot.name != *options.shot) continue;
        const pipeline::ShotContext context(job, shot, setup.tools(services.log),
                                            {io_threads_of(options), options.io_retries});
        const int chunk = options.chunk_size.value_or(context.delivered_range().size());
        const pipeline::ShotPlan plan = pipeline::plan_shot(context, chunk, first_index);
        first_index += static_cast<int>(plan.shards.size());
        if (options.json) {
            shots.push_back(to_json(plan));
        } else {
            print_table(plan);
        }
    }
    if (options.json)
        std::printf("%s\n", nlohmann::json{{"job", job.name}, {"shots", shots}}.dump(1).c_str());
    return 0;
}

}  // namespace wetgate::cmd

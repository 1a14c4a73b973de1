#include "pipeline/plan.h"

#include <unistd.h>

#include <algorithm>

#include "core/atomic_file.h"
#include "core/error.h"
#include "pipeline/chain.h"
#include "pipeline/enlarging.h"
#include "pipeline/memory.h"
#include "pipeline/record.h"
#include "pipeline/shot_qc.h"
#include "pipeline/write_guard.h"

namespace wetgate::pipeline {
namespace {

namespace fs = std::filesystem;

std::int64_t bytes_a_frame(const ShotContext& shot, const spec::OutputSpec& output) {
    const framing::Canvas canvas = shot.canvas_of(output);
    const std::int64_t pixels = shot.is_moved(output) ? std::int64_t{canvas.width} * canvas.height
                                                      : std::int64_t{shot.info().width} * shot.info().height *
                                                            shot.scale() * shot.scale();
    if (output.type == spec::OutputType::ProRes)
        return pixels;  // 4444 XQ at its highest, about 8 bits a pixel; twice: packet and movie
    if (output.type == spec::OutputType::Exr && shot.info().kind == media::MediaKind::Exr &&
        !shot.is_moved(output)) {
        return static_cast<std::int64_t>(shot.info().frame_bytes) * shot.scale() * shot.scale();
    }
    return pixels * 3 * (output.pixel == spec::PixelChoice::Float || output.bits == 32 ? 4 : 2);
}

// The nearest folder that exists must be writable.
std::optional<std::string> not_writable(const fs::path& folder) {
    fs::path existing = folder;
    std::error_code ignored;
    while (!existing.empty() && !fs::exists(existing, ignored) && existing != existing.parent_path())
        existing = existing.parent_path();
    if (!fs::is_directory(existing, ignored)) return existing.string() + " is not a folder";
    if (::access(existing.c_str(), W_OK | X_OK) != 0)
        return "the folder " + existing.string() + " cannot be written to";
    return std::nullopt;
}

void check_shot(const ShotContext& context, std::vector<std::string>& problems) {
    const spec::ShotSpec& shot = context.shot();
    const auto add = [&](const std::string& what) { problems.push_back("shot " + shot.name + ": " + what); };
    for (std::size_t i = 0; i < shot.passes.size(); ++i) {
        const spec::PassSpec& pass = shot.passes[i];
        if (!pass.enabled) continue;
        try {
            const passes::PassEntry& entry = passes::find_pass(pass.name);
            nlohmann::json artefact;
            if (!pass.artefact.empty()) artefact = read_artefact(pass.artefact);
            const passes::PassContext made_from = context.pass_context(i, artefact);
            if (const auto use = context.model_use(i)) context.models().load(*use);
            if (pass.artefact.empty() && entry.make_analysis) entry.make_analysis(made_from);
            entry.make(made_from);
        } catch (const Error& error) {
            add(pass.pointer + " (" + pass.name + "): " + error.what());
        }
    }
    for (const spec::OutputSpec& output : shot.outputs) {
        try {
            if (const auto use = planned_enlarging(context, output).model) context.models().load(*use);
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::Model) add("output '" + output.name + "': " + error.what());
        }  // others were found above
    }
    for (const auto& [name, matte] : shot.mattes) {
        for (const int frame : frames_of(context.delivered_range())) {
            std::error_code ignored;
            if (fs::exists(matte.path.pattern.path(frame), ignored)) continue;
            add("matte '" + name + "' is not there: " + matte.path.pattern.path(frame).string());
            break;
        }
    }
    for (const auto& [name, reference] : shot.references) {
        std::error_code ignored;
        const fs::path file = reference.path.pattern.path(reference.range ? reference.range->first : 0);
        if (!fs::exists(file, ignored)) add("reference '" + name + "' is not there: " + file.string());
        if (!context.colors().has(reference.colorspace))
            add("reference '" + name + "': unknown colour space '" + reference.colorspace + "'");
    }
    if (context.info().kind != media::MediaKind::Movie) {
        int missing = 0;
        int first = 0;
        for (const int frame : frames_of(context.delivered_range())) {
            std::error_code ignored;
            if (fs::exists(context.file_of(frame), ignored)) continue;
            if (missing++ == 0) first = frame;
        }
        if (missing > 0) {
            add(std::to_string(missing) + " source frames are missing, the first is " +
                std::to_string(first) + " (" + context.file_of(first).string() + ")");
        }
    }
    for (const spec::OutputSpec& output : shot.outputs) {
        if (const auto reason = not_writable(output.path.pattern.path(0).parent_path()))
            add("output '" + output.name + "': " + *reason);
    }
}

passes::PassReach operator+(const passes::PassReach& a, const passes::PassReach& b) {
    return {a.before + b.before, a.after + b.after};
}

// Every pass can be made without an artefact, to be asked for its reach.
passes::PassReach reach_of(const ShotContext& shot, std::size_t index) {
    const passes::PassEntry& entry = passes::find_pass(shot.shot().passes[index].name);
    return entry.make(shot.pass_context(index, nullptr))->reach();
}

}  // namespace

passes::PassReach planned_reach(const ShotContext& shot) {
    passes::PassReach total;
    for (std::size_t i = 0; i < shot.shot().passes.size(); ++i) {
        if (shot.shot().passes[i].enabled) total = total + reach_of(shot, i);
    }
    return total;
}

passes::PassReach widest_reach(const ShotContext& shot) {
    passes::PassReach total;
    passes::PassReach widest;
    const auto widen = [&widest](const passes::PassReach& reach) {
        widest = {std::max(widest.before, reach.before), std::max(widest.after, reach.after)};
    };
    for (std::size_t i = 0; i < shot.shot().passes.size(); ++i) {
        const spec::PassSpec& pass = shot.shot().passes[i];
        if (!pass.enabled) continue;
        const passes::PassEntry& entry = passes::find_pass(pass.name);
        if (pass.artefact.empty() && entry.make_analysis)
            widen(total + entry.make_analysis(shot.pass_context(i, nullptr))->reach());
        total = total + reach_of(shot, i);
        widen(total);
    }
    return widest;
}

std::vector<std::size_t> analyses_of(const spec::ShotSpec& shot) {
    std::vector<std::size_t> analyses;
    for (std::size_t i = 0; i < shot.passes.size(); ++i) {
        const spec::PassSpec& pass = shot.passes[i];
        if (pass.enabled && pass.artefact.empty() && passes::find_pass(pass.name).make_analysis)
            analyses.push_back(i);
    }
    return analyses;
}

ShotPlan plan_shot(const ShotContext& context, int chunk_size, int first_index) {
    const spec::ShotSpec& shot = context.shot();
    ShotPlan plan;
    plan.shot = shot.name;
    plan.delivered = context.delivered_range();
    plan.reach = planned_reach(context);
    for (const std::size_t index : analyses_of(shot)) {
        plan.stages.push_back("measure " + shot.passes[index].name);
        plan.stages.push_back("solve " + shot.passes[index].name);
    }
    plan.stages.emplace_back("apply");
    plan.stages.emplace_back("merge");
    for (const spec::OutputSpec& output : shot.outputs) {
        constexpr double rounding = 1e-3;
        const PlannedEnlarging planned = planned_enlarging(context, output);
        if (planned.scale > 1 + rounding)
            plan.push_ins.push_back(
                {output.name, planned.scale, planned.model ? planned.model->name : "resampling"});
    }
    const FrameSet frames = frames_of(plan.delivered);
    int decoded = 0;
    for (int i = 0; !chunk(frames, i, chunk_size).empty(); ++i) {
        ShardPlan shard{first_index + i, chunk(frames, i, chunk_size), 0};
        shard.decoded =
            static_cast<int>(Chain::frames_needed(shard.frames, plan.reach, context.source_range()).size());
        decoded += shard.decoded;
        plan.shards.push_back(std::move(shard));
    }
    plan.handle_cost =
        frames.empty() ? 0 : static_cast<double>(decoded) / static_cast<double>(frames.size()) - 1.0;
    const int at_once = most_frames_at_once(context, shot.passes.size());
    plan.memory_bytes = host_bytes_needed(context, widest_reach(context), shot.passes.size(), at_once);
    plan.device_bytes = device_bytes_needed(context, widest_reach(context), shot.passes.size(), at_once);
    for (const spec::OutputSpec& output : shot.outputs) {
        plan.disk_bytes += bytes_a_frame(context, output) * static_cast<std::int64_t>(frames.size());
    }
    return plan;
}

nlohmann::json to_json(const ShotPlan& plan) {
    nlohmann::json shards = nlohmann::json::array();
    for (const ShardPlan& shard : plan.shards) {
        shards.push_back({{"index", shard.index},
                          {"frames", spec::print_frames(shard.frames)},
                          {"count", shard.frames.size()},
                          {"decoded", shard.decoded}});
    }
    nlohmann::json push_ins = nlohmann::json::array();
    for (const PlannedPushIn& one : plan.push_ins)
        push_ins.push_back({{"output", one.output}, {"scale", one.scale}, {"by", one.by}});
    return {{"shot", plan.shot},
            {"frames", spec::print_frames(plan.delivered)},
            {"reach", {plan.reach.before, plan.reach.after}},
            {"stages", plan.stages},
            {"push_ins", push_ins},
            {"shards", shards},
            {"handle_cost", plan.handle_cost},
            {"memory_bytes", plan.memory_bytes},
            {"device_bytes", plan.device_bytes},
            {"disk_bytes", plan.disk_bytes}};
}

std::vector<std::string> find_problems(const spec::JobSpec& job, const JobTools& tools,
                                       std::span<const fs::path> output_roots) {
    std::vector<std::string> problems;
    for (const spec::ShotSpec& shot : job.shots) {
        try {
            check_shot(ShotContext(job, shot, tools, {}), problems);
        } catch (const Error& error) {
            problems.emplace_back(error.what());
        }
    }
    try {
        check_settings(job.qc);
    } catch (const Error& error) {
        problems.emplace_back(error.what());
    }
    if (const auto reason = not_writable(job.work)) problems.push_back("work folder: " + *reason);
    if (!job.qc.report.empty()) {
        if (const auto reason = not_writable(job.qc.report)) problems.push_back("report folder: " + *reason);
    }
    try {
        refuse_overwriting(job);
        refuse_outside(job, output_roots);
    } catch (const Error& error) {
        problems.emplace_back(error.what());
    }
    return problems;
}

}  // namespace wetgate::pipeline

#include "pipeline/stages.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <map>
#include <mutex>

#include "compute/cuda.h"
#include "core/error.h"
#include "core/hash.h"
#include "media/exr.h"
#include "media/worked.h"
#include "pipeline/at_frame.h"
#include "pipeline/memory.h"
#include "pipeline/record.h"
#include "pipeline/straight_window.h"
#include "pipeline/worker_pool.h"
#include "spec/frame_text.h"
#include "spec/pass_schemas.h"

namespace wetgate::pipeline {
namespace {

passes::ClipNames clip_names(const ShotContext& shot) {
    const spec::PathPattern& plate = shot.shot().source.path.pattern;
    const std::string digits(static_cast<std::size_t>(std::max(1, plate.width())), '#');
    return {
        plate.is_sequence() ? plate.prefix() + digits + plate.suffix() : plate.path(0).filename().string(),
        shot.delivered_range()};
}

/// The parameters that a pass's measurements depend on: those that its schema names ("measured_by"), or all.
nlohmann::json measured_parameters(spec::PassSchemas& schemas, const spec::PassSpec& pass) {
    const nlohmann::json& facts = schemas.schema(pass.name).at("x-wetgate");
    const auto names = facts.find("measured_by");
    if (names == facts.end()) return pass.written_params;
    nlohmann::json used = nlohmann::json::object();
    for (const nlohmann::json& name : *names) {
        const auto value = pass.written_params.find(name.get<std::string>());
        if (value != pass.written_params.end()) used[name.get<std::string>()] = *value;
    }
    return used;
}

std::string exr_of(const passes::MapSidecar& map, float pixel_aspect) {
    HostFrame like;
    like.display_window = map.display;
    like.pixel_aspect = pixel_aspect;
    media::ExrWriteOptions options;
    options.compression = "zip";
    const std::vector<std::byte> bytes =
        media::encode_exr(media::make_rgb_frame(like, map.map, SampleType::F32, 0, std::nullopt), options);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

ShotStages::ShotStages(const ShotContext& shot, StageOptions options)
    : shot_(shot), options_(std::move(options)), artefacts_(shot.shot().passes.size()) {
    media::set_exr_threads(
        0);  // frames are the unit of parallel work; OpenEXR compresses in the calling thread
    if (options_.fingerprint.is_null()) options_.fingerprint = shot_.runtime().fingerprint();
    spec::PassSchemas schemas;
    for (const spec::PassSpec& pass : shot_.shot().passes) {
        measured_by_.push_back(measured_parameters(schemas, pass));
        measures_straight_.push_back(schemas.schema(pass.name).at("x-wetgate").value("measures", "") ==
                                     "straight");
    }
}

std::size_t ShotStages::passes_seen(std::size_t index) const {
    std::size_t seen = shot_.passes_before(index);
    if (!measures_straight_[index]) return seen;
    const auto& passes = shot_.shot().passes;
    while (seen < index && (!passes[seen].enabled || !passes::find_pass(passes[seen].name).make_analysis))
        ++seen;
    return seen;
}

std::vector<const ShotMove*> ShotStages::moves_seen(std::size_t index) const {
    std::vector<const ShotMove*> seen;
    const std::size_t end = passes_seen(index);
    for (const ShotMove& move : moves_)
        if (move.index < end && move.pass->renders() && move.pass->outputs().empty()) seen.push_back(&move);
    return seen;
}

std::string ShotStages::measure_key(std::size_t index, int frame, passes::PassReach reach) const {
    const passes::PassReach before = Chain::reach_of(chain_);
    const std::string plate =
        frame_key(shot_, frame, {before.before + reach.before, before.after + reach.after},
                  passes_seen(index), artefacts_, options_.fingerprint);
    return content_hash(plate + shot_.shot().passes[index].name + measured_by_[index].dump());
}

// What the artefact depends on: the parameters, and the measurements' keys, which hold sources and passes
// before.
std::string ShotStages::solve_key(std::size_t index) const {
    const passes::PassEntry& entry = passes::find_pass(shot_.shot().passes[index].name);
    const passes::PassReach reach = entry.make_analysis(shot_.pass_context(index, nullptr))->reach();
    std::string keys = shot_.shot().passes[index].written_params.dump();
    for (const int frame : frames_of(shot_.delivered_range())) keys += measure_key(index, frame, reach);
    return content_hash(keys);
}

// Crops of one shot for several outputs look for the same subjects in the same plate.
std::optional<nlohmann::json> ShotStages::measured_elsewhere(std::size_t index, int frame,
                                                             const std::string& key) const {
    const auto& passes = shot_.shot().passes;
    for (std::size_t i = 0; i < passes.size(); ++i) {
        if (i == index || !passes[i].enabled || passes[i].name != passes[index].name) continue;
        auto stored = load_json(WorkFiles(shot_).measurement(i, passes[i].name, frame));
        if (stored && has_key(*stored, key) && stored->contains("facts")) return stored;
    }
    return std::nullopt;
}

void ShotStages::load_solved() {
    const auto& passes = shot_.shot().passes;
    for (; made_ < passes.size(); ++made_) {
        const spec::PassSpec& spec = passes[made_];
        if (!spec.enabled) continue;
        auto entry = std::make_shared<const passes::PassEntry>(passes::find_pass(spec.name));
        nlohmann::json artefact;
        if (!spec.artefact.empty()) {
            artefact = read_artefact(spec.artefact);
        } else if (entry->make_analysis) {
            const auto stored = load_artefact(WorkFiles(shot_).artefact(made_, spec.name));
            if (!stored || (!stored->locked && stored->key != solve_key(made_))) return;
            artefact = stored->artefact;
        }
        artefacts_[made_] = artefact;
        try {
            std::shared_ptr<const passes::FramePass> pass = entry->make(shot_.pass_context(made_, artefact));
            if (auto move = std::dynamic_pointer_cast<const passes::MovingPass>(pass)) {
                moves_.push_back({made_, spec.name, std::move(move)});
            } else {
                chain_.push_back({made_, &spec, std::move(pass), entry, shot_.scale_of(made_),
                                  is_wanted_as_matte(spec.name)});
            }
        } catch (const Error& error) {
            throw error.within(
                {.file = "/passes/" + std::to_string(made_), .shot = shot_.shot().name, .frame = {}});
        }
    }
    if (!enlarging_) enlarging_.emplace(shot_, moves_);
}

std::optional<std::size_t> ShotStages::next_unsolved() {
    load_solved();
    if (made_ < shot_.shot().passes.size()) return made_;
    return std::nullopt;
}

std::vector<ShotStages::PassSidecar> ShotStages::sidecars() const {
    std::vector<PassSidecar> all;
    const auto add = [&all](std::size_t index, const passes::FramePass& pass) {
        for (passes::Sidecar& sidecar : pass.sidecars()) all.push_back({index, std::move(sidecar)});
    };
    for (const ChainPass& pass : chain_) add(pass.index, *pass.pass);
    const passes::ClipNames clip = clip_names(shot_);
    for (const ShotMove& move : moves_) {
        for (passes::Sidecar& sidecar : move.pass->sidecars_of(clip))
            all.push_back({move.index, std::move(sidecar)});
        for (const passes::MapSidecar& map : move.pass->maps())
            all.push_back({move.index, {map.extension, exr_of(map, shot_.info().pixel_aspect)}});
    }
    return all;
}

bool ShotStages::is_wanted_as_matte(const std::string& pass) const {
    const auto& outputs = shot_.shot().outputs;
    return std::any_of(outputs.begin(), outputs.end(),
                       [&](const spec::OutputSpec& output) { return output.matte_of == pass; });
}

void ShotStages::check_stop() const {
    if (options_.stop.stop_requested()) throw Error(ErrorKind::Cancelled, "stopped by a signal");
}

void ShotStages::report(const std::string& stage, int done, int total, int skipped) const {
    if (options_.progress) options_.progress({shot_.shot().name, stage, done, total, skipped});
}

// The pass, with the frames of `frames` that have no measurement that counts.
ShotStages::Measuring ShotStages::measuring(std::size_t index, const FrameSet& frames) const {
    const spec::PassSpec& spec = shot_.shot().passes[index];
    Measuring made{index, passes::find_pass(spec.name).make_analysis(shot_.pass_context(index, nullptr)), {}};
    const WorkFiles files(shot_);
    ShotContext::make_folder(files.measurement(index, spec.name, 0).parent_path());
    for (const int frame : frames) {
        std::string key = measure_key(index, frame, made.analysis->reach());
        const auto stored = load_json(files.measurement(index, spec.name, frame));
        if (stored && has_key(*stored, key)) continue;
        if (const auto other = measured_elsewhere(index, frame, key)) {
            store_json(files.measurement(index, spec.name, frame), *other, shot_.io_retries());
            continue;
        }
        made.keys[frame] = std::move(key);
    }
    return made;
}

// Adds to the one pass in `measured` others that see what it sees, where one reading is enough.
void ShotStages::add_measured_along(std::vector<Measuring>& measured, const FrameSet& frames) const {
    const auto& passes = shot_.shot().passes;
    const std::size_t index = measured.front().index;
    if (!shot_.is_moving(index)) return;
    for (std::size_t i = index + 1; i < passes.size(); ++i) {
        const spec::PassSpec& spec = passes[i];
        if (!spec.enabled || !spec.artefact.empty() || !passes::find_pass(spec.name).make_analysis) continue;
        if (load_artefact(WorkFiles(shot_).artefact(i, spec.name))) continue;  // most likely it is of use
        Measuring other = measuring(i, frames);
        // What is measured alike is taken over later.
        const bool is_known = std::any_of(measured.begin(), measured.end(), [&](const Measuring& known) {
            return passes[known.index].name == spec.name && known.keys == other.keys;
        });
        if (!is_known && !other.keys.empty() && other.analysis->reach() == measured.front().analysis->reach())
            measured.push_back(std::move(other));
    }
}

void ShotStages::measure(std::size_t index, const FrameSet& frames) {
    const c10::InferenceMode inference;
    const spec::PassSpec& spec = shot_.shot().passes[index];
    const WorkFiles files(shot_);
    std::vector<Measuring> measured;
    measured.push_back(measuring(index, frames));
    const passes::PassReach reach = measured.front().analysis->reach();
    FrameSet missing;
    for (const auto& [frame, key] : measured.front().keys) missing.push_back(frame);
    const int total = static_cast<int>(frames.size());
    const int skipped = total - static_cast<int>(missing.size());
    const std::string stage = "measure " + spec.name;
    report(stage, skipped, total, skipped);
    if (missing.empty()) return;
    add_measured_along(measured, missing);

    struct Task {
        int frame = 0;
        std::unique_ptr<passes::FrameWindow> window;  // null: the frame cannot be read
    };
    const Box display = times(shot_.info().display_window, shot_.scale());
    std::mutex progress_mutex;
    int done = skipped;
    const compute::StreamScope stream(shot_.runtime().device());
    const auto store = [&](Task& task) {
        const c10::InferenceMode worker_inference;
        const compute::StreamScope same(compute::StreamScope::Same{stream});
        check_stop();
        for (const Measuring& pass : measured) {
            const auto key = pass.keys.find(task.frame);
            if (key == pass.keys.end()) continue;
            nlohmann::json facts;
            const std::vector<const ShotMove*> moves = moves_seen(pass.index);
            if (task.window) {
                const StraightWindow straight(*task.window, moves, display);
                const passes::FrameWindow* window = &straight;
                if (moves.empty()) window = task.window.get();
                facts = at_frame(shot_, task.frame, [&] { return pass.analysis->measure(*window); });
            }
            check_unchanged(task.frame, key->second, measure_key(pass.index, task.frame, reach));
            store_json(files.measurement(pass.index, shot_.shot().passes[pass.index].name, task.frame),
                       {{"schema", "wetgate.measurement/1"}, {"key", key->second}, {"facts", facts}},
                       shot_.io_retries());
        }
        const std::lock_guard lock(progress_mutex);
        report(stage, ++done, total, skipped);
    };

    const passes::PassReach before = Chain::reach_of(chain_);
    const passes::PassReach all{before.before + reach.before, before.after + reach.after};
    const int at_once = frames_at_once(shot_, all, chain_.size());
    FrameFeed feed(shot_, {Chain::frames_needed(missing, all, shot_.source_range()),
                           Chain::frames_held(missing, all, shot_.source_range(), at_once), true});
    Chain chain(shot_, chain_, feed, {missing, at_once, &stream});
    WorkerPool<Task> pool(shot_.io_threads(), 1, store);
    for (const int frame : missing) {
        check_stop();
        chain.release_below(frame, reach);
        Task task{frame, nullptr};
        if (feed.get(frame)->is_real()) {
            task.window = at_frame(shot_, frame, [&] { return chain.window(frame, reach, index); });
        } else if (const auto error = feed.get(frame)->error; error && !options_.continue_on_error) {
            std::rethrow_exception(error);
        }
        pool.push(std::move(task));
    }
    pool.finish();
}

void ShotStages::solve(std::size_t index) {
    const spec::PassSpec& spec = shot_.shot().passes[index];
    const auto analysis = passes::find_pass(spec.name).make_analysis(shot_.pass_context(index, nullptr));
    const WorkFiles files(shot_);
    std::vector<nlohmann::json> facts;
    FrameSet missing;
    // As solve_key() has them, of what was read.
    std::string keys = spec.written_params.dump();
    for (const int frame : frames_of(shot_.delivered_range())) {
        const std::string key = measure_key(index, frame, analysis->reach());
        keys += key;
        const auto stored = load_json(files.measurement(index, spec.name, frame));
        if (!stored || !has_key(*stored, key) || !stored->contains("facts")) {
            missing.push_back(frame);
        } else {
            facts.push_back(stored->at("facts"));
        }
    }
    if (!missing.empty()) {
        throw Error(ErrorKind::Usage,
                    std::to_string(missing.size()) + " frames are not measured for the pass '" + spec.name +
                        "' (or were by another version of the job, the plates or the machine): " +
                        spec::print_frames(missing) + "; run --stage measure on them",
                    {.file = {}, .shot = shot_.shot().name, .frame = {}});
    }
    report("solve " + spec.name, 0, 1, 0);
    const nlohmann::json artefact = analysis->solve(facts, shot_.delivered_range().first);
    store_json(
        files.artefact(index, spec.name),
        {{"schema", "wetgate.artefact/1"},
         {"pass", spec.name},
         {"shot", shot_.shot().name},
         {"about", "solved by wetgate; edit it, and set locked to true to keep it whatever the plates do"},
         {"locked", false},
         {"key", content_hash(keys)},
         {"artefact", artefact}},
        shot_.io_retries());
    report("solve " + spec.name, 1, 1, 0);
}

// Note [A plate may change while it is read]
// A key says which plates a frame was made from, by name, size and time. It is taken before any of them is
// read and again when the work is done. Were it taken at the end alone, a plate replaced after it was read
// would give the old picture the key of the new one, and no later run would notice.
void ShotStages::check_unchanged(int frame, const std::string& key_before, const std::string& key_now) const {
    if (key_before == key_now) return;
    throw Error(ErrorKind::Temporary,
                "the source, or another file that the frame is made from, changed or vanished while it was "
                "worked on; run it again when its files are at rest",
                {.file = {}, .shot = shot_.shot().name, .frame = frame});
}

}  // namespace wetgate::pipeline

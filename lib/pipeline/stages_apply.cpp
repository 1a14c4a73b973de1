#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>

#include "compute/cuda.h"
#include "compute/transfer.h"
#include "core/error.h"
#include "core/hash.h"
#include "core/temp_files.h"
#include "pipeline/at_frame.h"
#include "pipeline/frame_record.h"
#include "pipeline/memory.h"
#include "pipeline/neighbours.h"
#include "pipeline/output_writer.h"
#include "pipeline/record.h"
#include "pipeline/stages.h"
#include "pipeline/worker_pool.h"

// The last stage: outputs and their records.

namespace wetgate::pipeline {

passes::PassReach ShotStages::apply_reach() const {
    const passes::PassReach passes = Chain::reach_of(chain_), moves = Neighbours::reach_of(moves_);
    return {passes.before + moves.before, passes.after + moves.after};
}

std::string ShotStages::key_of(int frame, const nlohmann::json& fingerprint) const {
    const std::string key = output_key(shot_, frame, apply_reach(), artefacts_, fingerprint);
    const nlohmann::json networks = enlarging_->identity(frame);
    return networks.empty() ? key : content_hash(key + networks.dump());
}

ShotStages::Outcome ShotStages::apply(const FrameSet& frames) {
    const c10::InferenceMode inference;
    const WorkFiles files(shot_);
    ShotContext::make_folder(files.record(0).parent_path());
    if (shot_.viewer() != nullptr) ShotContext::make_folder(files.thumbnail(0, "before").parent_path());
    for (const spec::OutputSpec& output : shot_.shot().outputs) {
        const auto folder = output.path.pattern.path(0).parent_path();
        ShotContext::make_folder(folder);
        remove_orphan_temps(folder);
    }

    Outcome outcome;
    FrameSet missing;
    std::map<int, std::string> keys;  // see Note [A plate may change while it is read]
    for (const int frame : frames) {
        check_stop();
        std::string key = key_of(frame);
        const auto record = options_.overwrite ? std::nullopt : valid_record(shot_, frame, key);
        if (!record) {
            missing.push_back(frame);
            keys[frame] = std::move(key);
            continue;
        }
        ++outcome.reused;
        if (record->contains("substitute")) outcome.substituted.push_back(frame);
    }
    const int total = static_cast<int>(frames.size());
    report("apply", outcome.reused, total, outcome.reused);
    if (missing.empty()) return outcome;

    std::mutex outcome_mutex;
    OutputWriter writer(shot_);
    const FrameMover mover(shot_, moves_, *enlarging_);
    // What is wrong with one frame; a full disk or memory, or a signal, ends the run whatever was asked for.
    const auto fail = [&](int frame, const Error& error) {
        const bool of_the_frame = error.kind() == ErrorKind::Input || error.kind() == ErrorKind::Internal ||
                                  error.kind() == ErrorKind::Usage;
        if (!options_.continue_on_error || !of_the_frame) throw error;
        shot_.log()(LogLevel::Error, error.what());
        check_unchanged(frame, keys.at(frame), key_of(frame));
        store_json(files.record(frame), make_failure_record(shot_, frame, keys.at(frame), error),
                   shot_.io_retries());
        const std::lock_guard lock(outcome_mutex);
        outcome.failed.push_back(frame);
    };

    const auto finish = [&](FinishedFrame& frame) {
        check_stop();
        const auto write = [&] {
            const std::string& key = keys.at(frame.number);
            HostFrame own;
            MovedFrames moved;
            std::vector<WrittenOutput> written;
            if (frame.source->host) {  // a skipped frame has none
                own = writer.conformed(frame);
                moved = mover.move(frame, own);
                written = writer.write(frame, own, moved);
            }
            const nlohmann::json record = make_frame_record(shot_, frame, own, moved, key, written);
            check_unchanged(frame.number, key, key_of(frame.number));
            store_json(files.record(frame.number), record, shot_.io_retries());
        };
        try {
            at_frame(shot_, frame.number, write);
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::Input) throw;  // an untouched packet or header is read again here
            fail(frame.number, error);
            return;
        }
        const std::lock_guard lock(outcome_mutex);
        ++outcome.made;
        if (frame.source->substitute) outcome.substituted.push_back(frame.number);
        report("apply", outcome.reused + outcome.made + static_cast<int>(outcome.failed.size()), total,
               outcome.reused);
    };

    const passes::PassReach reach = apply_reach(), moves_reach = Neighbours::reach_of(moves_);
    const bool fills = moves_reach != passes::PassReach{};
    const int at_once = frames_at_once(shot_, reach, chain_.size());
    const compute::StreamScope stream(shot_.runtime().device());
    FrameFeed feed(shot_, {Chain::frames_needed(missing, reach, shot_.source_range()),
                           Chain::frames_held(missing, reach, shot_.source_range(), at_once),
                           fills || enlarging_->is_needed() || !chain_.empty()});
    Chain chain(shot_, chain_, feed, {missing, at_once, &stream});
    Neighbours neighbours(shot_, moves_, chain, feed);
    WorkerPool<FinishedFrame> pool(shot_.io_threads(), 2, finish);
    for (const int frame : missing) {
        check_stop();
        chain.release_below(frame, moves_reach);
        neighbours.release_below(frame - moves_reach.before);
        FinishedFrame finished;
        finished.number = frame;
        finished.source = feed.get(frame);
        std::optional<compute::DeviceFrame> made;
        try {
            if (finished.source->error) std::rethrow_exception(finished.source->error);
            if (!chain_.empty() && finished.source->host) {
                at_frame(shot_, frame, [&] {
                    ChainResult result = chain.make(frame);
                    finished.passes = std::move(result.passes);
                    made = result.frame;
                    for (const auto& [pass, matte] : result.mattes)
                        finished.mattes[pass] = compute::download_mask(matte);
                    if (!result.frame.touch.any().item<bool>()) return;
                    finished.touch = compute::download_mask(result.frame.touch);
                    finished.working = compute::download(result.frame);
                });
                stream.synchronize();
            }
            if (fills && finished.source->host)
                at_frame(shot_, frame, [&] { finished.neighbours = neighbours.of(frame); });
            if (enlarging_->is_for(frame) && finished.source->host) {
                at_frame(shot_, frame, [&] {
                    if (!made)
                        made = compute::upload(finished.source->working, frame, shot_.runtime().device());
                    finished.enlarged = enlarging_->made(frame, *made);
                });
            }
        } catch (const Error& error) {
            fail(frame, error);
            continue;
        }
        pool.push(std::move(finished));
    }
    pool.finish();
    std::sort(outcome.substituted.begin(), outcome.substituted.end());
    std::sort(outcome.failed.begin(), outcome.failed.end());
    return outcome;
}

}  // namespace wetgate::pipeline

#include "pipeline/chain.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>

#include "compute/transfer.h"
#include "core/error.h"
#include "core/hash.h"

namespace wetgate::pipeline {
namespace {

// Note [Frames at once]
// What passes do is a pure function of a window, so frames are worked on in any order and at the same time
// without a change of bits. The thread that asks decides what is needed (which frames a window shows, which
// of them can be read) and hands it to workers in the order in which frames depend on each other: what a task
// waits for was handed out before it, so that however few the workers are one of them can always go on. A
// frame that fails keeps its error until it is asked for. On CUDA all threads queue their kernels on one
// stream: what one of them made is there for the next without waiting, and memory is used again in the order
// of the queue. The host's share of the work is what the threads are for; the device has one queue to do.

// Note [Windows at edges]
// A window past the edge of the shot repeats the edge frame; an unreadable or substituted neighbour is
// replaced by the nearest real frame towards the centre. Both depend on the shot alone, never on where a
// shard begins: a shard decodes the extra frames. All frames of a window are cut to the centre's data window,
// so that a pass sees one geometry even where the data windows of a sequence wander.
class OwnedWindow final : public passes::FrameWindow {
public:
    OwnedWindow(passes::PassReach reach, std::uint64_t seed) : reach_(reach), seed_(seed) {}

    void add(compute::DeviceFrame frame, bool real, std::optional<at::Tensor> matte) {
        frames_.push_back(std::move(frame));
        real_.push_back(real);
        mattes_.push_back(std::move(matte));
    }
    const compute::DeviceFrame& operator[](int k) const override { return frames_.at(index(k)); }
    bool is_real(int k) const override { return real_.at(index(k)); }
    at::Tensor matte(int k) const override {
        const auto& matte = mattes_.at(index(k));
        if (!matte) throw Error(ErrorKind::Internal, "a pass looked at a matte that it did not ask for");
        return *matte;
    }
    void add_called(const std::string& name, at::Tensor matte) { called_[name] = std::move(matte); }
    at::Tensor matte_called(const std::string& name) const override {
        if (name.empty()) return {};
        const auto found = called_.find(name);
        if (found == called_.end())
            throw Error(ErrorKind::Internal,
                        "a pass looked at the matte '" + name + "' that it does not name");
        return found->second;
    }
    std::uint64_t seed() const override { return seed_; }

private:
    std::size_t index(int k) const {
        if (k < -reach_.before || k > reach_.after) {
            throw Error(ErrorKind::Internal,
                        "a pass looked at frame " + std::to_string(k) + " beyond its declared reach");
        }
        return static_cast<std::size_t>(k + reach_.before);
    }
    passes::PassReach reach_;
    std::uint64_t seed_;
    std::vector<compute::DeviceFrame> frames_;
    std::vector<bool> real_;
    std::vector<std::optional<at::Tensor>> mattes_;  // nullopt: not asked for
    std::map<std::string, at::Tensor> called_;
};

std::uint64_t seed_of(const ShotContext& shot, int frame, std::size_t pass_index) {
    const std::string text = std::to_string(shot.job().compute.seed) + "/" + shot.shot().name + "/" +
                             std::to_string(frame) + "/" + std::to_string(pass_index);
    return std::stoull(content_hash(text).substr(0, 16), nullptr, 16);
}

double rounded(double value) {  // six digits: enough for a person, and stable as text
    if (!std::isfinite(value) || value == 0) return value == 0 ? 0 : value;
    const double scale = std::pow(10.0, 5 - std::floor(std::log10(std::abs(value))));
    return std::round(value * scale) / scale;
}

// At most `stops` away from `before`, sample by sample; a sample that was not finite may become anything.
at::Tensor limited(const at::Tensor& before, const at::Tensor& after, double stops) {
    const at::Tensor up = before * std::exp2(stops);
    const at::Tensor down = before * std::exp2(-stops);
    const at::Tensor bounded = at::minimum(at::maximum(after, at::minimum(up, down)), at::maximum(up, down));
    return at::where(at::isfinite(before), bounded, after);
}

std::vector<std::int64_t> scaled(const at::Tensor& planes, int scale) {  // [C,H,W]
    return {planes.size(0), planes.size(1) * scale, planes.size(2) * scale};
}

// What a pass may look at beside its own matte.
std::vector<std::string> mattes_beside(const spec::PassSpec& spec) {
    std::vector<std::string> names = spec.named_mattes;
    if (!spec.protect.empty()) names.push_back(spec.protect);
    return names;
}

PassFacts facts_of(const ChainPass& pass, const compute::DeviceFrame& before,
                   const compute::DeviceFrame& after, const at::Tensor& touched, nlohmann::json own) {
    PassFacts facts;
    facts.index = pass.index;
    facts.pass = pass.spec->name;
    facts.facts = std::move(own);
    const std::int64_t count = touched.count_nonzero().item<std::int64_t>();
    if (count == 0) return facts;
    facts.fraction = rounded(static_cast<double>(count) / static_cast<double>(touched.numel()));
    const at::Tensor mask = touched[0];
    const at::Tensor rows = mask.any(1).nonzero();
    const at::Tensor columns = mask.any(0).nonzero();
    facts.bounds = {after.window.x0 + columns[0].item<int>(), after.window.y0 + rows[0].item<int>(),
                    after.window.x0 + columns[-1].item<int>() + 1,
                    after.window.y0 + rows[-1].item<int>() + 1};
    constexpr double floor = 1.0 / 1024;
    const at::Tensor change = (((after.pixels.abs() + floor) / (before.pixels.abs() + floor)).log2()).abs();
    const at::Tensor valid = at::isfinite(change) & touched;
    const at::Tensor usable = at::where(valid, change, at::zeros({}, change.options()));
    const double samples = static_cast<double>(valid.count_nonzero().item<std::int64_t>());
    if (samples > 0) facts.mean_stops = rounded(usable.sum(at::kDouble).item<double>() / samples);
    facts.max_stops = rounded(static_cast<double>(usable.max().item<float>()));
    return facts;
}

}  // namespace

struct Chain::WindowPlan {
    struct Shown {
        int frame = 0;
        bool is_real = true;
        bool has_matte = false;
        Pending result;
    };
    int frame = 0;
    passes::PassReach reach;
    std::size_t pass_index = 0;
    const spec::PassSpec* spec = nullptr;
    Pending centre;
    std::vector<Shown> shown;  // -before..after
};

Chain::Chain(const ShotContext& shot, std::vector<ChainPass> passes, FrameFeed& feed, WorkAhead ahead)
    : shot_(shot),
      passes_(std::move(passes)),
      feed_(feed),
      ahead_(std::move(ahead)),
      mattes_(shot),
      stages_(passes_.size() + 1) {
    if (ahead_.at_once < 2 || passes_.empty()) return;
    const std::size_t waiting = 2 * static_cast<std::size_t>(ahead_.at_once) * passes_.size();
    workers_ = std::make_unique<WorkerPool<std::function<void()>>>(
        ahead_.at_once, waiting, [this](std::function<void()>& work) {
            at::init_num_threads();
            const c10::InferenceMode inference;
            std::optional<compute::StreamScope> stream;
            if (ahead_.stream != nullptr) stream.emplace(compute::StreamScope::Same{*ahead_.stream});
            work();
        });
}

Chain::~Chain() = default;

passes::PassReach Chain::reach_of(const std::vector<ChainPass>& passes) {
    passes::PassReach total;
    for (const ChainPass& pass : passes) {
        total.before += pass.pass->reach().before;
        total.after += pass.pass->reach().after;
    }
    return total;
}

std::vector<int> Chain::frames_needed(const FrameSet& frames, passes::PassReach reach, FrameRange range) {
    std::set<int> needed;
    for (const int frame : frames) {
        for (int n = frame - reach.before; n <= frame + reach.after; ++n) needed.insert(range.clamp(n));
    }
    return {needed.begin(), needed.end()};
}

int Chain::frames_held(const FrameSet& frames, passes::PassReach reach, FrameRange range, int at_once) {
    int most = reach.before + reach.after + 1;
    if (at_once < 2) return most;
    const std::vector<int> needed = frames_needed(frames, reach, range);
    for (std::size_t i = 0; i < frames.size(); ++i) {
        const std::size_t last = std::min(frames.size() - 1, i + static_cast<std::size_t>(at_once));
        const auto from =
            std::lower_bound(needed.begin(), needed.end(), range.clamp(frames[i] - reach.before));
        const auto to =
            std::upper_bound(needed.begin(), needed.end(), range.clamp(frames[last] + reach.after));
        most = std::max(most, static_cast<int>(to - from));
    }
    return most;
}

ChainResult Chain::make(int frame) {
    const Pending made = stage(passes_.size(), frame);
    begin_ahead([this](int next) { stage(passes_.size(), next); });
    return made.get();
}

std::unique_ptr<passes::FrameWindow> Chain::window(int frame, passes::PassReach reach,
                                                   std::size_t pass_index) {
    const spec::PassSpec& spec = shot_.shot().passes.at(pass_index);
    const bool reads_mattes = passes::find_pass(spec.name).neighbour_mattes;
    const auto plan = [&](int centre) {
        return plan_of(passes_.size(), centre, reach, pass_index, spec,
                       reads_mattes ? std::optional(reach) : std::nullopt);
    };
    const WindowPlan planned = plan(frame);
    begin_ahead(plan);
    return window_of(planned);
}

/// Begins the frames that are asked for next.
template <class Begin>
void Chain::begin_ahead(const Begin& begin) {
    if (!workers_) return;
    const auto next = std::lower_bound(ahead_.frames.begin(), ahead_.frames.end(), floor_);
    const std::ptrdiff_t left = ahead_.frames.end() - next;
    try {
        std::for_each(next, next + std::min<std::ptrdiff_t>(left, ahead_.at_once + 1), begin);
    } catch (const Error&) {  // what cannot be read says so when it is asked for
    }
}

void Chain::release_below(int frame, passes::PassReach extra) {
    floor_ = frame;
    int bound = frame - extra.before;
    for (std::size_t i = stages_.size(); i-- > 0;) {
        auto& cache = stages_[i];
        cache.erase(cache.begin(), cache.lower_bound(bound));
        if (i > 0) bound -= passes_[i - 1].pass->reach().before;
    }
    {
        const std::lock_guard lock(mattes_mutex_);
        kept_mattes_.erase(kept_mattes_.begin(), kept_mattes_.lower_bound(bound));
    }
    feed_.release_below(bound);
}

bool Chain::is_real(int frame) {
    return feed_.get(frame)->is_real();
}

Chain::Pending Chain::stage(std::size_t stage, int frame) {
    auto& cache = stages_[stage];
    if (const auto found = cache.find(frame); found != cache.end()) return found->second;
    const Pending made = stage > 0 ? apply(stage - 1, frame) : source(frame);
    cache.emplace(frame, made);
    return made;
}

Chain::Pending Chain::source(int frame) {
    std::promise<ChainResult> made;
    ChainResult result;
    result.source = feed_.get(frame);
    if (result.source->error) {
        made.set_exception(result.source->error);
        return made.get_future().share();
    }
    if (result.source->host)
        result.frame = compute::upload(result.source->working, frame, shot_.runtime().device());
    made.set_value(std::move(result));
    return made.get_future().share();
}

Chain::Pending Chain::begun(std::function<ChainResult()> work) {
    const auto made = std::make_shared<std::promise<ChainResult>>();
    Pending pending = made->get_future().share();
    const auto task = [made, work = std::move(work)] {
        try {
            made->set_value(work());
        } catch (...) {
            made->set_exception(std::current_exception());
        }
    };
    if (workers_) {
        workers_->push(task);
    } else {
        task();
    }
    return pending;
}

Chain::WindowPlan Chain::plan_of(std::size_t at_stage, int frame, passes::PassReach reach,
                                 std::size_t pass_index, const spec::PassSpec& spec,
                                 std::optional<passes::PassReach> matte_reach) {
    WindowPlan plan{frame, reach, pass_index, &spec, stage(at_stage, frame), {}};
    for (int k = -reach.before; k <= reach.after; ++k) {
        int shown = shot_.source_range().clamp(frame + k);
        while (shown != frame && !is_real(shown)) shown += shown < frame ? 1 : -1;
        plan.shown.push_back({shown, k == 0 || shown == frame + k,
                              matte_reach && k >= -matte_reach->before && k <= matte_reach->after,
                              stage(at_stage, shown)});
    }
    return plan;
}

std::unique_ptr<passes::FrameWindow> Chain::window_of(const WindowPlan& plan) {
    const spec::PassSpec& spec = *plan.spec;
    auto window = std::make_unique<OwnedWindow>(plan.reach, seed_of(shot_, plan.frame, plan.pass_index));
    const Box box = plan.centre.get().frame.window;
    for (const WindowPlan::Shown& shown : plan.shown) {
        std::optional<at::Tensor> matte;
        if (shown.has_matte) {
            matte = spec.matte.empty() ? at::Tensor()
                                       : matte_at(spec.matte, shown.frame, box, shown.frame != plan.frame);
        }
        window->add(compute::cut_to(shown.result.get().frame, box), shown.is_real, std::move(matte));
    }
    for (const std::string& name : mattes_beside(spec))
        window->add_called(name, matte_at(name, plan.frame, box, false));
    return window;
}

at::Tensor Chain::matte_at(const std::string& name, int frame, const Box& box, bool is_neighbour) {
    const std::lock_guard lock(mattes_mutex_);
    auto& kept = kept_mattes_[frame];
    if (const auto found = kept.find(name); found != kept.end() && found->second.box == box)
        return found->second.plane;
    std::error_code ignored;
    // Handles may come without mattes: where nothing says what is covered there, all of it is.
    const bool is_missing =
        is_neighbour && !std::filesystem::exists(MatteStore::file_of(shot_, name, frame), ignored);
    const at::Tensor plane = is_missing
                                 ? at::ones({1, box.height(), box.width()},
                                            at::TensorOptions(at::kFloat).device(shot_.runtime().device()))
                                 : mattes_.matte(name, frame, box);
    kept[name] = {box, plane};
    return plane;
}

Chain::Pending Chain::apply(std::size_t index, int frame) {
    const ChainPass& pass = passes_[index];
    const spec::PassSpec& spec = *pass.spec;
    Pending input = stage(index, frame);
    if (!feed_.get(frame)->host) return input;  // a skipped frame has no picture, one in error its error
    if (spec.frames && !std::binary_search(spec.frames->begin(), spec.frames->end(), frame)) return input;
    const passes::PassReach reach = pass.pass->reach();
    const bool all_mattes = pass.entry && pass.entry->neighbour_mattes;
    return begun(
        [this, &pass, input,
         plan = plan_of(index, frame, reach, pass.index, spec, all_mattes ? reach : passes::PassReach{})] {
            return applied(pass, plan, input.get());
        });
}

ChainResult Chain::applied(const ChainPass& pass, const WindowPlan& plan, ChainResult result) {
    const spec::PassSpec& spec = *pass.spec;
    const compute::DeviceFrame& before = result.frame;
    const auto window = window_of(plan);
    const at::Tensor matte = window->matte(0);
    passes::PassResult made = pass.pass->run(*window);
    const int scale = pass.scale;
    if (made.pixels.sizes() != scaled(before.pixels, scale) ||
        made.touch.sizes() != scaled(before.touch, scale)) {
        throw Error(ErrorKind::Internal, "the pass '" + spec.name + "' returned a picture of another size");
    }
    if (scale != 1) {
        for (auto& [name, kept] : result.mattes)
            kept = at::upsample_nearest2d(kept.unsqueeze(0), scaled(kept, scale)).squeeze(0);
        const Box larger = times(before.window, scale);
        result.frame = {before.number, larger, made.pixels, made.touch};
        result.passes.push_back({.index = pass.index,
                                 .pass = spec.name,
                                 .fraction = 1,
                                 .bounds = larger,
                                 .mean_stops = 0,
                                 .max_stops = 0,
                                 .facts = std::move(made.facts)});
        return result;
    }

    at::Tensor amount = made.touch;
    if (matte.defined()) amount = amount * matte;
    if (!spec.protect.empty()) amount = amount * (1 - window->matte_called(spec.protect));
    if (pass.keeps_matte) {
        const at::Tensor found = made.matte.defined() ? made.matte : amount * spec.strength;
        at::Tensor& kept = result.mattes[spec.name];
        kept = kept.defined() ? at::maximum(kept, found) : found;
    }
    const at::Tensor touched = amount > 0;
    if (!touched.any().item<bool>()) {
        result.passes.push_back(facts_of(pass, before, before, touched, std::move(made.facts)));
        return result;
    }
    at::Tensor pixels = made.pixels;
    // A pass says by touch = 1 that its pixel is final; between 0 and 1 (mattes, strength) the change is
    // mixed in.
    const at::Tensor weight = amount * spec.strength;
    if (!(weight == 1).logical_or(touched.logical_not()).all().item<bool>()) {
        const at::Tensor mixed = before.pixels + weight * (pixels - before.pixels);
        pixels = at::where((weight == 1) | at::isfinite(before.pixels).logical_not(), pixels, mixed);
    }
    if (spec.limit_stops) pixels = limited(before.pixels, pixels, *spec.limit_stops);

    compute::DeviceFrame after = before;
    after.pixels = at::where(touched, pixels, before.pixels);
    after.touch = at::maximum(before.touch, touched.to(at::kFloat));
    result.passes.push_back(facts_of(pass, before, after, touched, std::move(made.facts)));
    result.frame = std::move(after);
    return result;
}

}  // namespace wetgate::pipeline

#pragma once
#include <functional>
#include <future>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "compute/cuda.h"
#include "compute/device_frame.h"
#include "passes/pass.h"
#include "pipeline/frame_feed.h"
#include "pipeline/mattes.h"
#include "pipeline/shot_context.h"
#include "pipeline/worker_pool.h"

namespace wetgate::pipeline {

/// A pass ready to run, with what the job says about where and how much.
struct ChainPass {
    std::size_t index = 0;  ///< in the shot's list
    const spec::PassSpec* spec = nullptr;
    std::shared_ptr<const passes::FramePass> pass;
    std::shared_ptr<const passes::PassEntry> entry;
    int scale = 1;             ///< how many times larger it makes the picture
    bool keeps_matte = false;  ///< an output wants it
};

/// What one pass did to one frame.
struct PassFacts {
    std::size_t index = 0;
    std::string pass;
    double fraction = 0;  ///< share of the picture touched, 0..1
    Box bounds;           ///< of the touched pixels, picture coordinates
    double mean_stops =
        0;  ///< mean |log2(out / in)| over touched pixels and channels, above a floor of 2^-10
    double max_stops = 0;
    nlohmann::json facts;  ///< the pass's own
};

/// A frame that has been through all passes of a chain.
struct ChainResult {
    std::shared_ptr<const FeedFrame> source;
    compute::DeviceFrame frame;
    std::vector<PassFacts> passes;
    std::map<std::string, at::Tensor> mattes;  ///< [1,H,W] by pass, of those that keep it and have one
};

/// Work on frames before they are asked for, on threads of the chain's own; by default there is none.
struct WorkAhead {
    FrameSet frames;  ///< that will be asked for, ascending
    int at_once = 1;  ///< frames in work; 1: each in the thread that asks, when it asks
    const compute::StreamScope* stream =
        nullptr;  ///< that all of them queue their kernels on; null: the device's own
};

/// The window stage. Frame n of stage i is a pure function of frames n-before..n+after of stage i-1, made
/// once and kept until release_below(). See Note [Windows at edges] and Note [Frames at once]. To be asked
/// by one thread.
class Chain {
public:
    Chain(const ShotContext& shot, std::vector<ChainPass> passes, FrameFeed& feed, WorkAhead ahead = {});
    ~Chain();

    /// Frames around a result that are read from the source.
    static passes::PassReach reach_of(const std::vector<ChainPass>& passes);
    /// The source frames needed to make `frames` with `reach`, ascending, inside `range`.
    static std::vector<int> frames_needed(const FrameSet& frames, passes::PassReach reach, FrameRange range);
    /// The most source frames that a chain holds that works ahead on `frames`: the window of its feed.
    static int frames_held(const FrameSet& frames, passes::PassReach reach, FrameRange range, int at_once);

    /// Error of the frame itself (kind Input, with context) when it cannot be read.
    ChainResult make(int frame);
    /// The frames around `frame` as the whole chain leaves them, for a measurement. Owns what it shows.
    std::unique_ptr<passes::FrameWindow> window(int frame, passes::PassReach reach, std::size_t pass_index);
    /// Says that no frame below `frame` will be asked for again.
    void release_below(int frame, passes::PassReach extra = {});

private:
    using Pending = std::shared_future<ChainResult>;
    /// What a window will show, before it is there.
    struct WindowPlan;
    Pending stage(std::size_t stage, int frame);
    Pending source(int frame);
    Pending apply(std::size_t index, int frame);
    Pending begun(std::function<ChainResult()> work);
    template <class Begin>
    void begin_ahead(const Begin& begin);
    ChainResult applied(const ChainPass& pass, const WindowPlan& plan, ChainResult result);
    WindowPlan plan_of(std::size_t stage, int frame, passes::PassReach reach, std::size_t pass_index,
                       const spec::PassSpec& spec, std::optional<passes::PassReach> matte_reach);
    std::unique_ptr<passes::FrameWindow> window_of(const WindowPlan& plan);
    at::Tensor matte_at(const std::string& name, int frame, const Box& box, bool is_neighbour);
    bool is_real(int frame);

    const ShotContext& shot_;
    const std::vector<ChainPass> passes_;
    FrameFeed& feed_;
    const WorkAhead ahead_;
    int floor_ = std::numeric_limits<int>::min();  // of what may still be asked for
    struct KeptMatte {
        Box box;
        at::Tensor plane;  // [1,H,W] float32
    };
    std::mutex mattes_mutex_;
    MatteStore mattes_;
    std::map<int, std::map<std::string, KeptMatte>> kept_mattes_;  // by frame
    std::vector<std::map<int, Pending>> stages_;                   // [0]: the source; [i]: after passes_[i-1]
    std::unique_ptr<WorkerPool<std::function<void()>>> workers_;   // last: joined before the rest goes
};

}  // namespace wetgate::pipeline

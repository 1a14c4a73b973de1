#pragma once
#include <condition_variable>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/host_frame.h"
#include "pipeline/shot_context.h"

namespace wetgate::pipeline {

/// What stands in for a frame that cannot be decoded.
struct Substitute {
    std::string policy;       ///< hold, black, skip
    std::optional<int> from;  ///< the frame whose picture was held, or whose layout the black has
    std::string why;          ///< the decoder's message
};

/// A source frame as the stages get it.
struct FeedFrame {
    int number = 0;
    std::shared_ptr<const HostFrame> host;  ///< null when `error` is set or the frame is skipped
    FloatImage working;  ///< its picture in the working space; empty unless pictures were asked for
    std::optional<Substitute> substitute;
    std::exception_ptr error;  ///< why it could not be read (on_bad_frame: fail)

    /// A neighbour that temporal passes may use.
    bool is_real() const { return host != nullptr && !substitute; }
};

/// Decodes a list of frames ahead of a reader, in worker threads, with bounded memory. Frames come out by
/// number; they are kept until release_below() lets go of them, so the list must be asked for in ascending
/// order.
class FrameFeed {
public:
    struct Options {
        std::vector<int> frames;  ///< ascending
        int window = 1;           ///< frames that the reader holds at once
        bool pictures = true;     ///< convert to working-space floats
    };
    FrameFeed(const ShotContext& shot, Options options);
    ~FrameFeed();
    FrameFeed(const FrameFeed&) = delete;
    FrameFeed& operator=(const FrameFeed&) = delete;

    /// Waits for the frame. Frames that failed to decode are returned with their error; other faults are
    /// thrown.
    std::shared_ptr<const FeedFrame> get(int frame);
    void release_below(int frame);
    /// Ends the workers and every waiting get() (which then throws Error{Cancelled}).
    void cancel();

    /// How many frames are decoded at once and how many may wait.
    static int workers(const ShotContext& shot);
    static int capacity(const ShotContext& shot, int window) { return window + workers(shot) + 1; }

private:
    void work();
    std::shared_ptr<FeedFrame> decode(media::FrameSource& source, int frame) const;
    void substitute(media::FrameSource& source, FeedFrame& frame, const Error& why) const;

    const ShotContext& shot_;
    const Options options_;
    const std::size_t capacity_;

    std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t next_ = 0;  // index of the next frame to decode
    std::size_t in_flight_ = 0;
    std::map<int, std::shared_ptr<const FeedFrame>> ready_;
    std::exception_ptr failure_;
    bool cancelled_ = false;
    std::vector<std::jthread> threads_;  // last: joined before the rest goes
};

}  // namespace wetgate::pipeline

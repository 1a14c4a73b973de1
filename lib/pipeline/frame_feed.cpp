#include "pipeline/frame_feed.h"

#include <algorithm>
#include <cstring>

#include "core/error.h"
#include "media/worked.h"

namespace wetgate::pipeline {
namespace {

// The layout of `like` with every sample zero.
HostFrame black_frame(const HostFrame& like) {
    HostFrame black = like;
    for (ImagePart& part : black.parts) {
        for (Plane& plane : part.planes) {
            plane = make_plane(plane.name, plane.type, plane.width, plane.height, plane.x_sampling,
                               plane.y_sampling);
            std::memset(plane.data->data(), 0, plane.data->size());
        }
    }
    if (black.worked.model == PixelModel::YCbCr) {  // code 0 is not black in video
        FloatImage zero = make_float_image(black.window());
        std::memset(zero.data->data(), 0, zero.data->size());
        media::ChromaFormat chroma;  // of a grey movie: none
        if (const int cb = black.worked.plane[1]; cb >= 0) {
            const Plane& plane = black.worked_part().planes.at(static_cast<std::size_t>(cb));
            chroma = {plane.x_sampling, plane.y_sampling};
        }
        black = media::make_video_frame(black, zero, black.color, chroma, std::nullopt);
    }
    return black;
}

}  // namespace

int FrameFeed::workers(const ShotContext& shot) {
    if (shot.info().kind == media::MediaKind::Movie)
        return 1;  // one decoder walks the file; it threads by itself
    return std::clamp(shot.io_threads() / 2, 1, 8);
}

FrameFeed::FrameFeed(const ShotContext& shot, Options options)
    : shot_(shot),
      options_(std::move(options)),
      capacity_(static_cast<std::size_t>(capacity(shot, options_.window))) {
    const int count = std::min(workers(shot), static_cast<int>(options_.frames.size()));
    try {
        for (int i = 0; i < count; ++i) threads_.emplace_back([this] { work(); });
    } catch (...) {  // no more threads: those that run must not be waited for as they are
        cancel();
        throw;
    }
}

FrameFeed::~FrameFeed() {
    cancel();
}

void FrameFeed::cancel() {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
    changed_.notify_all();
}

void FrameFeed::work() {
    try {
        const std::unique_ptr<media::FrameSource> source = shot_.open();
        while (true) {
            int frame = 0;
            {
                std::unique_lock lock(mutex_);
                changed_.wait(lock, [&] {
                    return cancelled_ || next_ >= options_.frames.size() ||
                           ready_.size() + in_flight_ < capacity_;
                });
                if (cancelled_ || next_ >= options_.frames.size()) return;
                frame = options_.frames[next_++];
                ++in_flight_;
            }
            std::shared_ptr<const FeedFrame> decoded = decode(*source, frame);
            const std::lock_guard lock(mutex_);
            --in_flight_;
            ready_[frame] = std::move(decoded);
            changed_.notify_all();
        }
    } catch (...) {
        const std::lock_guard lock(mutex_);
        if (!failure_) failure_ = std::current_exception();
        changed_.notify_all();
    }
}

std::shared_ptr<FeedFrame> FrameFeed::decode(media::FrameSource& source, int frame) const {
    auto result = std::make_shared<FeedFrame>();
    result->number = frame;
    try {
        result->host = std::make_shared<const HostFrame>(
            with_retries(shot_.io_retries(), [&] { return source.read(frame); }));
    } catch (const Error& error) {
        // Only what is wrong with this one frame has a policy; a full memory or a sick network has not.
        if (error.kind() != ErrorKind::Input)
            throw error.within({.file = {}, .shot = shot_.shot().name, .frame = frame});
        substitute(source, *result,
                   error.within(
                       {.file = source.file_of(frame).string(), .shot = shot_.shot().name, .frame = frame}));
    }
    if (options_.pictures && result->host) {
        result->working = media::read_worked(*result->host);
        shot_.to_working().apply(result->working);
    }
    return result;
}

void FrameFeed::substitute(media::FrameSource& source, FeedFrame& frame, const Error& why) const {
    const spec::BadFrame policy = shot_.shot().on_bad_frame;
    if (policy == spec::BadFrame::Fail) {
        frame.error = std::make_exception_ptr(why);
        return;
    }
    frame.substitute =
        Substitute{.policy = std::string(spec::to_text(policy)), .from = {}, .why = why.message()};
    if (policy == spec::BadFrame::Skip) return;

    // The nearest readable frame before, else after: looked for in the source, so that no shard's edge can
    // matter.
    const FrameRange range = shot_.source_range();
    std::vector<int> candidates;
    for (int n = frame.number - 1; n >= range.first; --n) candidates.push_back(n);
    for (int n = frame.number + 1; n < range.end; ++n) candidates.push_back(n);
    for (const int candidate : candidates) {
        try {
            HostFrame held = with_retries(shot_.io_retries(), [&] { return source.read(candidate); });
            if (policy == spec::BadFrame::Black) held = black_frame(held);
            held.number = frame.number;
            held.timecode = shot_.timecode_of(frame.number);
            frame.host = std::make_shared<const HostFrame>(std::move(held));
            frame.substitute->from = candidate;
            return;
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::Input) throw;
        }
    }
    frame.substitute.reset();
    frame.error = std::make_exception_ptr(why);
}

std::shared_ptr<const FeedFrame> FrameFeed::get(int frame) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return cancelled_ || failure_ || ready_.contains(frame); });
    if (const auto found = ready_.find(frame); found != ready_.end()) return found->second;
    if (failure_) std::rethrow_exception(failure_);
    throw Error(ErrorKind::Cancelled, "stopped");
}

void FrameFeed::release_below(int frame) {
    const std::lock_guard lock(mutex_);
    ready_.erase(ready_.begin(), ready_.lower_bound(frame));
    changed_.notify_all();
}

}  // namespace wetgate::pipeline

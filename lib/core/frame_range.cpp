#include "core/frame_range.h"

#include <algorithm>

namespace wetgate {

FrameSet frames_of(const FrameRange& range) {
    FrameSet frames;
    frames.reserve(static_cast<std::size_t>(range.size()));
    for (int frame = range.first; frame < range.end; ++frame) frames.push_back(frame);
    return frames;
}

FrameRange hull(const FrameSet& frames) {
    if (frames.empty()) return {};
    const auto [low, high] = std::minmax_element(frames.begin(), frames.end());
    return {*low, *high + 1};
}

FrameSet normalized(FrameSet frames) {
    std::sort(frames.begin(), frames.end());
    frames.erase(std::unique(frames.begin(), frames.end()), frames.end());
    return frames;
}

FrameSet chunk(const FrameSet& frames, int index, int size) {
    if (index < 0 || size <= 0) return {};
    const std::size_t first = static_cast<std::size_t>(index) * static_cast<std::size_t>(size);
    if (first >= frames.size()) return {};
    const std::size_t end = std::min(frames.size(), first + static_cast<std::size_t>(size));
    return {frames.begin() + static_cast<std::ptrdiff_t>(first),
            frames.begin() + static_cast<std::ptrdiff_t>(end)};
}

}  // namespace wetgate

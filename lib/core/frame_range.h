#pragma once
#include <vector>

namespace wetgate {

/// Frames [first, end). Half-open everywhere; only spec/frame_text speaks of inclusive text.
struct FrameRange {
    int first = 0;
    int end = 0;

    int size() const { return end > first ? end - first : 0; }
    bool empty() const { return end <= first; }
    bool contains(int frame) const { return frame >= first && frame < end; }
    bool contains(const FrameRange& other) const { return other.first >= first && other.end <= end; }
    int clamp(int frame) const { return frame < first ? first : (frame >= end ? end - 1 : frame); }
    bool operator==(const FrameRange&) const = default;
};

/// A sorted set of frames without repeats: what a command was asked to make.
using FrameSet = std::vector<int>;

/// Every frame of `range`, ascending.
FrameSet frames_of(const FrameRange& range);
/// The smallest range that holds `frames`; empty for an empty set.
FrameRange hull(const FrameSet& frames);
/// Sorts and removes repeats.
FrameSet normalized(FrameSet frames);
/// The `index`-th run of `size` frames of `frames` (the last may be shorter, past the end: empty).
FrameSet chunk(const FrameSet& frames, int index, int size);

}  // namespace wetgate

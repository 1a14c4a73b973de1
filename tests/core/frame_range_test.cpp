#include "core/frame_range.h"

#include <doctest/doctest.h>

namespace wetgate {

TEST_CASE("a range is half-open") {
    const FrameRange range{1001, 1004};
    CHECK(range.size() == 3);
    CHECK(range.contains(1003));
    CHECK(!range.contains(1004));
    CHECK(frames_of(range) == FrameSet{1001, 1002, 1003});
    CHECK(frames_of({5, 5}).empty());
    CHECK(frames_of({5, 2}).empty());
}

TEST_CASE("clamping keeps a frame inside the range") {
    const FrameRange range{-2, 3};
    CHECK(range.clamp(-9) == -2);
    CHECK(range.clamp(0) == 0);
    CHECK(range.clamp(3) == 2);
}

TEST_CASE("a set loses order and repeats, and its hull holds it") {
    CHECK(normalized({5, 1, 5, -3}) == FrameSet{-3, 1, 5});
    CHECK(hull({7, -3, 1}) == FrameRange{-3, 8});
    CHECK(hull({}).empty());
}

TEST_CASE("chunks cover a set once, the last may be short, and past the end there is nothing") {
    const FrameSet frames{1, 2, 3, 10, 11};
    CHECK(chunk(frames, 0, 2) == FrameSet{1, 2});
    CHECK(chunk(frames, 1, 2) == FrameSet{3, 10});
    CHECK(chunk(frames, 2, 2) == FrameSet{11});
    CHECK(chunk(frames, 3, 2).empty());
    CHECK(chunk(frames, -1, 2).empty());
    CHECK(chunk(frames, 0, 0).empty());
}

}  // namespace wetgate

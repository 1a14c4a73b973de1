#pragma once
#include <functional>
#include <vector>

#include "core/host_frame.h"
#include "qc/facts.h"

namespace wetgate::qc {

/// A picture to look at.
struct Picture {
    const HostFrame& frame;   ///< as it is stored
    const FloatImage& coded;  ///< its worked picture, in its own coding
    bool is_light = true;     ///< that coding is linear in light (else: as a display or a camera codes it)
    /// A picture in that coding to linear Rec.709 light, in place; 1.0 = white of the display.
    const std::function<void(FloatImage&)>& to_light;
    /// [H*W] over coded.window, > 0 where a pass was at work; nullptr: no pass was.
    const std::vector<float>* touch = nullptr;
};

/// Frames whose banding is measured: it takes as long as all the rest.
constexpr int banding_every = 24;

struct Measured {
    PictureFacts facts;
    FloatImage
        light;  ///< the picture at 480 pixels across or less, linear Rec.709; empty where there is none
};

/// Looks at one picture: the same facts whatever else runs, on any number of threads.
Measured measure(const Picture& picture);

}  // namespace wetgate::qc

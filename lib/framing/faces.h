#pragma once
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "framing/evidence.h"
#include "framing/mouth.h"
#include "framing/picture.h"

namespace wetgate::framing {

struct FoundFace {
    Subject subject;
    FaceMarks marks;
};

/// Finds faces by YuNet (Wu, Peng, Yu, "YuNet: A Tiny Millisecond-level Face Detector", 2023), run by
/// OpenCV's dnn module on one thread. Faces of 8 px and more; a turned or covered face may be missed, a dog's
/// found.
class FaceFinder {
public:
    /// `network`: the bytes of yunet_n_320_320.onnx (it runs at any size). Error{Model} where OpenCV cannot
    /// read them or they are another network.
    explicit FaceFinder(std::span<const std::byte> network);
    ~FaceFinder();
    FaceFinder(FaceFinder&&) noexcept;
    FaceFinder& operator=(FaceFinder&&) noexcept;

    /// Best first, none over another by 0.3 of both. Not from two threads at once.
    std::vector<FoundFace> find(const ColorPicture& picture) const;

private:
    struct Network;
    std::unique_ptr<Network> network_;
};

}  // namespace wetgate::framing

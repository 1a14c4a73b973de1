#pragma once
#include <cstddef>
#include <vector>

namespace wetgate::qc {

/// One channel of floats, rows top first.
struct FloatPlane {
    int width = 0, height = 0;
    std::vector<float> samples;

    FloatPlane() = default;
    FloatPlane(int w, int h)
        : width(w), height(h), samples(static_cast<std::size_t>(w) * static_cast<std::size_t>(h)) {}
    float* row(int y) {
        return samples.data() + static_cast<std::size_t>(y) * static_cast<std::size_t>(width);
    }
    const float* row(int y) const {
        return samples.data() + static_cast<std::size_t>(y) * static_cast<std::size_t>(width);
    }
};

}  // namespace wetgate::qc

#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace wetgate {

/// Pixels [x0,x1) x [y0,y1) in picture coordinates (y down). EXR windows are inclusive; media converts.
struct Box {
    int x0 = 0, y0 = 0, x1 = 0, y1 = 0;

    int width() const { return x1 > x0 ? x1 - x0 : 0; }
    int height() const { return y1 > y0 ? y1 - y0 : 0; }
    bool empty() const { return x1 <= x0 || y1 <= y0; }
    std::size_t area() const {
        return static_cast<std::size_t>(width()) * static_cast<std::size_t>(height());
    }
    bool operator==(const Box&) const = default;
};

inline Box intersection(const Box& a, const Box& b) {
    return {std::max(a.x0, b.x0), std::max(a.y0, b.y0), std::min(a.x1, b.x1), std::min(a.y1, b.y1)};
}

/// The box in a picture `scale` times as large.
inline Box times(const Box& box, int scale) {
    return {box.x0 * scale, box.y0 * scale, box.x1 * scale, box.y1 * scale};
}

}  // namespace wetgate

#pragma once
#include <cstdint>
#include <vector>

namespace wetgate::framing {

/// A picture as a display shows it, blue, green, red of each pixel, rows packed from the top.
struct ColorPicture {
    int width = 0;
    int height = 0;
    std::vector<std::uint8_t> pixels;
};

}  // namespace wetgate::framing

#include "framing/fill_smooth.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "color/acescct.h"

namespace wetgate::framing {
namespace {

/// A plane and which of its pixels are known.
struct Level {
    int width = 0, height = 0;
    std::vector<float> values;
    std::vector<std::uint8_t> known;

    Level(int level_width, int level_height)
        : width(level_width),
          height(level_height),
          values(static_cast<std::size_t>(width) * static_cast<std::size_t>(height)),
          known(values.size()) {}
    std::size_t index(int x, int y) const {
        return static_cast<std::size_t>(std::clamp(y, 0, height - 1)) * static_cast<std::size_t>(width) +
               static_cast<std::size_t>(std::clamp(x, 0, width - 1));
    }
};

/// Half as large: means of what is known.
Level coarser(const Level& fine) {
    Level coarse((fine.width + 1) / 2, (fine.height + 1) / 2);
    for (int y = 0; y < coarse.height; ++y) {
        for (int x = 0; x < coarse.width; ++x) {
            float sum = 0;
            int count = 0;
            for (int j = 2 * y; j < std::min(2 * y + 2, fine.height); ++j) {
                for (int i = 2 * x; i < std::min(2 * x + 2, fine.width); ++i) {
                    const std::size_t at = fine.index(i, j);
                    if (fine.known[at] == 0) continue;
                    sum += fine.values[at];
                    ++count;
                }
            }
            const std::size_t at = coarse.index(x, y);
            if (count == 0) continue;
            coarse.values[at] = sum / static_cast<float>(count);
            coarse.known[at] = 1;
        }
    }
    return coarse;
}

/// What is not known of `fine`, from `coarse`, of which all is.
void continue_from(const Level& coarse, Level& fine) {
    for (int y = 0; y < fine.height; ++y) {
        for (int x = 0; x < fine.width; ++x) {
            const std::size_t at = fine.index(x, y);
            if (fine.known[at] != 0) continue;
            // The four of them whose centres are nearest: three quarters and one quarter of the way.
            const int i = x / 2, j = y / 2, beside = x % 2 == 0 ? i - 1 : i + 1,
                      below = y % 2 == 0 ? j - 1 : j + 1;
            const auto value = [&](int column, int row) { return coarse.values[coarse.index(column, row)]; };
            fine.values[at] = 0.5625F * value(i, j) + 0.1875F * (value(beside, j) + value(i, below)) +
                              0.0625F * value(beside, below);
        }
    }
}

}  // namespace

void continue_smoothly(MovablePicture& picture, std::span<const std::uint8_t> unseen) {
    const Box& window = picture.rgb.window;
    for (int c = 0; c < 4; ++c) {
        if (c == 3 && !picture.alpha) continue;
        float* plane = c < 3 ? picture.rgb.channel(c) : picture.alpha->data();
        std::vector<Level> levels;
        levels.emplace_back(window.width(), window.height());
        bool any = false;
        for (std::size_t i = 0; i < unseen.size(); ++i) {
            if (unseen[i] != 0 || !std::isfinite(plane[i])) continue;
            levels[0].values[i] = c < 3 ? color::acescct_from_linear(plane[i]) : plane[i];
            levels[0].known[i] = 1;
            any = true;
        }
        if (!any) continue;
        while (levels.back().width > 1 || levels.back().height > 1) levels.push_back(coarser(levels.back()));
        for (std::size_t k = levels.size() - 1; k-- > 0;) continue_from(levels[k + 1], levels[k]);
        for (std::size_t i = 0; i < unseen.size(); ++i) {
            if (unseen[i] == 0) continue;
            const float value = levels[0].values[i];
            plane[i] = c < 3 ? color::linear_from_acescct(value) : value;
        }
    }
}

}  // namespace wetgate::framing

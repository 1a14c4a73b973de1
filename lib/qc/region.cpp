#include "qc/region.h"

#include <algorithm>
#include <cstddef>

namespace wetgate::qc {
namespace {

/// Not 0 where a pixel within `reach` to either side along rows (or columns) is not 0.
std::vector<std::uint8_t> spread(const std::vector<std::uint8_t>& from, int width, int height, int reach,
                                 bool along_rows) {
    std::vector<std::uint8_t> to(from.size(), 0);
    const int lines = along_rows ? height : width;
    const int length = along_rows ? width : height;
    const auto at = [&](int line, int i) {
        const int x = along_rows ? i : line, y = along_rows ? line : i;
        return static_cast<std::size_t>(y) * static_cast<std::size_t>(width) + static_cast<std::size_t>(x);
    };
    for (int line = 0; line < lines; ++line) {
        int last = -reach - 1;  // of the pixels that are set, up to i + reach
        for (int i = -reach; i < length; ++i) {
            if (i + reach < length && from[at(line, i + reach)] != 0) last = i + reach;
            if (i >= 0 && last >= i - reach) to[at(line, i)] = 1;
        }
    }
    return to;
}

}  // namespace

std::vector<Region> matte_regions(const std::vector<float>& matte, const Box& window, int ring) {
    std::vector<std::uint8_t> inside(matte.size()), outside(matte.size()), edge(matte.size());
    for (std::size_t i = 0; i < matte.size(); ++i) {
        inside[i] = matte[i] > 0 ? 1 : 0;
        outside[i] = matte[i] > 0 ? 0 : 1;
    }
    const auto grown = [&](const std::vector<std::uint8_t>& set) {
        return spread(spread(set, window.width(), window.height(), ring, true), window.width(),
                      window.height(), ring, false);
    };
    const std::vector<std::uint8_t> near_inside = grown(inside), near_outside = grown(outside);
    for (std::size_t i = 0; i < matte.size(); ++i)
        edge[i] = near_inside[i] != 0 && near_outside[i] != 0 ? 1 : 0;
    std::vector<Region> regions;
    regions.emplace_back("inside", window, std::move(inside));
    regions.emplace_back("outside", window, std::move(outside));
    regions.emplace_back("edge", window, std::move(edge));
    return regions;
}

}  // namespace wetgate::qc

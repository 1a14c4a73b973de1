#include "qc/series.h"

#include <algorithm>

namespace wetgate::qc {

std::optional<double> grid_difference(const Grid& a, const Grid& b) {
    if (a.size() != b.size() || a.size() == 0) return std::nullopt;
    double sum = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        sum += std::abs(std::pow(static_cast<double>(a.luminance[i]), 1 / 2.4) -
                        std::pow(static_cast<double>(b.luminance[i]), 1 / 2.4));
    }
    return sum / static_cast<double>(a.size());
}

Series motion(const ShotFacts& shot, Side side) {
    Series series(shot.frames.size());
    for (std::size_t i = 1; i < series.size(); ++i) {
        const PictureFacts *before = shot.picture(side, i - 1), *here = shot.picture(side, i);
        // A file without a picture (a depth map alone) stands for nothing.
        if (before == nullptr || here == nullptr || before->hash.empty() || here->hash.empty()) continue;
        series[i] = before->hash == here->hash ? 0.0 : grid_difference(before->light.grid, here->light.grid);
    }
    return series;
}

Series unsteadiness(const ShotFacts& shot, Side side) {
    Series series(shot.frames.size());
    for (std::size_t i = 1; i + 1 < series.size(); ++i) {
        const PictureFacts* picture[3] = {shot.picture(side, i - 1), shot.picture(side, i),
                                          shot.picture(side, i + 1)};
        if (picture[0] == nullptr || picture[1] == nullptr || picture[2] == nullptr) continue;
        const Grid &before = picture[0]->light.grid, &here = picture[1]->light.grid,
                   &after = picture[2]->light.grid;
        if (before.size() != here.size() || after.size() != here.size()) continue;
        std::vector<double> cells;
        for (std::size_t c = 0; c < here.size(); ++c) {
            if (cell_stops(here.luminance[c]) <= darkest_stops) continue;
            cells.push_back(cell_stops(here.luminance[c]) -
                            (cell_stops(before.luminance[c]) + cell_stops(after.luminance[c])) / 2);
        }
        if (cells.size() * 20 >= here.size()) series[i] = median_of(std::move(cells));
    }
    return series;
}

std::optional<double> median_of(std::vector<double> values) {
    if (values.empty()) return std::nullopt;
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

}  // namespace wetgate::qc

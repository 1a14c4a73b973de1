#include "framing/lens_warp.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <mutex>
#include <vector>

#include "framing/cubic.h"

namespace wetgate::framing {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr int nodes_across = 320;  // of a picture's width
constexpr int margin = 40;         // nodes around it: an overscan

// Places of a way on a grid.
class Grid {
public:
    template <class At>
    Grid(const Box& picture, const At& at)
        : spacing_(std::max(1.0, static_cast<double>(picture.width()) / nodes_across)),
          left_(picture.x0 - margin * spacing_),
          top_(picture.y0 - margin * spacing_),
          columns_(static_cast<int>(picture.width() / spacing_) + 2 * margin + 2),
          rows_(static_cast<int>(picture.height() / spacing_) + 2 * margin + 2) {
        for (int row = 0; row < rows_; ++row)
            for (int column = 0; column < columns_; ++column)
                nodes_.push_back(at({left_ + column * spacing_, top_ + row * spacing_}));
    }

    /// NaN outside of the grid and beside nodes that are nowhere.
    Point at(Point place) const {
        const double x = (place.x - left_) / spacing_;
        const double y = (place.y - top_) / spacing_;
        if (!(x >= 1 && y >= 1 && x < columns_ - 2 && y < rows_ - 2)) return {nan, nan};
        const int column = static_cast<int>(x);
        const int row = static_cast<int>(y);
        const std::array<double, 4> across = cubic_weights(x - column);
        const std::array<double, 4> down = cubic_weights(y - row);
        Point found{0, 0};
        for (int j = 0; j < 4; ++j) {
            const Point* node =
                nodes_.data() + static_cast<std::ptrdiff_t>(row - 1 + j) * columns_ + column - 1;
            for (std::size_t i = 0; i < 4; ++i) {
                const double weight = across[i] * down[static_cast<std::size_t>(j)];
                found.x += weight * node[i].x;
                found.y += weight * node[i].y;
            }
        }
        return found;
    }

private:
    double spacing_, left_, top_;
    int columns_, rows_;
    std::vector<Point> nodes_;  // rows from the top
};

class LensStep final : public WarpStep {
public:
    LensStep(std::shared_ptr<const Lens> lens, LensWay way, int channel, const Box& picture)
        : lens_(std::move(lens)),
          way_(way),
          channel_(channel),
          picture_(picture),
          is_solved_((lens_->convention() == LensModel::Convention::OpenCv) == (way == LensWay::ToIdeal)) {}

    Point at(Point place) const override {
        if (!is_solved_) return exactly(place);
        std::call_once(once_,
                       [this] { grid_.emplace(picture_, [this](Point node) { return exactly(node); }); });
        const Point found = grid_->at(place);
        return std::isnan(found.x) || std::isnan(found.y) ? exactly(place) : found;
    }

private:
    Point exactly(Point place) const {
        const double x = place.x - picture_.x0;
        const double y = place.y - picture_.y0;
        const auto found =
            way_ == LensWay::ToPlate ? lens_->plate_of(x, y, channel_) : lens_->ideal_of(x, y, channel_);
        if (!found) return {nan, nan};
        return {(*found)[0] + picture_.x0, (*found)[1] + picture_.y0};
    }

    std::shared_ptr<const Lens> lens_;
    LensWay way_;
    int channel_;
    Box picture_;
    bool is_solved_;  // not a plain polynomial
    mutable std::once_flag once_;
    mutable std::optional<Grid> grid_;
};

}  // namespace

std::shared_ptr<const WarpStep> lens_step(std::shared_ptr<const Lens> lens, LensWay way, int channel,
                                          const Box& picture) {
    return std::make_shared<const LensStep>(std::move(lens), way, channel, picture);
}

std::optional<Box> reached(const ColourWarp& way_there, const Box& picture, int most_px) {
    double left = picture.x0, top = picture.y0, right = picture.x1 - 1, bottom = picture.y1 - 1;
    bool is_known = true;
    const auto add = [&](double x, double y) {
        for (std::size_t channel = 0; channel < (way_there.is_split() ? 3U : 1U); ++channel) {
            const Point place = way_there.of(way_there.is_split() ? channel : 1).at(x, y);
            is_known = is_known && std::isfinite(place.x) && std::isfinite(place.y);
            left = std::min(left, place.x);
            top = std::min(top, place.y);
            right = std::max(right, place.x);
            bottom = std::max(bottom, place.y);
        }
    };
    // The way is one to one, so the border's farthest place is the picture's.
    for (int x = picture.x0; x < picture.x1; ++x) {
        add(x, picture.y0);
        add(x, picture.y1 - 1);
    }
    for (int y = picture.y0; y < picture.y1; ++y) {
        add(picture.x0, y);
        add(picture.x1 - 1, y);
    }
    if (!is_known || !(right - left < most_px && bottom - top < most_px)) return std::nullopt;
    return Box{static_cast<int>(std::floor(left)), static_cast<int>(std::floor(top)),
               static_cast<int>(std::ceil(right)) + 1, static_cast<int>(std::ceil(bottom)) + 1};
}

}  // namespace wetgate::framing

#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "core/geometry.h"

namespace wetgate::qc {

/// Named pixels of a picture to give figures for: a box, or any set of pixels inside one.
class Region {
public:
    Region(std::string name, const Box& box) : name_(std::move(name)), box_(box) {}
    /// `inside` is [H*W] over `box`: not 0 where the pixel belongs to the region.
    Region(std::string name, const Box& box, std::vector<std::uint8_t> inside)
        : name_(std::move(name)), box_(box), inside_(std::move(inside)) {}

    const std::string& name() const { return name_; }
    bool contains(int x, int y) const {
        if (x < box_.x0 || x >= box_.x1 || y < box_.y0 || y >= box_.y1) return false;
        if (inside_.empty()) return true;
        const auto row = static_cast<std::size_t>(y - box_.y0) * static_cast<std::size_t>(box_.width());
        return inside_[row + static_cast<std::size_t>(x - box_.x0)] != 0;
    }

private:
    std::string name_;
    Box box_;
    std::vector<std::uint8_t> inside_;
};

/// "inside" (matte > 0), "outside" (matte = 0) and "edge" (within `ring` pixels, counted as a king walks, of
/// the border between the two). `matte` is [H*W] over `window`; NaN counts as 0.
std::vector<Region> matte_regions(const std::vector<float>& matte, const Box& window, int ring);

}  // namespace wetgate::qc

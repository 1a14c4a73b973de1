#pragma once
#include <ATen/core/Tensor.h>

#include <array>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "motion/match.h"
#include "passes/pass.h"

namespace wetgate::passes {

/// One surface of a scene as two pictures show it: mean linear R,G,B of a small square of each.
struct Surface {
    std::array<double, 3> plate{};
    std::array<double, 3> reference{};
    double weight = 1;  ///< (0,1]: low where it has a steep slope
    int cell = 0;       ///< of an 8x8 grid over the plate
    double height = 0;  ///< of its middle in the plate: 0 at the top, 1 at the bottom
};

/// A picture made small, to look for surfaces in.
class SmallPicture {
public:
    /// `linear` [3,H,W]; `keep` [1,H,W] (undefined: everywhere): how much a pixel may be used, 0..1.
    explicit SmallPicture(const at::Tensor& linear, const at::Tensor& keep = {});

    const motion::GrayImage& gray() const { return gray_; }
    const motion::FloatPlane& plane(std::size_t channel) const { return rgb_[channel]; }
    /// Pixels of the picture a side of one of these.
    int side_px() const { return side_px_; }

private:
    static at::Tensor plane_luminance(const at::Tensor& linear);

    std::array<motion::FloatPlane, 3> rgb_;  // NaN where not to be used
    motion::GrayImage gray_;
    int side_px_ = 1;
};

/// The surfaces that a plate and a reference share.
struct SharedSurfaces {
    int matches = 0;  ///< see motion::PictureMatch
    int cells = 0;
    int frame = 0;  ///< of the reference
    std::vector<Surface> surfaces;
};

/// A reference, looked at when it is first asked for. Thread-safe.
class ReferenceSurfaces {
public:
    /// Looks at no more than five pictures of it, evenly spread.
    ReferenceSurfaces(std::shared_ptr<const References> references, std::string name);
    ~ReferenceSurfaces();

    /// With the picture of the reference that has most in common with the plate. No surfaces where fewer
    /// than `least_matches` features on fewer than 4 cells of an 8x8 grid are found again.
    SharedSurfaces shared_with(const SmallPicture& plate, int least_matches) const;

private:
    struct Seen;
    std::shared_ptr<const References> references_;
    std::string name_;
    mutable std::once_flag once_;
    mutable std::vector<Seen> seen_;
};

/// Surfaces of two small pictures where `map` takes the pixels of the plate about to those of the reference.
std::vector<Surface> surfaces_along(const SmallPicture& plate, const SmallPicture& reference,
                                    const motion::Homography& map);

}  // namespace wetgate::passes

#pragma once
#include <ATen/core/Tensor.h>

#include <opencv2/core.hpp>
#include <optional>
#include <vector>

#include "passes/wire_profile.h"

namespace wetgate::passes::wire {

/// The ridges of one picture: where it is darker or brighter than on two opposite sides, by Hessians at
/// several scales (Lindeberg, "Edge detection and ridge detection with automatic scale selection", 1998).
class Ridges {
public:
    /// `coded`: [3,H,W] float32, about 0..1.
    Ridges(const at::Tensor& coded, const Wanted& wanted);

    /// Lines that are long and thin, the longest first, `most` at the most.
    std::vector<Line> lines(std::size_t most) const;
    /// The line that a rough path, up to `range_px` beside it, means. nullopt where there is none.
    std::optional<Line> along(const Path& rough, double range_px) const;

private:
    struct Spot {
        float x, y;  // of the working picture
        float normal_x, normal_y;
        float light;
        bool is_bright;
    };
    using Spots = std::vector<Spot>;

    void find(double sigma, const Wanted& wanted);
    std::optional<Line> fitted(Curve curve, const Spots& spots, bool is_bright, double range) const;

    LightPicture picture_;
    int step_;
    cv::Mat light_;
    Wanted wanted_;
    Spots spots_;
};

}  // namespace wetgate::passes::wire

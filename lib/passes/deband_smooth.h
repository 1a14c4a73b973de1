#pragma once
#include <ATen/core/Tensor.h>

#include <opencv2/core.hpp>

#include "passes/deband_grid.h"

namespace wetgate::passes::deband {

/// What a rounded plane most likely was. Const after construction.
class Smoother {
public:
    /// `texture_steps`: neighbourhoods that range over more are left alone. `radius_px`: of the widest
    /// smoothing, standard deviation; 0: by the size of the picture.
    Smoother(double texture_steps, double radius_px);

    /// How flat each place of `plane` [H,W] float32 on the CPU is, [H,W] float32: 0 on texture, on edges and
    /// where it is not `usable` [H,W] bool, 1 where bands would show.
    at::Tensor flatness(const at::Tensor& plane, const at::Tensor& usable, const Grid& grid) const;

    /// What to add to `plane`; 0 where `flat` is 0, at most half a step. See Note [Deband].
    at::Tensor change(const at::Tensor& plane, const at::Tensor& flat, const Grid& grid) const;

private:
    cv::Mat smoothed(const cv::Mat& middle, const cv::Mat& weight, const cv::Mat& noise,
                     const Grid& grid) const;
    float expected(float mean, float sigma) const;

    double texture_steps_;
    double radius_px_;
    cv::Mat expected_;  // of (mean, sigma) in steps, see Note [Deband]
};

}  // namespace wetgate::passes::deband

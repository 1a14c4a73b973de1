#pragma once
#include <ATen/core/Tensor.h>

#include <memory>

#include "core/geometry.h"
#include "nets/job_models.h"
#include "passes/coding.h"

namespace wetgate::passes {

/// Card name and task of the network that comes with wetgate for it.
inline constexpr const char* enlarging_model = "sr_x2";
inline constexpr const char* enlarging_task = "upscale";
inline constexpr int enlarging_scale = 2;

/// `picture` [3,H,W] twice as high and wide by OpenCV's `interpolation`, on its own device.
at::Tensor resized_twice(const at::Tensor& picture, int interpolation);

/// Makes pictures twice as high and wide by a super-resolution network. Const: may be used from several
/// threads.
class NetworkEnlarger {
public:
    /// `coding`: what the network sees. Error{Model} for one of another scale.
    NetworkEnlarger(Coding coding, std::shared_ptr<const nets::LoadedModel> model);

    /// [3,H,W] float32, working linear, to [3,2H,2W]. What is not finite becomes black.
    at::Tensor whole(const at::Tensor& linear) const;

    /// whole() of the `part` of the picture alone (its pixels counted from the upper left one), in tiles that
    /// depend on the picture's size only: what a place becomes does not depend on the part, to the bit. Near
    /// whole() but for rounding, and what is not finite stays so.
    at::Tensor part(const at::Tensor& linear, const Box& part) const;
    /// Memory that part() takes on its device, about, beside the picture and the result.
    static std::int64_t working_bytes(const nets::NetworkShape& shape);

private:
    Coding coding_;
    std::shared_ptr<const nets::LoadedModel> model_;
};

}  // namespace wetgate::passes

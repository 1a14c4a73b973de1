#pragma once
#include <ATen/core/Tensor.h>

#include <memory>
#include <string>

#include "color/color.h"
#include "passes/pass.h"

namespace wetgate::passes {

/// How networks and noise statistics see a picture: about 0..1, the same at every level of light. See
/// Note [Codings].
class Coding {
public:
    enum class Kind {
        AcesCct,  ///< S-2016-001 of the working light, times an exposure
        Plate     ///< the plate's own coding; the sRGB curve over a plate that is linear
    };
    /// `exposure_stops`: of AcesCct; Plate ignores it.
    Coding(Kind kind, double exposure_stops, const PassContext& context);

    /// [3,H,W] float32, working linear, to coded and back. What is not finite codes as black.
    at::Tensor encode(const at::Tensor& linear) const;
    at::Tensor decode(const at::Tensor& coded) const;
    /// `linear` where its coded value `coded` is moved by `change`: keeps the bits where that is 0.
    at::Tensor moved(const at::Tensor& linear, const at::Tensor& coded, const at::Tensor& change) const;
    /// [1,H,W] in [0,1]: 1 inside the range that networks are trained on, 0 in highlights far above it and
    /// where a channel is not finite, a ramp between. `coded` of `linear`.
    at::Tensor reach(const at::Tensor& linear, const at::Tensor& coded) const;
    /// Coded units an exposed linear unit at `linear` (>= 0): AcesCct alone.
    at::Tensor slope(const at::Tensor& linear) const;

    Kind kind() const { return kind_; }
    /// Factor of the exposure.
    double gain() const { return gain_; }
    /// What networks are given of `coded`: no further out than they are trained for.
    static at::Tensor for_network(const at::Tensor& coded);

private:
    Kind kind_;
    double gain_ = 1.0;
    bool curve_ = false;  // Plate: the sRGB curve follows the transform
    std::shared_ptr<const color::Transform> to_plate_, from_plate_;
};

/// [2,H,W]: x and y of each pixel from -1 to 1, for networks that learn what stays in one place. Of the size
/// of `picture` [C,H,W].
at::Tensor positions(const at::Tensor& picture);

const char* name_of(Coding::Kind kind);
/// Of "acescct" or "plate"; Error{Usage} for another word.
Coding::Kind coding_kind(const std::string& name);
/// The same, and of "auto": acescct for a plate in linear light, plate for one that has a coding of its own.
Coding::Kind coding_kind(const std::string& name, const PassContext& context);

}  // namespace wetgate::passes

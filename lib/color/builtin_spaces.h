#pragma once
#include <OpenColorIO/OpenColorIO.h>

#include <span>
#include <vector>

#include "color/curves.h"
#include "color/gamut.h"

namespace wetgate::color {

/// Codings that OCIO does exactly, between a space's gamut and its samples.
enum class OcioCurve { None, Srgb, Bt709, Gamma22, Gamma24, Gamma26, LogC4 };

/// One space of the built-in config. `style` (an OCIO BuiltinTransform to ACES2065-1, or from it where it
/// says so) does all of the way; without it the way is curve, then gamut matrix.
struct BuiltinSpace {
    const char* name;
    std::vector<const char*> aliases;
    const char* family;
    const char* encoding;  ///< scene-linear, log, sdr-video, hdr-video or data
    const char* description;
    const Gamut* gamut = nullptr;  ///< null: data
    Adaptation adaptation = Adaptation::Bradford;
    OcioCurve ocio_curve = OcioCurve::None;
    Curve curve = Curve::None;  ///< done by us around OCIO, see Note [Curves around OCIO]
    const char* style = nullptr;

    bool is_linear() const {
        return gamut != nullptr && ocio_curve == OcioCurve::None && curve == Curve::None && style == nullptr;
    }
};

/// Every space of the built-in config, linear ones first.
std::span<const BuiltinSpace> builtin_spaces();

/// The built-in config: reference ACES2065-1, scene-referred. A space with a curve of ours is there without
/// that curve.
OCIO_NAMESPACE::ConstConfigRcPtr make_builtin_config();

}  // namespace wetgate::color

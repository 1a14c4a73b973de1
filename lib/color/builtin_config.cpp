#include <array>
#include <cmath>

#include "color/builtin_spaces.h"

namespace OCIO = OCIO_NAMESPACE;

namespace wetgate::color {
namespace {

OCIO::TransformRcPtr mirrored_power(double exponent) {
    auto power = OCIO::ExponentTransform::Create();
    const double exponents[4] = {exponent, exponent, exponent, 1.0};
    power->setValue(exponents);
    power->setNegativeStyle(OCIO::NEGATIVE_MIRROR);
    return power;
}

OCIO::TransformRcPtr mirrored_power_with_toe(double exponent, double offset) {
    auto power = OCIO::ExponentWithLinearTransform::Create();
    const double exponents[4] = {exponent, exponent, exponent, 1.0};
    const double offsets[4] = {offset, offset, offset, 0.0};
    power->setGamma(exponents);
    power->setOffset(offsets);
    power->setNegativeStyle(OCIO::NEGATIVE_MIRROR);
    return power;
}

// ARRI, "LogC4 Specification" (2022): E' = (log2(a E + 64) - 6) / 14 * b + c, its tangent at code 0 below.
OCIO::TransformRcPtr log_c4() {
    const double a = (std::exp2(18.0) - 16.0) / 117.45;
    const double b = (1023.0 - 95.0) / 1023.0;
    const double c = 95.0 / 1023.0;
    const double break_point = (std::exp2(14.0 * (-c / b) + 6.0) - 64.0) / a;
    auto log = OCIO::LogCameraTransform::Create({break_point, break_point, break_point});
    log->setBase(2.0);
    log->setLogSideSlopeValue({b / 14.0, b / 14.0, b / 14.0});
    log->setLogSideOffsetValue({c - 6.0 * b / 14.0, c - 6.0 * b / 14.0, c - 6.0 * b / 14.0});
    log->setLinSideSlopeValue({a, a, a});
    log->setLinSideOffsetValue({64.0, 64.0, 64.0});
    log->setDirection(OCIO::TRANSFORM_DIR_INVERSE);
    return log;
}

OCIO::TransformRcPtr curve_to_linear(OcioCurve curve) {
    switch (curve) {
        case OcioCurve::None:
            return nullptr;
        case OcioCurve::Srgb:
            return mirrored_power_with_toe(2.4, 0.055);
        // H.273's unrounded alpha: with it the two segments join smoothly and the toe's slope is 4.5.
        case OcioCurve::Bt709:
            return mirrored_power_with_toe(1.0 / 0.45, 0.09929682680944);
        case OcioCurve::Gamma22:
            return mirrored_power(2.2);
        case OcioCurve::Gamma24:
            return mirrored_power(2.4);
        case OcioCurve::Gamma26:
            return mirrored_power(2.6);
        case OcioCurve::LogC4:
            return log_c4();
    }
    return nullptr;
}

OCIO::TransformRcPtr matrix(const Gamut& gamut, Adaptation adaptation) {
    const std::array<double, 9> m = matrix_to_aces(gamut, adaptation);
    const double with_alpha[16] = {m[0], m[1], m[2], 0, m[3], m[4], m[5], 0, m[6], m[7], m[8], 0, 0, 0, 0, 1};
    auto transform = OCIO::MatrixTransform::Create();
    transform->setMatrix(with_alpha);
    return transform;
}

OCIO::TransformRcPtr to_aces(const BuiltinSpace& space) {
    if (space.style != nullptr) {
        auto builtin = OCIO::BuiltinTransform::Create();
        builtin->setStyle(space.style);
        if (space.gamut == nullptr)
            builtin->setDirection(OCIO::TRANSFORM_DIR_INVERSE);  // the XYZ style starts at AP0
        return builtin;
    }
    if (space.gamut == nullptr || space.gamut == &gamuts::ap0) return nullptr;
    auto group = OCIO::GroupTransform::Create();
    if (OCIO::TransformRcPtr curve = curve_to_linear(space.ocio_curve)) group->appendTransform(curve);
    group->appendTransform(matrix(*space.gamut, space.adaptation));
    return group;
}

}  // namespace

OCIO::ConstConfigRcPtr make_builtin_config() {
    OCIO::ConfigRcPtr config = OCIO::Config::Create();
    config->setVersion(2, 1);
    for (const BuiltinSpace& row : builtin_spaces()) {
        auto space = OCIO::ColorSpace::Create(OCIO::REFERENCE_SPACE_SCENE);
        space->setName(row.name);
        for (const char* alias : row.aliases) space->addAlias(alias);
        space->setFamily(row.family);
        space->setEncoding(row.encoding);
        space->setDescription(row.description);
        space->setBitDepth(OCIO::BIT_DEPTH_F32);
        space->setIsData(row.gamut == nullptr && row.style == nullptr);
        if (OCIO::TransformRcPtr transform = to_aces(row)) {
            space->setTransform(transform, OCIO::COLORSPACE_DIR_TO_REFERENCE);
        }
        config->addColorSpace(space);
    }
    config->setRole("scene_linear", "ACEScg");
    config->setRole("rendering", "ACEScg");
    config->setRole("aces_interchange", "ACES2065-1");
    config->setRole("reference", "ACES2065-1");
    config->setRole("compositing_log", "ACEScct");
    config->setRole("color_timing", "ACEScct");
    config->setRole("default", "Raw");
    return config;
}

}  // namespace wetgate::color

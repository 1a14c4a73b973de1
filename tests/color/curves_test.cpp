#include "color/curves.h"

#include <OpenColorIO/OpenColorIO.h>
#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <limits>

#include "color/acescct.h"
#include "color/gamut.h"

namespace OCIO = OCIO_NAMESPACE;
using wetgate::color::acescct_from_linear;
using wetgate::color::Adaptation;
using wetgate::color::Curve;
using wetgate::color::decode;
using wetgate::color::decoded;
using wetgate::color::encoded;
using wetgate::color::Gamut;
using wetgate::color::linear_from_acescct;
using wetgate::color::matrix_to_aces;
namespace gamuts = wetgate::color::gamuts;

namespace {

constexpr Curve all_curves[] = {Curve::Pq203,  Curve::Pq100,     Curve::Hlg,
                                Curve::AcesCc, Curve::CanonLog2, Curve::CanonLog3};

// One pixel through an OCIO built-in transform.
std::array<float, 3> through_builtin(const char* style, std::array<float, 3> rgb, bool inverse = false) {
    auto transform = OCIO::BuiltinTransform::Create();
    transform->setStyle(style);
    if (inverse) transform->setDirection(OCIO::TRANSFORM_DIR_INVERSE);
    OCIO::Config::CreateRaw()
        ->getProcessor(transform)
        ->getOptimizedCPUProcessor(OCIO::OPTIMIZATION_LOSSLESS)
        ->applyRGB(rgb.data());
    return rgb;
}

}  // namespace

TEST_CASE("ACEScct has the values of S-2016-001") {
    CHECK(acescct_from_linear(0.18F) == doctest::Approx(0.4135884).epsilon(1e-6));
    CHECK(acescct_from_linear(0.0F) == doctest::Approx(0.0729055).epsilon(1e-6));
    CHECK(acescct_from_linear(1.0F) == doctest::Approx(9.72 / 17.52).epsilon(1e-6));
    CHECK(acescct_from_linear(0.0078125F) == doctest::Approx(0.155251141552511).epsilon(1e-6));
    CHECK(acescct_from_linear(-0.01F) ==
          doctest::Approx(0.0729055341958355 - 0.105402377416545).epsilon(1e-6));
    for (const float linear :
         {-1.0F, -0.001F, 0.0F, 1e-4F, 0.0078124F, 0.0078126F, 0.18F, 1.0F, 60000.0F, 1e6F}) {
        CHECK(linear_from_acescct(acescct_from_linear(linear)) ==
              doctest::Approx(linear).epsilon(3e-6).scale(0.001));
    }
}

TEST_CASE("every curve is monotonic and inverts itself far past the picture's range") {
    for (const Curve curve : all_curves) {
        CAPTURE(static_cast<int>(curve));
        double previous = -std::numeric_limits<double>::infinity();
        for (double linear : {-100.0, -1.0, -0.05, -0.01, -1e-4, 0.0, 1e-6, 3e-5, 1e-3, 0.014, 0.0155, 0.18,
                              0.31, 1.0, 12.0, 49.0, 100.0, 1000.0}) {
            const double coded = encoded(curve, linear);
            CHECK(coded > previous);
            previous = coded;
            CHECK(decoded(curve, coded) == doctest::Approx(linear).epsilon(1e-9).scale(1e-3));
        }
    }
}

TEST_CASE("PQ and HLG have the standards' values") {
    // ST 2084: 100 cd/m2 is 0.5081, 10000 is 1; BT.2408 table 1: 203 cd/m2 is 58 % PQ and 75 % HLG.
    CHECK(encoded(Curve::Pq100, 1.0) == doctest::Approx(0.508078).epsilon(1e-5));
    CHECK(encoded(Curve::Pq100, 100.0) == doctest::Approx(1.0).epsilon(1e-12));
    CHECK(encoded(Curve::Pq203, 1.0) == doctest::Approx(0.58069).epsilon(1e-4));
    CHECK(encoded(Curve::Pq203, 10000.0 / 203.0) == doctest::Approx(1.0).epsilon(1e-12));
    CHECK(encoded(Curve::Hlg, 1.0) == doctest::Approx(0.75).epsilon(1e-12));
    CHECK(decoded(Curve::Hlg, 1.0) == doctest::Approx(1.0 / 0.26496256042100718).epsilon(1e-6));
    CHECK(decoded(Curve::Hlg, 0.5) == doctest::Approx(1.0 / 12.0 / 0.26496256042100718).epsilon(1e-12));
}

TEST_CASE("a code past the end of PQ is a large float, not an infinity") {
    float sample = 5.0F;
    decode(Curve::Pq203, &sample, 1);
    CHECK(std::isfinite(sample));
}

TEST_CASE("our curves agree with OCIO's tables where those reach") {
    for (const float coded : {0.1F, 0.15F, 0.3F, 0.5F, 0.75F, 0.95F}) {
        CAPTURE(coded);
        const float pq = through_builtin("CURVE - ST-2084_to_LINEAR", {coded, coded, coded})[1];
        CHECK(decoded(Curve::Pq100, static_cast<double>(coded)) ==
              doctest::Approx(pq).epsilon(2e-3).scale(1e-4));
        // A neutral stays neutral through a camera's matrix: the curve alone shows.
        const float canon2 = through_builtin("CANON_CLOG2-CGAMUT_to_ACES2065-1", {coded, coded, coded})[1];
        CHECK(decoded(Curve::CanonLog2, static_cast<double>(coded)) ==
              doctest::Approx(canon2).epsilon(2e-3).scale(1e-3));
        const float canon3 = through_builtin("CANON_CLOG3-CGAMUT_to_ACES2065-1", {coded, coded, coded})[1];
        CHECK(decoded(Curve::CanonLog3, static_cast<double>(coded)) ==
              doctest::Approx(canon3).epsilon(2e-3).scale(1e-3));
        const float acescc = through_builtin("ACEScc_to_ACES2065-1", {coded, coded, coded})[1];
        CHECK(decoded(Curve::AcesCc, static_cast<double>(coded)) == doctest::Approx(acescc).epsilon(2e-3));
    }
}

TEST_CASE("a gamut's matrix keeps white, and AP1 gives the matrix of S-2014-004") {
    const std::array<double, 9> m = matrix_to_aces(gamuts::ap1, Adaptation::Bradford);
    const double expected[9] = {0.6954522414, 0.1406786965,  0.1638690622, 0.0447945634, 0.8596711185,
                                0.0955343182, -0.0055258826, 0.0040252103, 1.0015006723};
    for (std::size_t i = 0; i < 9; ++i) CHECK(m[i] == doctest::Approx(expected[i]).epsilon(1e-8).scale(1.0));
    for (const Gamut* gamut : {&gamuts::rec709, &gamuts::arri_wide_4, &gamuts::canon_cinema}) {
        const std::array<double, 9> n = matrix_to_aces(*gamut, Adaptation::Cat02);
        for (std::size_t row = 0; row < 3; ++row) {
            CHECK(n[3 * row] + n[3 * row + 1] + n[3 * row + 2] == doctest::Approx(1.0).epsilon(1e-12));
        }
    }
}

#include "qc/difference.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

namespace wetgate::qc {
namespace {

HostFrame grey(float value, int width = 32, int height = 24) {
    HostFrame frame;
    ImagePart part;
    part.window = {0, 0, width, height};
    part.planes.push_back(make_plane("Y", SampleType::F32, width, height));
    for (int i = 0; i < width * height; ++i) part.planes[0].samples<float>()[i] = value;
    frame.parts.push_back(part);
    frame.worked = {PixelModel::Luminance, 0, {0, -1, -1}};
    return frame;
}

}  // namespace

TEST_CASE("identical frames are at 100 dB, SSIM 1, and say so") {
    const FrameDifference same = difference(grey(0.5F), grey(0.5F));
    CHECK(same.identical());
    CHECK(same.channels[0].psnr_db == 100.0);
    CHECK(same.channels[0].ssim == 1.0);
}

TEST_CASE("a constant offset of 0.1 is 20 dB") {
    const FrameDifference off = difference(grey(0.5F), grey(0.6F));
    CHECK(off.channels[0].psnr_db == doctest::Approx(20.0).epsilon(1e-5));
    CHECK(off.max_abs() == doctest::Approx(0.1).epsilon(1e-5));
    CHECK(off.channels[0].differing == 32 * 24);
    // Of two flat pictures only the luminance term is left: (2ab + C1) / (a^2 + b^2 + C1).
    CHECK(off.channels[0].ssim ==
          doctest::Approx((2 * 0.5 * 0.6 + 1e-4) / (0.25 + 0.36 + 1e-4)).epsilon(1e-5));
}

TEST_CASE("NaN against NaN of other bits differs but is no distance; NaN against a number is infinite") {
    HostFrame a = grey(0.5F);
    HostFrame b = grey(0.5F);
    a.parts[0].planes[0].samples<float>()[3] = std::numeric_limits<float>::quiet_NaN();
    CHECK(std::isinf(difference(a, b).max_abs()));
    b.parts[0].planes[0].samples<float>()[3] = -std::numeric_limits<float>::quiet_NaN();
    CHECK(difference(a, b).max_abs() == 0.0);
    CHECK(!difference(a, b).identical());
}

TEST_CASE("other windows and channels are named, not compared") {
    HostFrame b = grey(0.5F);
    b.parts[0].planes[0].name = "Z";
    const FrameDifference other = difference(grey(0.5F), b);
    CHECK(other.structure.size() == 2);
    CHECK(!other.identical());
    CHECK(std::isinf(other.max_abs()));
}

}  // namespace wetgate::qc

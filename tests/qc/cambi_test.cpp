#include "qc/cambi.h"

#include <doctest/doctest.h>

#include <cmath>
#include <functional>

namespace wetgate::qc {
namespace {

Luma10 picture(int width, int height, const std::function<int(int x, int y)>& code) {
    Luma10 luma{width, height, {}};
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x) luma.samples.push_back(static_cast<std::uint16_t>(code(x, y)));
    return luma;
}

}  // namespace

// Values of libvmaf 3.2.0 on the same pictures, BT.1886.
TEST_CASE("the index agrees with libvmaf's on ramps and skies") {
    const auto sky = [](int width, int height, int step) {
        return cambi(picture(width, height, [=](int, int y) {
            return 200 + step * static_cast<int>(std::lround(32.0 * y / (height - 1) / step));
        }));
    };
    const auto ramp = [](int step) {
        return cambi(picture(1920, 1080, [=](int x, int) {
            return 64 + step * static_cast<int>(std::lround(876.0 * x / 1919 / step));
        }));
    };
    CHECK(sky(1920, 1080, 1) == doctest::Approx(1.463687).epsilon(1e-6));
    CHECK(sky(1920, 1080, 2) == doctest::Approx(10.714323).epsilon(1e-6));
    CHECK(sky(1920, 1080, 4) == doctest::Approx(14.302469).epsilon(1e-6));
    CHECK(sky(1920, 1080, 8) == 0);  // it sees no step of more than four codes
    CHECK(ramp(1) == doctest::Approx(2.145853).epsilon(1e-6));
    CHECK(ramp(4) == doctest::Approx(10.627318).epsilon(1e-6));
    CHECK(sky(320, 216, 1) == doctest::Approx(2.722171).epsilon(1e-6));
    CHECK(sky(320, 216, 4) == doctest::Approx(11.851164).epsilon(1e-6));
}

TEST_CASE("plain pictures and small ones have no bands") {
    CHECK(cambi(picture(640, 360, [](int, int) { return 500; })) == 0);
    CHECK(cambi(picture(640, 360, [](int x, int) { return 64 + 100 * (x / 80); })) == 0);
    CHECK(cambi(picture(100, 60, [](int, int y) { return 200 + y / 8; })) == 0);
}

TEST_CASE(
    "light goes through the display's curve before it is looked at, and video codes are taken as they are") {
    FloatPlane luma(2, 1);
    luma.samples = {1.0F, 0.5F};
    const Luma10 light = luma10_of({}, luma, true);
    CHECK(light.samples[0] == 940);
    CHECK(light.samples[1] == std::lround(64 + 876 * std::pow(0.25, 1 / 2.4)));
    CHECK(luma10_of({}, luma, false).samples[1] == 502);
}

}  // namespace wetgate::qc

#include "qc/delta_itp.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

namespace wetgate::qc {
namespace {

FloatImage flat(float red, float green, float blue, int pixels = 1) {
    FloatImage image = make_float_image({0, 0, pixels, 1});
    for (int i = 0; i < pixels; ++i) {
        image.channel(0)[i] = red;
        image.channel(1)[i] = green;
        image.channel(2)[i] = blue;
    }
    return image;
}

FloatImage grey(double light) {  // cd/m2
    const auto value = static_cast<float>(light / 203);
    return flat(value, value, value);
}

}  // namespace

TEST_CASE("of greys only the PQ code counts: 720 times its difference") {
    // ST 2084 codes of 100, 203, 1000 and 10000 cd/m2 (BT.2408, table 1: 0.508, 0.581, 0.752, 1).
    constexpr double of_100 = 0.508078421517399, of_203 = 0.580688879102303, of_1000 = 0.751827096247041;
    CHECK(delta_itp(grey(10000), grey(0)).mean == doctest::Approx(720).epsilon(1e-5));
    CHECK(delta_itp(grey(203), grey(100)).mean == doctest::Approx(720 * (of_203 - of_100)).epsilon(1e-5));
    CHECK(delta_itp(grey(1000), grey(203)).mean == doctest::Approx(720 * (of_1000 - of_203)).epsilon(1e-5));
    CHECK(delta_itp(grey(203), grey(203)).max == 0);
}

TEST_CASE("of equal intensity Ct counts half, as BT.2124 has it") {
    // Worked out from BT.2100's matrices for pure light that drives one cone alone is not possible; red and
    // green of 203 cd/m2 go through the whole formula here.
    const auto pq = [](double light) {
        const double p = std::pow(light, 2610.0 / 16384);
        return std::pow((0.8359375 + 18.8515625 * p) / (1 + 18.6875 * p), 78.84375);
    };
    const double scale = 203.0 / 10000 / 4096;
    const double lr = pq(1688 * scale), mr = pq(683 * scale), sr = pq(99 * scale);
    const double lg = pq(2146 * scale), mg = pq(2951 * scale), sg = pq(309 * scale);
    const double di = 0.5 * (lr + mr) - 0.5 * (lg + mg);
    const double dct = (6610 * (lr - lg) - 13613 * (mr - mg) + 7003 * (sr - sg)) / 4096;
    const double dcp = (17933 * (lr - lg) - 17390 * (mr - mg) - 543 * (sr - sg)) / 4096;
    CHECK(delta_itp(flat(1, 0, 0), flat(0, 1, 0)).mean ==
          doctest::Approx(720 * std::sqrt(di * di + 0.25 * dct * dct + dcp * dcp)).epsilon(1e-5));
}

TEST_CASE("light below 0 and above 10000 cd/m2 is clipped, what is not finite is left out") {
    CHECK(delta_itp(flat(-1, -1, -1), flat(0, 0, 0)).max == 0);
    CHECK(delta_itp(grey(10000), grey(20000)).max == doctest::Approx(0).epsilon(1e-4));
    const DeltaItp none = delta_itp(flat(std::numeric_limits<float>::quiet_NaN(), 0, 0), flat(0, 0, 0));
    CHECK(none.pixels == 0);
    CHECK(none.mean == 0);
}

TEST_CASE("the 95th percentile is the value that 95 of 100 pixels do not exceed") {
    std::vector<float> map;
    for (int i = 100; i >= 1; --i) map.push_back(static_cast<float>(i));
    const DeltaItp figures = summary_of(map);
    CHECK(figures.percentile_95 == 95);
    CHECK(figures.mean == 50.5);
    CHECK(figures.max == 100);
    CHECK(summary_of({3.0F}).percentile_95 == 3);
}

}  // namespace wetgate::qc

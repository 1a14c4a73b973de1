#include "framing/taps.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "color/acescct.h"

namespace wetgate::framing {
namespace {

FloatImage grey(int width, int height, float value) {
    FloatImage image = make_float_image({0, 0, width, height});
    for (std::size_t i = 0; i < 3 * image.window.area(); ++i) image.channel(0)[i] = value;
    return image;
}

TEST_CASE("taps sum to one, and half way between two samples they are the kernel's eight") {
    const Taps taps(10.5, 1);
    CHECK(taps.first == 7);
    REQUIRE(taps.count == 8);
    // Of Keys' six, 1 -9 56 of 96, and what the tail adds to them and to the outermost; see Note [The
    // kernel].
    constexpr double tail = -7.0 / 80;
    const double expected[] = {tail / 8, 1.0 / 96 - 0.625 * tail, 1.125 * tail - 9.0 / 96,
                               56.0 / 96 - 0.625 * tail};
    for (std::size_t i = 0; i < 4; ++i) {
        CHECK(taps.weight[i] == doctest::Approx(expected[i]).epsilon(1e-6));
        CHECK(taps.weight[7 - i] == doctest::Approx(expected[i]).epsilon(1e-6));
    }
    for (const double place : {3.2, -0.4, 7.9999, 100.5}) {
        for (const double scale : {1.0, 1.7, 5.0, 7.5}) {
            const Taps some(place, scale);
            double sum = 0;
            for (int i = 0; i < some.count; ++i) sum += some.weight[static_cast<std::size_t>(i)];
            CHECK(sum == doctest::Approx(1).epsilon(1e-5));
            CHECK(some.inner_first < some.inner_end);
            CHECK(some.inner_end <= some.count);
        }
    }
}

TEST_CASE("kept taps are those of the place and scale that were asked for last") {
    KeptTaps kept;
    for (const double place : {4.25, 4.25, 8.5, 4.25}) {
        for (const double scale : {1.0, 2.0}) {
            const Taps& is = kept.at(place, scale);
            const Taps wanted(place, scale);
            CHECK(is.first == wanted.first);
            CHECK(is.count == wanted.count);
            CHECK(is.weight[1] == wanted.weight[1]);
        }
    }
}

TEST_CASE("past the edge of a coded picture its edge goes on") {
    FloatImage image = grey(5, 4, 0.18F);
    image.channel(1)[0] = 0.5F;
    const CodedPicture coded(image);
    const Quad far = coded.at(Taps(-40.5, 1), Taps(-30.5, 1));
    CHECK(far[0] == doctest::Approx(color::acescct_from_linear(0.18F)));
    CHECK(far[1] == doctest::Approx(color::acescct_from_linear(0.5F)));
}

TEST_CASE(
    "an edge has the shoulders of its kernel up to an eighth of it and a quarter of a stop, a lamp none") {
    const auto shoulder = [](double stops) {  // how far below the dark it goes beside the bright, in stops
        FloatImage image = grey(24, 12, 0.18F);
        for (int c = 0; c < 3; ++c)
            for (int y = 0; y < 12; ++y)
                for (int x = 12; x < 24; ++x)
                    image.channel(c)[y * 24 + x] = static_cast<float>(0.18 * std::exp2(stops));
        const float dark = color::acescct_from_linear(0.18F);
        return 17.52 * static_cast<double>(dark - CodedPicture(image).at(Taps(10.5, 1), Taps(5.5, 1))[1]);
    };
    // The kernel's weights 1.5, 2.5 and 3.5 samples away.
    constexpr double tail = -7.0 / 80;
    constexpr double kernel = 9.0 / 96 - 1.125 * tail + (0.625 * tail - 1.0 / 96) - tail / 8;
    CHECK(shoulder(0.25) == doctest::Approx(0.25 * kernel).epsilon(0.001));
    CHECK(shoulder(1) == doctest::Approx(kernel).epsilon(0.001));
    CHECK(shoulder(3) == doctest::Approx(0.02 * 17.52).epsilon(0.001));
    CHECK(shoulder(8) == doctest::Approx(0.005 * 17.52).epsilon(0.001));
}

TEST_CASE("what is not finite spoils its own channel and no other") {
    FloatImage image = grey(12, 12, 0.18F);
    image.channel(2)[5 * 12 + 5] = std::numeric_limits<float>::quiet_NaN();
    image.channel(0)[5 * 12 + 5] = std::numeric_limits<float>::infinity();
    const Quad value = CodedPicture(image).at(Taps(3.5, 1), Taps(5.5, 1));
    CHECK(!std::isfinite(value[0]));
    CHECK(value[1] == doctest::Approx(color::acescct_from_linear(0.18F)));
    CHECK(!std::isfinite(value[2]));
}

}  // namespace
}  // namespace wetgate::framing

#include "framing/lens.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"

namespace wetgate::tests {
namespace {

using framing::Lens;
using framing::LensModel;

constexpr int kWidth = 1920;
constexpr int kHeight = 1080;

LensModel opencv_lens() {
    LensModel model;
    model.centre_x = 972.3;
    model.centre_y = 531.8;
    model.unit_x = 1500;
    model.unit_y = 1498;
    model.k = {-0.28, 0.11, -0.02, 0.01, 0.003, -0.001};
    model.p = {0.0008, -0.0011, 0, 0};
    return model;
}

LensModel three_de_lens() {
    LensModel model;
    model.convention = LensModel::Convention::ThreeDe;
    model.centre_x = 959.5;
    model.centre_y = 539.5;
    model.unit_x = model.unit_y = 0.5 * std::hypot(kWidth, kHeight);
    model.k = {0.08, 0.02, 0, 0, 0, 0};
    model.p = {0.004, -0.003, 0.001, 0.002};
    return model;
}

}  // namespace

TEST_CASE("to the plate and back is where one was, to a millionth of a pixel, for every channel") {
    for (LensModel model : {opencv_lens(), three_de_lens()}) {
        model.colour = {{{0.0009, 0.0004}, {0, 0}, {-0.0007, -0.0002}}};
        const Lens lens(model, kWidth, kHeight);
        double worst = 0, moved = 0;
        for (int channel = 0; channel < 3; ++channel) {
            for (double y = -0.5; y <= kHeight; y += 60) {
                for (double x = -0.5; x <= kWidth; x += 60) {
                    const auto plate = lens.plate_of(x, y, channel);
                    REQUIRE(plate);
                    const auto back = lens.ideal_of((*plate)[0], (*plate)[1], channel);
                    REQUIRE(back);
                    worst = std::max(worst, std::hypot((*back)[0] - x, (*back)[1] - y));
                    moved = std::max(moved, std::hypot((*plate)[0] - x, (*plate)[1] - y));
                }
            }
        }
        CHECK(worst < 1e-6);
        CHECK(moved > 10);
    }
}

TEST_CASE("the numbers are OpenCV's: cv::projectPoints() of (0.3, -0.2, 1)") {
    // Worked by hand from OpenCV's documentation: r^2 = 0.13, each k alone, then p1 and p2 alone.
    const double x = 0.3, y = -0.2, s = 0.13;
    const auto place_of = [&](const LensModel& model) {
        const Lens lens(model, kWidth, kHeight);
        const auto plate = lens.plate_of(1000 + 800 * x, 500 + 900 * y, 1);
        REQUIRE(plate);
        return std::array{((*plate)[0] - 1000) / 800, ((*plate)[1] - 500) / 900};
    };
    LensModel plain;
    plain.centre_x = 1000, plain.centre_y = 500, plain.unit_x = 800, plain.unit_y = 900;
    for (std::size_t i = 0; i < 6; ++i) {
        LensModel model = plain;
        model.k[i] = 0.1;
        const double term = 1 + 0.1 * std::pow(s, static_cast<double>(i % 3 + 1)),
                     grown = i < 3 ? term : 1 / term;
        CHECK(place_of(model)[0] == doctest::Approx(x * grown).epsilon(1e-12));
        CHECK(place_of(model)[1] == doctest::Approx(y * grown).epsilon(1e-12));
    }
    LensModel model = plain;
    model.p[0] = 0.01;
    CHECK(place_of(model)[0] == doctest::Approx(x + 2 * 0.01 * x * y).epsilon(1e-12));
    CHECK(place_of(model)[1] == doctest::Approx(y + 0.01 * (s + 2 * y * y)).epsilon(1e-12));
    model = plain;
    model.p[1] = 0.01;
    CHECK(place_of(model)[0] == doctest::Approx(x + 0.01 * (s + 2 * x * x)).epsilon(1e-12));
    CHECK(place_of(model)[1] == doctest::Approx(y + 2 * 0.01 * x * y).epsilon(1e-12));
}

TEST_CASE("3DEqualizer's polynomial goes from the plate to the ideal picture") {
    LensModel model = three_de_lens();
    model.k = {0.1, 0, 0, 0, 0, 0};
    model.p = {};
    const Lens lens(model, kWidth, kHeight);
    const auto ideal = lens.ideal_of(model.centre_x + 0.5 * model.unit_x, model.centre_y, 1);
    REQUIRE(ideal);
    CHECK((*ideal)[0] == doctest::Approx(model.centre_x + 0.5 * 1.025 * model.unit_x).epsilon(1e-12));
    CHECK((*ideal)[1] == doctest::Approx(model.centre_y));
}

TEST_CASE("what lies beyond the fold of a barrel is nowhere") {
    LensModel model;
    model.centre_x = 960, model.centre_y = 540, model.unit_x = model.unit_y = 1000;
    model.k[0] = -0.3;  // grows to r = 1 / sqrt(0.9) = 1.054, where the plate ends at 0.703
    const Lens lens(model, kWidth, kHeight);
    CHECK(lens.plate_of(960 + 1040, 540, 1));
    CHECK_FALSE(lens.plate_of(960 + 1070, 540, 1));
    CHECK(lens.ideal_of(960 + 700, 540, 1));
    CHECK_FALSE(lens.ideal_of(960 + 710, 540, 1));
    CHECK_FALSE(lens.ideal_of(960 + 5000, 540, 1));
}

TEST_CASE("lateral colour grows a channel about the centre") {
    LensModel model;
    model.centre_x = 960, model.centre_y = 540, model.unit_x = model.unit_y = 1000;
    model.colour[0] = {0.001, 0};
    model.colour[2] = {0, -0.002};
    const Lens lens(model, kWidth, kHeight);
    CHECK((*lens.plate_of(1460, 540, 0))[0] == doctest::Approx(960 + 500 * 1.001));
    CHECK((*lens.plate_of(1460, 540, 1))[0] == doctest::Approx(1460));
    CHECK((*lens.plate_of(1460, 540, 2))[0] == doctest::Approx(960 + 500 * (1 - 0.002 * 0.25)));
}

TEST_CASE("the vignette is a polynomial of the half diagonal") {
    LensModel model;
    model.centre_x = 959.5, model.centre_y = 539.5;
    model.vignette = {-0.3, 0.05, -0.01};
    const Lens lens(model, kWidth, kHeight);
    CHECK(lens.light_at(959.5, 539.5) == 1);
    CHECK(lens.light_at(-0.5, -0.5) == doctest::Approx(1 - 0.3 + 0.05 - 0.01));
    const double half = 0.25 * std::hypot(kWidth, kHeight);
    CHECK(lens.light_at(959.5 + half, 539.5) == doctest::Approx(1 - 0.3 / 4 + 0.05 / 16 - 0.01 / 64));
}

TEST_CASE("coefficients that make no picture are refused") {
    LensModel model = opencv_lens();
    model.k[1] = std::nan("");
    CHECK_THROWS_AS(Lens(model, kWidth, kHeight), Error);
    model = opencv_lens();
    model.unit_y = 0;
    CHECK_THROWS_AS(Lens(model, kWidth, kHeight), Error);
    model = opencv_lens();
    model.vignette[0] = -1.2;
    CHECK_THROWS_AS(Lens(model, kWidth, kHeight), Error);
}

}  // namespace wetgate::tests

#include "framing/st_map.h"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "framing/lens_warp.h"

namespace wetgate::framing {
namespace {

constexpr Box picture{0, 0, 64, 36};

FloatImage map_over(const Box& window, double (*u)(double, double), double (*v)(double, double)) {
    FloatImage map = make_float_image(window);
    for (int y = window.y0; y < window.y1; ++y) {
        for (int x = window.x0; x < window.x1; ++x) {
            const auto at = static_cast<std::size_t>((y - window.y0) * window.width() + x - window.x0);
            map.channel(0)[at] = static_cast<float>(u(x, y));
            map.channel(1)[at] = static_cast<float>(v(x, y));
            map.channel(2)[at] = 0;
        }
    }
    return map;
}

TEST_CASE("u goes from the left edge to the right, v from the bottom to the top, as in Nuke") {
    // Nuke's own identity: u = (x + 0.5) / width, v = (y + 0.5) / height, y from the bottom row up.
    FloatImage map = map_over(
        picture, [](double x, double) { return (x + 0.5) / 64; },
        [](double, double y) { return ((35 - y) + 0.5) / 36; });
    const auto set = [&](int x, int y, float u, float v) {
        map.channel(0)[y * 64 + x] = u;
        map.channel(1)[y * 64 + x] = v;
    };
    set(40, 20, 0, 1);        // the picture's upper left corner
    set(41, 20, 1, 0);        // its lower right one
    set(42, 20, 0.5F, 1.5F);  // half a picture above it
    const StMap step(map, picture);
    CHECK(step.at({7, 5}).x == 7);
    CHECK(step.at({7, 5}).y == 5);
    CHECK(step.at({40, 20}).x == -0.5);
    CHECK(step.at({40, 20}).y == -0.5);
    CHECK(step.at({41, 20}).x == 63.5);
    CHECK(step.at({41, 20}).y == 35.5);
    CHECK(step.at({42, 20}).x == 31.5);
    CHECK(step.at({42, 20}).y == -18.5);
}

TEST_CASE("between a map's pixels, and to its very edge, what is straight stays straight") {
    const StMap step(map_over(
                         picture, [](double x, double y) { return (0.9 * x + 0.1 * y + 3.5) / 64; },
                         [](double, double y) { return 1 - (0.8 * y + 2.5) / 36; }),
                     picture);
    for (const Point place : {Point{10.3, 7.7}, Point{-0.5, -0.5}, Point{63.5, 35.5}, Point{0, 34.6}}) {
        CHECK(step.at(place).x == doctest::Approx(0.9 * place.x + 0.1 * place.y + 3).epsilon(1e-5));
        CHECK(step.at(place).y == doctest::Approx(0.8 * place.y + 2).epsilon(1e-5));
    }
    CHECK(std::isnan(step.at({-0.6, 3}).x));
    CHECK(std::isnan(step.at({3, 35.6}).y));
}

TEST_CASE("no number, or a number that is no place, comes from nowhere") {
    FloatImage map = map_over(
        picture, [](double x, double) { return (x + 0.5) / 64; },
        [](double, double y) { return 1 - (y + 0.5) / 36; });
    map.channel(0)[5 * 64 + 5] = std::numeric_limits<float>::quiet_NaN();
    map.channel(1)[5 * 64 + 20] = std::numeric_limits<float>::infinity();
    map.channel(0)[5 * 64 + 40] = -1e30F;
    const StMap step(map, picture);
    for (const double x : {5.0, 20.0, 40.0, 5.4, 19.7, 40.5}) {
        CHECK(std::isnan(step.at({x, 5}).x));
        CHECK(std::isnan(step.at({x, 5}).y));
    }
    CHECK(step.at({9, 5}).x == 9);
    CHECK(std::isnan(step.at({std::nan(""), 5}).x));
}

TEST_CASE("a lens written as an ST map and read back is that lens to a thousandth of a pixel") {
    constexpr Box plate{0, 0, 480, 270};
    LensModel model;
    model.centre_x = 244;
    model.centre_y = 131;
    model.unit_x = model.unit_y = 400;
    model.k = {-0.25, 0.08, 0, 0, 0, 0};
    model.p = {0.001, -0.002, 0, 0};
    const auto lens = std::make_shared<const Lens>(model, plate.width(), plate.height());
    Warp warp;
    warp.then(lens_step(lens, LensWay::ToPlate, 1, plate));
    constexpr Box overscan{-40, -30, 520, 300};
    const StMap step(st_map_of(warp, overscan, plate), plate);
    double worst = 0;
    for (double y = overscan.y0; y < overscan.y1; y += 7.25) {
        for (double x = overscan.x0; x < overscan.x1; x += 7.25) {
            const Point there = warp.at(x, y), read = step.at({x, y});
            worst = std::max(worst, std::hypot(there.x - read.x, there.y - read.y));
        }
    }
    CHECK(worst < 1.5e-3);
    CHECK(worst > 0);
}

TEST_CASE("what a lens does not see is far away in its ST map, for Nuke, and nowhere for us") {
    LensModel model;
    model.centre_x = 31.5, model.centre_y = 17.5, model.unit_x = model.unit_y = 20;
    model.k[0] = -0.3;  // folds over at 21 px
    Warp warp;
    warp.then(lens_step(std::make_shared<const Lens>(model, 64, 36), LensWay::ToPlate, 1, picture));
    const FloatImage map = st_map_of(warp, picture, picture);
    CHECK(map.channel(0)[17 * 64] == -10);
    CHECK(map.channel(1)[17 * 64] == -10);
    CHECK(std::isnan(StMap(map, picture).at({0, 17}).x));
    CHECK(StMap(map, picture).at({31, 17}).x == doctest::Approx(warp.at(31, 17).x).epsilon(1e-4));
}

}  // namespace
}  // namespace wetgate::framing

#include "framing/warp.h"

#include <doctest/doctest.h>

#include <cmath>

namespace wetgate::framing {
namespace {

// A barrel of one coefficient, as a step that is no projective map.
class Barrel final : public WarpStep {
public:
    Point at(Point p) const override {
        const double r2 = (p.x * p.x + p.y * p.y) * 1e-4;
        return {p.x * (1 + r2), p.y * (1 + r2)};
    }
};

TEST_CASE("steps are taken in their order, and projective maps that follow each other are one") {
    Warp warp;
    CHECK(warp.is_identity());
    CHECK(warp.whole_shift() == std::array<int, 2>{0, 0});
    warp.then(similarity({0, 0}, 2, 0, 0, 0));
    warp.then(similarity({0, 0}, 1, 0, 10, -3));
    CHECK(warp.at(3, 4).x == doctest::Approx(16));
    CHECK(warp.at(3, 4).y == doctest::Approx(5));
    warp.then(std::make_shared<Barrel>());
    CHECK(warp.at(0, 0).x == doctest::Approx(10 * (1 + 109e-4)));
    Warp first(similarity({0, 0}, 1, 0, 1, 0));
    first.then(warp);
    CHECK(first.at(2, 4).x == doctest::Approx(warp.at(3, 4).x));
}

TEST_CASE("a similarity turns clockwise about its centre and leaves the centre where it was") {
    const motion::Homography map = similarity({100, 50}, 1.5, 90, 0, 0);
    CHECK(map.at(100, 50)[0] == doctest::Approx(100));
    CHECK(map.at(100, 50)[1] == doctest::Approx(50));
    CHECK(map.at(110, 50)[0] == doctest::Approx(100));
    CHECK(map.at(110, 50)[1] == doctest::Approx(65));
    CHECK(Warp(similarity({7, 9}, 1, 0, 0, 0)).is_identity());
    CHECK(Warp(similarity({7, 9}, 1, 0, 12, -3)).whole_shift() == std::array<int, 2>{12, -3});
    CHECK(!Warp(similarity({7, 9}, 1, 0, 12.5, -3)).whole_shift());
    CHECK(!Warp(similarity({7, 9}, 1.01, 0, 12, -3)).whole_shift());
    CHECK(!Warp(similarity({7, 9}, 1, 0, std::nan(""), 0)).whole_shift());
}

}  // namespace
}  // namespace wetgate::framing

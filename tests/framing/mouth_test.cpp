#include "framing/mouth.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

namespace wetgate::tests {
namespace {

using framing::ColorPicture;
using framing::FaceMarks;
using framing::mouth_motion;

constexpr int kWidth = 160;
constexpr int kHeight = 120;

/// A drawn face: eyes 20 px above and a mouth 20 px below the middle of the head, open by `open` px.
ColorPicture head(double middle_x, double middle_y, double open, double light = 1) {
    ColorPicture picture{kWidth, kHeight, {}};
    for (int y = 0; y < kHeight; ++y) {
        for (int x = 0; x < kWidth; ++x) {
            const double u = x + 0.5 - middle_x;
            const double v = y + 0.5 - middle_y;
            const auto blob = [&](double at_x, double at_y, double wide, double high) {
                return std::exp(-std::pow((u - at_x) / wide, 2) - std::pow((v - at_y) / high, 2));
            };
            double level = 60 + 120 / (1 + std::exp((std::hypot(u / 35, v / 48) - 1) * 12));
            level -= 90 * (blob(-14, -20, 6, 4) + blob(14, -20, 6, 4)) + 40 * blob(0, -2, 4, 8);
            level -= 100 * blob(0, 20, 12, 2 + open);
            const auto gray = static_cast<std::uint8_t>(std::lround(std::clamp(level * light, 0.0, 255.0)));
            picture.pixels.insert(picture.pixels.end(), {gray, gray, gray});
        }
    }
    return picture;
}

FaceMarks marks(double x, double y) {
    return {{{x - 14, y - 20}, {x + 14, y - 20}, {x, y}, {x - 12, y + 20}, {x + 12, y + 20}}};
}

TEST_CASE("a mouth that opens moves, a head that moves or is lit otherwise does not") {
    const ColorPicture shut = head(80, 60, 0);
    CHECK(mouth_motion(shut, shut, marks(80, 60)) == 0);
    const auto opened = mouth_motion(shut, head(80, 60, 6), marks(80, 60));
    REQUIRE(opened);
    CHECK(*opened > 0.08);
    const auto went = mouth_motion(shut, head(84, 58, 0), marks(84, 58));
    REQUIRE(went);
    CHECK(*went < 0.01);
    const auto lit = mouth_motion(shut, head(80, 60, 0, 1.1), marks(80, 60));
    REQUIRE(lit);
    CHECK(*lit < 0.02);
    const auto both = mouth_motion(shut, head(84, 58, 6), marks(84, 58));
    REQUIRE(both);
    CHECK(*both == doctest::Approx(*opened).epsilon(0.25));
}

TEST_CASE("of a mouth that is too small, leaves the picture or was not there nothing is said") {
    const ColorPicture shut = head(80, 60, 0);
    FaceMarks small;
    for (std::size_t i = 0; i < small.size(); ++i)
        small[i] = {80 + 0.1 * (marks(0, 0)[i].x), 60 + 0.1 * marks(0, 0)[i].y};
    CHECK_FALSE(mouth_motion(shut, shut, small));
    CHECK_FALSE(mouth_motion(shut, head(20, 60, 0), marks(20, 60)));
    ColorPicture empty{kWidth, kHeight, {}};
    empty.pixels.assign(3UL * kWidth * kHeight, 90);
    CHECK_FALSE(mouth_motion(empty, shut, marks(80, 60)));
    CHECK_FALSE(mouth_motion(shut, shut, FaceMarks{}));
}

}  // namespace
}  // namespace wetgate::tests

#include "framing/fill.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace wetgate::framing {
namespace {

constexpr int kWidth = 160, kHeight = 96;
constexpr double kSeamPx = 8;

// The scene; far below the sampling limit, so that resampling loses nothing that matters here.
double scene(double x, double y) {
    return 0.3 + 0.1 * std::sin(0.31 * x + 0.2) * std::cos(0.23 * y) + 0.08 * std::sin(0.11 * x - 0.17 * y);
}

/// What a camera whose corner lies at (x, y) of the scene sees of it, times `gain`.
MovablePicture seen_from(double x, double y, float gain = 1) {
    MovablePicture picture{make_float_image({0, 0, kWidth, kHeight}), {}};
    for (int c = 0; c < 3; ++c) {
        for (int row = 0; row < kHeight; ++row) {
            for (int column = 0; column < kWidth; ++column) {
                picture.rgb.channel(c)[row * kWidth + column] =
                    gain * static_cast<float>((1 + 0.2 * c) * scene(x + column, y + row));
            }
        }
    }
    return picture;
}

motion::Homography shift(double x, double y) {
    return {{1, 0, x, 0, 1, y, 0, 0, 1}};
}

/// The neighbour that lies at (x, y) of the scene, which the own picture begins at (0, 0) of.
FillNeighbour neighbour(int frame, double x, double y, float gain = 1, double error_px = 0) {
    return {frame, shift(error_px - x, -y), [=] { return seen_from(x, y, gain); }};
}

constexpr Box kCanvas{0, 0, kWidth, kHeight};

/// Greatest error of the canvas that begins at (x, y) of the scene, as a share, over pixels up to 2 px from
/// its edge.
double worst_error(const MovablePicture& made, double x, double y) {
    double worst = 0;
    for (int c = 0; c < 3; ++c) {
        for (int row = 2; row < kHeight - 2; ++row) {
            for (int column = 2; column < kWidth - 2; ++column) {
                const double is = static_cast<double>(made.rgb.channel(c)[row * kWidth + column]);
                worst = std::max(worst, std::abs(is / ((1 + 0.2 * c) * scene(x + column, y + row)) - 1));
            }
        }
    }
    return worst;
}

}  // namespace

TEST_CASE("what the own picture does not cover is what the neighbours see there, the first that has it") {
    const MovablePicture own = seen_from(0, 0);
    const Warp to_own(shift(-9.3, 5.4));
    MovablePicture made = moved(own, to_own, kCanvas);
    const std::size_t uncovered = made.uncovered;
    REQUIRE(uncovered > 1000);
    const FillNeighbour neighbours[] = {neighbour(11, -4.5, 0.25), neighbour(13, -30, 2),
                                        neighbour(9, 500, 500), neighbour(15, 5, 20), neighbour(7, -12, 20)};
    const FillCount count = fill_uncovered(made, own, to_own, neighbours);
    CHECK(count.copied == uncovered);
    CHECK(count.synthesised == 0);
    CHECK(count.from == std::vector<int>{7, 11, 13, 15});
    CHECK(worst_error(made, -9.3, 5.4) < 0.004);
}

TEST_CASE("pixels away from the edge keep their bits, and so do all where nothing is uncovered") {
    const MovablePicture own = seen_from(0, 0);
    const FillNeighbour neighbours[] = {neighbour(2, -20, 0, 1.5F)};
    const Warp to_own(shift(-6, 0));
    MovablePicture made = moved(own, to_own, kCanvas);
    fill_uncovered(made, own, to_own, neighbours);
    const MovablePicture plain = moved(own, to_own, kCanvas);
    for (int c = 0; c < 3; ++c) {
        for (int row = 0; row < kHeight; ++row) {
            for (int column = 6 + static_cast<int>(kSeamPx); column < kWidth; ++column) {
                const int at = row * kWidth + column;
                CHECK(made.rgb.channel(c)[at] == plain.rgb.channel(c)[at]);
            }
        }
    }
    const Warp inside(similarity({80, 48}, 0.9, 1, 0.3, 0.2));
    MovablePicture whole = moved(own, inside, kCanvas);
    const MovablePicture same = moved(own, inside, kCanvas);
    REQUIRE(whole.uncovered == 0);
    const FillCount count = fill_uncovered(whole, own, inside, neighbours);
    CHECK(count.copied + count.synthesised == 0);
    CHECK(std::memcmp(whole.rgb.channel(0), same.rgb.channel(0), 3 * kCanvas.area() * sizeof(float)) == 0);
}

TEST_CASE(
    "a neighbour of another exposure is brought to the own picture's, and one that lies beside is shifted") {
    const MovablePicture own = seen_from(0, 0);
    const Warp to_own(shift(10.5, -7.25));
    MovablePicture made = moved(own, to_own, kCanvas);
    const FillNeighbour neighbours[] = {neighbour(4, 8, -14, 0.7F, 1.3), neighbour(9, 20, -9, 1.2F, -0.8),
                                        neighbour(2, 20, 0)};
    const FillCount count = fill_uncovered(made, own, to_own, neighbours);
    CHECK(count.synthesised == 0);
    CHECK(worst_error(made, 10.5, -7.25) < 0.008);
}

TEST_CASE("what no neighbour shows goes on smoothly, and is counted") {
    const MovablePicture own = seen_from(0, 0);
    const Warp to_own(shift(-5, 0));
    MovablePicture made = moved(own, to_own, kCanvas);
    const FillNeighbour none[] = {neighbour(4, 9, 0)};
    const FillCount count = fill_uncovered(made, own, to_own, none);
    CHECK(count.copied == 0);
    CHECK(count.synthesised == 5 * kHeight);
    CHECK(count.from.empty());
    for (int row = 0; row < kHeight; ++row) {
        for (int column = 0; column < 5; ++column) {
            const float is = made.rgb.channel(0)[row * kWidth + column];
            CHECK(is > 0.12F);
            CHECK(is < 0.48F);
        }
        // Beside the picture, nearly what it ends with.
        CHECK(std::abs(made.rgb.channel(0)[row * kWidth + 4] - made.rgb.channel(0)[row * kWidth + 5]) <
              0.05F);
    }
}

TEST_CASE("alpha is filled with its colours, and a neighbour's sample that is not finite fills nothing") {
    MovablePicture own = seen_from(0, 0);
    own.alpha.emplace(kCanvas.area(), 1.0F);
    const Warp to_own(shift(-12, 0));
    MovablePicture made = moved(own, to_own, kCanvas);
    const FillNeighbour neighbours[] = {{3, shift(20, 0), [] {
                                             MovablePicture picture = seen_from(-20, 0);
                                             picture.alpha.emplace(kCanvas.area(), 1.0F);
                                             picture.rgb.channel(1)[40 * kWidth + 10] =
                                                 std::numeric_limits<float>::quiet_NaN();
                                             return picture;
                                         }}};
    const FillCount count = fill_uncovered(made, own, to_own, neighbours);
    CHECK(count.synthesised > 0);
    CHECK(count.synthesised < 40);
    CHECK(count.copied + count.synthesised == 12 * kHeight);
    for (std::size_t i = 0; i < kCanvas.area(); ++i) {
        CHECK((*made.alpha)[i] == doctest::Approx(1).epsilon(1e-5));
        CHECK(std::isfinite(made.rgb.channel(1)[i]));
    }
}

}  // namespace wetgate::framing

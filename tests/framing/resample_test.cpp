#include "framing/resample.h"

#include <doctest/doctest.h>

#include <cmath>
#include <functional>
#include <limits>
#include <numbers>
#include <utility>

#include "color/acescct.h"

namespace wetgate::framing {
namespace {

MovablePicture picture(int width, int height, const std::function<float(int, int, int)>& value) {
    MovablePicture made{make_float_image({0, 0, width, height}), {}};
    for (int c = 0; c < 3; ++c) {
        for (int y = 0; y < height; ++y)
            for (int x = 0; x < width; ++x) made.rgb.channel(c)[y * width + x] = value(c, x, y);
    }
    return made;
}

float at(const FloatImage& image, int c, int x, int y) {
    return image.channel(c)[y * image.window.width() + x];
}

// Smooth, with detail far below the sampling limit.
float wave(double x, double y) {
    return static_cast<float>(0.3 + 0.2 * std::sin(0.35 * x) * std::cos(0.25 * y));
}

Warp shift(double dx, double dy) {
    return Warp(similarity({0, 0}, 1, 0, dx, dy));
}

TEST_CASE("a whole-pixel shift keeps the bits, also of negatives, highlights, NaN and Inf") {
    const float inf = std::numeric_limits<float>::infinity();
    const auto plate = picture(12, 9, [&](int c, int x, int y) {
        if (x == 5 && y == 4) return c == 0 ? -0.1F : c == 1 ? inf : std::nanf("");
        return static_cast<float>(c + 1) * 0.7F * static_cast<float>(x * y) + 1e-7F;
    });
    const MovablePicture result = moved(plate, shift(2, 1), {0, 0, 8, 6});
    for (int c = 0; c < 3; ++c) {
        for (int y = 0; y < 6; ++y) {
            for (int x = 0; x < 8; ++x) {
                const float was = at(plate.rgb, c, x + 2, y + 1);
                const float is = at(result.rgb, c, x, y);
                CHECK((is == was || (std::isnan(is) && std::isnan(was))));
            }
        }
    }
    CHECK(result.uncovered == 0);
    CHECK(result.rgb.window == Box{0, 0, 8, 6});

    MovablePicture glass = plate;
    glass.alpha.emplace(12 * 9, 0.25F);
    const MovablePicture beside = moved(glass, shift(-3, 2), {0, 0, 12, 9});
    CHECK(beside.uncovered == 12 * 9 - 9 * 7);
    CHECK(at(beside.rgb, 1, 3, 0) == at(plate.rgb, 1, 0, 2));
    CHECK(at(beside.rgb, 1, 2, 0) == 0);
    CHECK((*beside.alpha)[3] == 0.25F);
    CHECK((*beside.alpha)[2] == 0);
}

TEST_CASE("a smooth picture moved by parts of a pixel is what it is there, to a part in a thousand") {
    const auto plate = picture(64, 48, [](int, int x, int y) { return wave(x, y); });
    const MovablePicture result =
        moved(plate, Warp(similarity({32, 24}, 0.95, 7, 0.3, -0.6)), {0, 0, 64, 48});
    const motion::Homography map = similarity({32, 24}, 0.95, 7, 0.3, -0.6);
    int looked_at = 0;
    for (int y = 0; y < 48; ++y) {
        for (int x = 0; x < 64; ++x) {
            const auto place = map.at(x, y);
            if (place[0] < 4 || place[1] < 4 || place[0] > 59 || place[1] > 43) continue;
            ++looked_at;
            CAPTURE(place[0]);
            CAPTURE(place[1]);
            CHECK(at(result.rgb, 1, x, y) == doctest::Approx(wave(place[0], place[1])).epsilon(0.001));
        }
    }
    CHECK(looked_at > 1500);
}

// A picture with all that a lens lets through: amplitudes as 1 / frequency, blurred by 0.6 px.
double detailed(double x, double y) {
    double sum = 0;
    for (int k = 0; k < 24; ++k) {
        const double frequency = 0.02 * (k + 1), turn = 2.4 * k;
        const double blurred = std::exp(-2 * std::pow(std::numbers::pi * frequency * 0.6, 2));
        sum +=
            blurred / frequency *
            std::sin(2 * std::numbers::pi * frequency * (x * std::cos(turn) + y * std::sin(turn)) + 1.7 * k);
    }
    return 0.4 + 0.0006 * sum;  // in the coding, whose limits of peaks it does not touch
}

TEST_CASE("a picture that is moved keeps its sharpness within 2 % of an ideal resample") {
    constexpr int size = 96;
    const auto plate = picture(size, size, [](int, int x, int y) {
        return color::linear_from_acescct(static_cast<float>(detailed(x, y)));
    });
    const motion::Homography map = similarity({48, 48}, 0.97, 1.5, 0.31, -0.47);
    const MovablePicture result = moved(plate, Warp(map), {0, 0, size, size});
    const auto made = [&](int x, int y) {
        return static_cast<double>(color::acescct_from_linear(at(result.rgb, 1, x, y)));
    };
    const auto ideal = [&](int x, int y) {
        const auto place = map.at(x, y);
        return detailed(place[0], place[1]);
    };
    const auto energies = [](const auto& value) {  // of the gradient, of the Laplacian
        double gradient = 0, laplacian = 0;
        for (int y = 12; y < size - 12; ++y) {
            for (int x = 12; x < size - 12; ++x) {
                const double here = value(x, y);
                gradient += std::pow(value(x + 1, y) - here, 2) + std::pow(value(x, y + 1) - here, 2);
                laplacian += std::pow(
                    value(x + 1, y) + value(x - 1, y) + value(x, y + 1) + value(x, y - 1) - 4 * here, 2);
            }
        }
        return std::pair(gradient, laplacian);
    };
    const auto [gradient, laplacian] = energies(made);
    const auto [ideal_gradient, ideal_laplacian] = energies(ideal);
    CHECK(std::sqrt(gradient / ideal_gradient) == doctest::Approx(1).epsilon(0.01));
    CHECK(std::sqrt(laplacian / ideal_laplacian) == doctest::Approx(1).epsilon(0.02));
}

TEST_CASE("a lamp does not ring: nothing goes further beyond what is around it than a twelfth of a stop") {
    const auto plate = picture(
        24, 24, [](int, int x, int y) { return x >= 10 && x < 14 && y >= 10 && y < 14 ? 50.0F : 0.02F; });
    const MovablePicture result = moved(plate, shift(0.37, 0.61), {0, 0, 24, 24});
    for (int y = 0; y < 23; ++y) {
        for (int x = 0; x < 23; ++x) {
            CHECK(at(result.rgb, 0, x, y) >= 0.02F * 0.94F);
            CHECK(at(result.rgb, 0, x, y) <= 50.0F * 1.07F);
        }
    }
}

TEST_CASE("a picture made a third as large keeps its mean and loses stripes that it cannot hold") {
    const auto plate = picture(96, 96, [](int, int x, int) { return x % 2 == 0 ? 0.2F : 0.3F; });
    const MovablePicture result = moved(plate, Warp(similarity({0, 0}, 3, 0, 1, 1)), {0, 0, 32, 32});
    for (int x = 3; x < 29; ++x) CHECK(at(result.rgb, 0, x, 16) == doctest::Approx(0.245).epsilon(0.01));
}

TEST_CASE("outside of the data there is no picture, and the report counts it") {
    auto plate = picture(10, 8, [](int, int, int) { return 0.5F; });
    plate.alpha.emplace(80, 1.0F);
    plate.rgb.window = {-2, 0, 8, 8};  // overscan
    const MovablePicture result = moved(plate, shift(-3, 0), {0, 0, 6, 8});
    CHECK(result.uncovered == 8);
    CHECK(at(result.rgb, 0, 0, 3) == 0.0F);
    CHECK((*result.alpha)[0] == 0.0F);
    CHECK(at(result.rgb, 0, 1, 3) == 0.5F);
    CHECK((*result.alpha)[1] == 1.0F);
}

TEST_CASE("premultiplied colours and their alpha are mixed alike, so that the colour under the edge stays") {
    auto plate = picture(16, 16, [](int, int x, int) { return x < 8 ? 0.8F : 0.0F; });
    plate.alpha.emplace(256);
    for (std::size_t i = 0; i < 256; ++i) (*plate.alpha)[i] = i % 16 < 8 ? 1.0F : 0.0F;
    const MovablePicture result = moved(plate, shift(0.4, 0), {0, 0, 16, 16});
    for (int x = 0; x < 15; ++x) {
        const float alpha = (*result.alpha)[static_cast<std::size_t>(8 * 16 + x)];
        CHECK(at(result.rgb, 2, x, 8) == doctest::Approx(0.8 * static_cast<double>(alpha)).epsilon(1e-5));
    }
}

TEST_CASE("a matte is moved as alpha is, and is nothing where it does not reach") {
    MovablePicture plate =
        picture(40, 30, [](int c, int x, int y) { return static_cast<float>(c + 1) * wave(x, y); });
    plate.alpha.emplace(40 * 30);
    for (std::size_t i = 0; i < plate.alpha->size(); ++i) {
        const int x = static_cast<int>(i % 40);
        (*plate.alpha)[i] = x < 12 ? 0.0F : x < 24 ? static_cast<float>(x - 12) / 12 : 1.0F;
    }
    const Box window{-4, -4, 44, 34};
    for (const Warp& warp : {Warp(similarity({20, 15}, 0.95, 5, 0.3, 0)),
                             Warp(similarity({20, 15}, 1.6, 0, 0, 0)), shift(3, -2)}) {
        const MovablePicture whole = moved(plate, warp, window);
        CHECK(moved_plane(*plate.alpha, plate.rgb.window, warp, window) == *whole.alpha);
        CHECK(whole.uncovered > 0);
    }
}

TEST_CASE("each colour comes from its own place, and whole pixels of each keep their bits") {
    const auto plate =
        picture(12, 9, [](int c, int x, int y) { return 0.1F * static_cast<float>(c + 1 + x * y); });
    const ColourWarp apart(shift(1, 0), shift(0, 0), shift(0, 2));
    const MovablePicture result = moved(plate, apart, {0, 0, 12, 9});
    CHECK(result.uncovered == 0);
    CHECK(at(result.rgb, 0, 4, 3) == at(plate.rgb, 0, 5, 3));
    CHECK(at(result.rgb, 1, 4, 3) == at(plate.rgb, 1, 4, 3));
    CHECK(at(result.rgb, 2, 4, 3) == at(plate.rgb, 2, 4, 5));
    // Where green is in the picture and another colour is not, that one's edge repeats.
    CHECK(at(result.rgb, 0, 11, 3) == doctest::Approx(at(plate.rgb, 0, 11, 3)).epsilon(0.01));
    CHECK(at(result.rgb, 2, 4, 8) == doctest::Approx(at(plate.rgb, 2, 4, 8)).epsilon(0.01));
}

TEST_CASE("of a window that reaches further than what is shown, only what is shown counts as uncovered") {
    const auto plate = picture(10, 8, [](int, int, int) { return 0.5F; });
    CHECK(moved(plate, shift(0, 0), {-2, 0, 12, 8}).uncovered == 32);
    CHECK(moved(plate, shift(0, 0), {-2, 0, 12, 8}, {0, 0, 10, 8}).uncovered == 0);
    CHECK(moved(plate, shift(3, 0), {-2, 0, 12, 8}, {0, 0, 10, 8}).uncovered == 24);
}

TEST_CASE("light is multiplied, alpha is not, and a gain of 1 keeps the bits") {
    const float inf = std::numeric_limits<float>::infinity();
    const auto plate =
        picture(4, 2, [&](int c, int x, int) { return x == 0 ? inf : 0.3F * static_cast<float>(c - 1); });
    const FloatImage result = lit(plate.rgb, [](Point place) { return place.x < 2 ? 1.0 : 2.0; });
    CHECK(at(result, 0, 0, 1) == inf);
    CHECK(at(result, 2, 1, 0) == at(plate.rgb, 2, 1, 0));
    CHECK(at(result, 2, 2, 0) == 2 * at(plate.rgb, 2, 2, 0));
    CHECK(at(result, 0, 3, 1) == 2 * at(plate.rgb, 0, 3, 1));
    CHECK(at(plate.rgb, 0, 3, 1) == -0.3F);
}

}  // namespace
}  // namespace wetgate::framing

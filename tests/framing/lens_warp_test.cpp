#include "framing/lens_warp.h"

#include <doctest/doctest.h>

#include <cmath>
#include <functional>

#include "framing/resample.h"

namespace wetgate::framing {
namespace {

constexpr int width = 480, height = 270;
constexpr Box plate_box{0, 0, width, height};

LensModel some_lens() {
    LensModel model;
    model.centre_x = 236;
    model.centre_y = 138;
    model.unit_x = model.unit_y = 380;
    model.k = {-0.22, 0.07, -0.01, 0, 0, 0};
    model.p = {0.0012, -0.0008, 0, 0};
    return model;
}

ColourWarp way_of(const LensModel& model, LensWay way) {
    const auto lens = std::make_shared<const Lens>(model, width, height);
    std::array<Warp, 3> ways;
    for (int c = 0; c < 3; ++c) ways[static_cast<std::size_t>(c)].then(lens_step(lens, way, c, plate_box));
    return {ways[0], ways[1], ways[2]};
}

/// What the lens makes of a scene: each channel shows at a place what lies at its ideal one.
MovablePicture seen(const LensModel& model, const std::function<double(double, double)>& scene) {
    const Lens lens(model, width, height);
    MovablePicture plate{make_float_image(plate_box), {}};
    for (int c = 0; c < 3; ++c) {
        for (int y = 0; y < height; ++y) {
            for (int x = 0; x < width; ++x) {
                const auto ideal = lens.ideal_of(x, y, c);
                plate.rgb.channel(c)[y * width + x] =
                    static_cast<float>(ideal ? scene((*ideal)[0], (*ideal)[1]) : 0.0);
            }
        }
    }
    return plate;
}

double dots(double x, double y) {
    constexpr double spacing = 30, sigma = 1.8;
    const double dx = x - spacing * std::nearbyint(x / spacing);
    const double dy = y - spacing * std::nearbyint(y / spacing);
    return 0.1 + 0.8 * std::exp(-(dx * dx + dy * dy) / (2 * sigma * sigma));
}

/// The dot near (x, y), by its middle of light above the ground.
Point dot_at(const FloatImage& image, int c, int x, int y) {
    double sum = 0, across = 0, down = 0;
    for (int j = y - 7; j <= y + 7; ++j) {
        for (int i = x - 7; i <= x + 7; ++i) {
            const double light = static_cast<double>(image.channel(c)[j * width + i]) - 0.1;
            sum += light;
            across += light * i;
            down += light * j;
        }
    }
    return {across / sum, down / sum};
}

TEST_CASE("a grid of dots that a lens has bent comes back straight, to a twentieth of a pixel") {
    const LensModel model = some_lens();
    const MovablePicture plate = seen(model, dots);
    const MovablePicture ideal = moved(plate, way_of(model, LensWay::ToPlate).green(), plate_box);
    double worst = 0, was = 0;
    for (int y = 30; y < height - 20; y += 30) {
        for (int x = 30; x < width - 20; x += 30) {
            const Point dot = dot_at(ideal.rgb, 1, x, y);
            worst = std::max(worst, std::hypot(dot.x - x, dot.y - y));
            const Point bent = way_of(model, LensWay::ToPlate).green().at(x, y);
            was = std::max(was, std::hypot(bent.x - x, bent.y - y));
        }
    }
    CHECK(was > 10);
    CHECK(worst < 0.05);
}

TEST_CASE("lateral colour goes: red and blue dots lie on the green ones, to a tenth of a pixel") {
    LensModel model = some_lens();
    model.colour = {{{0.006, 0.002}, {0, 0}, {-0.005, 0.001}}};
    const MovablePicture plate = seen(model, dots);
    const ColourWarp way = way_of(model, LensWay::ToPlate);
    const MovablePicture ideal = moved(plate, way, plate_box);
    const MovablePicture together = moved(plate, way.green(), plate_box);
    double worst = 0, was = 0;
    for (int y = 30; y < height - 20; y += 30) {
        for (int x = 30; x < width - 20; x += 30) {
            const Point green = dot_at(ideal.rgb, 1, x, y);
            for (const int c : {0, 2}) {
                const Point dot = dot_at(ideal.rgb, c, x, y);
                worst = std::max(worst, std::hypot(dot.x - green.x, dot.y - green.y));
                const Point apart = dot_at(together.rgb, c, x, y);
                was = std::max(was, std::hypot(apart.x - green.x, apart.y - green.y));
            }
        }
    }
    CHECK(was > 1);
    CHECK(worst < 0.02);
}

TEST_CASE("a vignette goes: a flat field is flat to a thousandth, in linear light") {
    LensModel model = some_lens();
    model.vignette = {-0.55, 0.12, -0.04};
    const Lens lens(model, width, height);
    FloatImage plate = make_float_image(plate_box);
    for (int c = 0; c < 3; ++c) {
        for (int y = 0; y < height; ++y) {
            for (int x = 0; x < width; ++x)
                plate.channel(c)[y * width + x] = static_cast<float>((0.2 + 0.1 * c) * lens.light_at(x, y));
        }
    }
    CHECK(plate.channel(0)[0] < 0.14F);
    const FloatImage flat = lit(plate, [&](Point place) { return 1 / lens.light_at(place.x, place.y); });
    for (int c = 0; c < 3; ++c) {
        for (std::size_t i = 0; i < flat.window.area(); ++i) {
            if (std::abs(static_cast<double>(flat.channel(c)[i]) / (0.2 + 0.1 * c) - 1) > 0.001)
                FAIL_CHECK("not flat");
        }
    }
}

TEST_CASE("between the places that are solved, a way is off by less than a thousandth of a pixel") {
    LensModel strong = some_lens();
    strong.centre_x = 1930, strong.centre_y = 1070, strong.unit_x = strong.unit_y = 2600;
    strong.k = {-0.3, 0.1, 0, 0, 0, 0};
    LensModel three_de = strong;
    three_de.convention = LensModel::Convention::ThreeDe;
    three_de.unit_x = three_de.unit_y = 2200;
    three_de.k = {0.12, 0.04, 0, 0, 0, 0};
    constexpr Box box{0, 0, 3840, 2160};
    for (const LensModel& model : {strong, three_de}) {
        const bool is_opencv = model.convention == LensModel::Convention::OpenCv;
        const auto lens = std::make_shared<const Lens>(model, box.width(), box.height());
        const auto step = lens_step(lens, is_opencv ? LensWay::ToIdeal : LensWay::ToPlate, 1, box);
        double worst = 0;
        for (double y = -300; y < 2460; y += 37.3) {
            for (double x = -300; x < 4140; x += 37.3) {
                const auto exact = is_opencv ? lens->ideal_of(x, y, 1) : lens->plate_of(x, y, 1);
                REQUIRE(exact);
                const Point found = step->at({x, y});
                worst = std::max(worst, std::hypot(found.x - (*exact)[0], found.y - (*exact)[1]));
            }
        }
        CHECK(worst < 5e-4);
        CHECK(worst > 0);
    }
}

TEST_CASE("the window that holds all of the plate is where its border goes, and no larger") {
    const LensModel model = some_lens();
    const std::optional<Box> all = reached(way_of(model, LensWay::ToIdeal), plate_box, 3 * width);
    REQUIRE(all);
    const Lens lens(model, width, height);
    double left = 0, top = 0, right = width - 1, bottom = height - 1;
    for (int y = 0; y < height; ++y) {
        for (int x = 0; x < width; ++x) {
            const auto ideal = lens.ideal_of(x, y, 1);
            REQUIRE(ideal);
            left = std::min(left, (*ideal)[0]), right = std::max(right, (*ideal)[0]);
            top = std::min(top, (*ideal)[1]), bottom = std::max(bottom, (*ideal)[1]);
        }
    }
    CHECK(left < -5);
    CHECK(*all == Box{static_cast<int>(std::floor(left)), static_cast<int>(std::floor(top)),
                      static_cast<int>(std::ceil(right)) + 1, static_cast<int>(std::ceil(bottom)) + 1});
    CHECK_FALSE(reached(way_of(model, LensWay::ToIdeal), plate_box, width));
}

TEST_CASE("a border that comes from nowhere has no window that holds it") {
    LensModel model = some_lens();
    model.k = {-1.5, 0, 0, 0, 0, 0};  // folds over inside of the plate
    CHECK_FALSE(reached(way_of(model, LensWay::ToIdeal), plate_box, 3 * width));
}

}  // namespace
}  // namespace wetgate::framing

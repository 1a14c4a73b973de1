#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <cmath>
#include <map>

#include "compute/transfer.h"
#include "core/error.h"
#include "framing/st_map.h"
#include "passes/move.h"
#include "passes/pass.h"
#include "spec/params.h"

namespace wetgate::tests {
namespace {

using framing::Point;
using nlohmann::json;

constexpr int width = 320, height = 180;
constexpr Box display{0, 0, width, height};
constexpr framing::Canvas plate{width, height};

const json barrel = {{"distortion", {{"convention", "opencv"}, {"k1", -0.2}, {"k2", 0.04}, {"p1", 0.001}}},
                     {"focal", {300, 298}},
                     {"centre", {163, 88}}};

json with(json params, const json& more) {
    params.update(more);
    return params;
}

/// Maps of a shot, by frame, as pictures.
class Maps final : public passes::References {
public:
    std::map<int, FloatImage> of;
    mutable int asked = 0;

    std::vector<int> frames(const std::string&) const override {
        std::vector<int> numbers;
        for (const auto& [frame, map] : of) numbers.push_back(frame);
        return numbers;
    }
    compute::DeviceFrame picture(const std::string&, int frame) const override {
        ++asked;
        return compute::upload(of.at(frame), frame, at::kCPU);
    }
};

std::unique_ptr<passes::FramePass> pass_of(const json& params,
                                           std::shared_ptr<const passes::References> maps = nullptr,
                                           double pixel_aspect = 1) {
    passes::PassContext context;
    context.params = spec::pass_params("lens", params);
    context.display = display;
    context.pixel_aspect = pixel_aspect;
    context.references = std::move(maps);
    return passes::find_pass("lens").make(context);
}
const passes::MovingPass& moving(const std::unique_ptr<passes::FramePass>& pass) {
    return dynamic_cast<const passes::MovingPass&>(*pass);
}
passes::Move move_of(const json& params) {
    return moving(pass_of(params)).move(1001, plate);
}

std::shared_ptr<Maps> one_map(FloatImage map) {
    auto maps = std::make_shared<Maps>();
    maps->of[0] = std::move(map);
    return maps;
}
FloatImage shift_map(const Box& window, double dx) {
    return framing::st_map_of(framing::Warp(framing::similarity({0, 0}, 1, 0, dx, 0)), window, display);
}

/// What the framework makes of two moves in this order.
framing::ColourWarp both(const passes::Move& first, const passes::Move& second) {
    framing::ColourWarp whole = second.way();
    whole.then(first.way());
    return whole;
}

}  // namespace

TEST_CASE("coefficients that say nothing move nothing, so that the bits stay") {
    for (const json& params :
         {json::object(), json{{"distortion", {{"convention", "3de_radial"}}}},
          json{{"distortion", {{"convention", "opencv"}, {"k1", 0}}}, {"focal", {300, 300}}},
          json{{"colour", {{"red", {0, 0}}}}, {"vignette", {{"v1", 0}}}, {"direction", "distort"}}}) {
        const passes::Move move = move_of(params);
        CHECK(move.way().is_identity());
        CHECK_FALSE(move.gain);
        CHECK(move.facts.at("largest_shift_px") == 0);
    }
}

TEST_CASE("the numbers are OpenCV's, from the ideal picture to the plate") {
    const Point there = move_of(barrel).to_before.at(163 + 150, 88 - 74.5);
    const double x = 0.5, y = -0.25, s = 0.3125, g = 1 - 0.2 * s + 0.04 * s * s;
    CHECK(there.x == doctest::Approx(163 + 300 * (x * g + 2 * 0.001 * x * y)).epsilon(1e-12));
    CHECK(there.y == doctest::Approx(88 + 298 * (y * g + 0.001 * (s + 2 * y * y))).epsilon(1e-12));
    // The same lens in shares of the picture.
    const json shares = {{"distortion", barrel.at("distortion")},
                         {"units", "picture"},
                         {"focal", {300.0 / width, 298.0 / height}},
                         {"centre", {163.5 / width, 88.5 / height}}};
    CHECK(move_of(shares).to_before.at(313, 13.5).x == doctest::Approx(there.x).epsilon(1e-12));
    CHECK(move_of(shares).to_before.at(313, 13.5).y == doctest::Approx(there.y).epsilon(1e-12));
}

TEST_CASE("3DEqualizer's unit is half the diagonal as it is shown") {
    const json params = {{"distortion", {{"convention", "3de_radial"}, {"k1", 0.1}}},
                         {"direction", "distort"}};
    const double half = 0.5 * std::hypot(2 * width, height);  // pixels of the height, twice as wide as high
    const auto pass = pass_of(params, nullptr, 2);
    const Point there = moving(pass).move(1001, plate).to_before.at(159.5 + 80, 89.5 + 60);
    const double s = (160.0 * 160 + 60 * 60) / (half * half);
    CHECK(there.x == doctest::Approx(159.5 + 80 * (1 + 0.1 * s)).epsilon(1e-9));
    CHECK(there.y == doctest::Approx(89.5 + 60 * (1 + 0.1 * s)).epsilon(1e-9));
}

TEST_CASE("undistorted and distorted again, each colour is where it was") {
    const json colours = with(barrel, {{"colour", {{"red", {0.004, 0.001}}, {"blue", {-0.003, 0}}}}});
    const framing::ColourWarp whole =
        both(move_of(colours), move_of(with(colours, {{"direction", "distort"}})));
    for (std::size_t c = 0; c < 3; ++c) {
        for (const Point place : {Point{0, 0}, Point{319, 179}, Point{17, 101}, Point{163, 88}}) {
            CHECK(std::abs(whole.of(c).at(place.x, place.y).x - place.x) < 1e-4);
            CHECK(std::abs(whole.of(c).at(place.x, place.y).y - place.y) < 1e-4);
        }
    }
    CHECK(whole.is_split());
}

TEST_CASE("bent, moved, bent again and cropped is as sharp as what is resampled once") {
    framing::MovablePicture fine{make_float_image(display), {}};
    for (int c = 0; c < 3; ++c) {
        for (int y = 0; y < height; ++y) {
            for (int x = 0; x < width; ++x)
                fine.rgb.channel(c)[y * width + x] =
                    static_cast<float>(0.3 + 0.02 * std::sin(2.2 * x + 0.4 * y));
        }
    }
    // Of the stripes, in the middle of the picture.
    const auto contrast = [](const framing::MovablePicture& picture) {
        double sum = 0, squares = 0;
        for (int y = 40; y < 140; ++y) {
            for (int x = 60; x < 260; ++x) {
                const double value = static_cast<double>(picture.rgb.channel(1)[y * width + x]);
                sum += value;
                squares += value * value;
            }
        }
        const double mean = sum / 20000;
        return std::sqrt(squares / 20000 - mean * mean);
    };
    const auto by = [](double dx, double dy) {
        return framing::Warp(framing::similarity({0, 0}, 1, 0, dx, dy));
    };
    const passes::Move out = move_of(barrel), in = move_of(with(barrel, {{"direction", "distort"}}));
    const framing::Warp shake = by(0.37, -0.21), crop = by(10.5, 3.5);
    framing::ColourWarp whole(crop);
    for (const framing::ColourWarp& step : {in.way(), framing::ColourWarp(shake), out.way()})
        whole.then(step);
    // What the kernel does to stripes as fine as these it does most at half a pixel, and again each time.
    const auto change = [&](const framing::MovablePicture& picture) {
        return std::abs(contrast(picture) / contrast(fine) - 1);
    };
    const double once = change(framing::moved(fine, whole, display));
    CHECK(once <= change(framing::moved(fine, by(0.5, 0), display)));
    framing::MovablePicture often = fine;
    for (const framing::ColourWarp& step :
         {out.way(), framing::ColourWarp(shake), in.way(), framing::ColourWarp(crop)})
        often = framing::moved(often, step, display);
    CHECK(change(often) > 2 * once);
}

TEST_CASE("lateral colour alone leaves green as it is") {
    const passes::Move move = move_of({{"colour", {{"red", {0.01, 0}}}}});
    CHECK(move.to_before.is_identity());
    REQUIRE(move.red_blue);
    CHECK((*move.red_blue)[0].at(159.5 + 100, 89.5).x == doctest::Approx(159.5 + 101));
    CHECK((*move.red_blue)[1].is_identity());
}

TEST_CASE("a vignette is divided out in stops as strength says, and never by more than its limit") {
    const json vignette = {{"v1", -0.5}, {"v2", 0.1}};
    const auto gain_at = [](const json& params, double x, double y) {
        const passes::Move move = move_of({{"vignette", params}});
        REQUIRE(move.gain);
        CHECK(move.way().is_identity());
        return move.gain({x, y});
    };
    CHECK(gain_at(vignette, 159.5, 89.5) == 1);
    CHECK(gain_at(vignette, -0.5, -0.5) == doctest::Approx(1 / 0.6));
    CHECK(gain_at(with(vignette, {{"strength", 0.5}}), -0.5, -0.5) == doctest::Approx(std::sqrt(1 / 0.6)));
    CHECK(gain_at(with(vignette, {{"max_stops", 0.5}}), -0.5, -0.5) == doctest::Approx(std::sqrt(2)));
    CHECK_FALSE(move_of({{"vignette", with(vignette, {{"strength", 0}})}}).gain);
    const passes::Move in = move_of({{"vignette", vignette}, {"direction", "distort"}});
    CHECK(in.gain({-0.5, -0.5}) == doctest::Approx(0.6));
    CHECK(moving(pass_of({{"vignette", vignette}})).changes_light());
    CHECK_FALSE(moving(pass_of(barrel)).changes_light());
}

TEST_CASE("a distorting lens darkens what will lie at its edge") {
    const json params = with(barrel, {{"vignette", {{"v1", -0.5}}}, {"direction", "distort"}});
    const passes::Move move = move_of(params);
    const Point corner = move.to_before.at(0, 0);  // of the ideal picture, beyond its edge
    const double half = 0.5 * std::hypot(width, height);
    const double light = 1 - 0.5 * (163.0 * 163 + 88 * 88) / (half * half);
    CHECK(move.gain(corner) == doctest::Approx(light).epsilon(1e-6));
}

TEST_CASE("one ST map is for all frames and read once, of a sequence each frame has its own") {
    const auto still = one_map(shift_map(display, 3));
    const auto pass = pass_of({{"st_map", "map"}}, still);
    CHECK(moving(pass).move(1001, plate).to_before.at(10, 20).x == 13);
    CHECK(moving(pass).move(1007, plate).to_before.at(10, 20).y == 20);
    CHECK(still->asked == 1);

    const auto maps = std::make_shared<Maps>();
    for (int frame = 1001; frame < 1009; ++frame) maps->of[frame] = shift_map(display, frame - 1000);
    const auto moves = pass_of({{"st_map", "map"}}, maps);
    for (const int frame : {1001, 1008, 1002, 1005, 1003, 1001})
        CHECK(moving(moves).move(frame, plate).to_before.at(10, 20).x == 10 + frame - 1000);
    CHECK_THROWS_AS(moving(moves).move(1009, plate), Error);
}

TEST_CASE("an ST map of another size is refused, one with more pixels around is not") {
    const auto small = pass_of({{"st_map", "map"}}, one_map(shift_map({0, 0, width / 2, height / 2}, 0)));
    CHECK_THROWS_AS(moving(small).move(1001, plate), Error);
    const auto huge = pass_of({{"st_map", "map"}}, one_map(shift_map({0, 0, 3 * width + 1, height}, 0)));
    CHECK_THROWS_AS(moving(huge).move(1001, plate), Error);
    constexpr Box wide{-20, -10, width + 20, height + 10};
    const auto large = pass_of({{"st_map", "map"}, {"canvas", "overscan"}}, one_map(shift_map(wide, 0)));
    CHECK(moving(large).move(1001, plate).to_before.at(-20, 0).x == -20);
    CHECK(moving(large).data_window(1001, display) == wide);
    CHECK(moving(large).canvas(plate) == plate);
}

TEST_CASE("the maps that it writes, read back, are the lens") {
    const json params = with(barrel, {{"colour", {{"blue", {-0.003, 0}}}}, {"canvas", "overscan"}});
    const auto pass = pass_of(with(params, {{"write_maps", true}}));
    const auto maps = moving(pass).maps();
    REQUIRE(maps.size() == 6);
    CHECK(moving(pass_of(params)).maps().empty());
    CHECK(maps[1].extension == ".undistort.exr");
    CHECK(maps[5].extension == ".distort.blue.exr");
    CHECK(maps[1].map.window == moving(pass).data_window(1001, display));
    CHECK(maps[4].map.window == display);
    const framing::ColourWarp way = moving(pass).move(1001, plate).way();
    for (std::size_t c = 0; c < 3; ++c) {
        const auto read = pass_of({{"st_map", "map"}}, one_map(maps[c].map));
        const framing::Warp again = moving(read).move(1001, plate).to_before;
        for (const Point place : {Point{0, 0}, Point{319, 179}, Point{17, 101}, Point{-9, 90}}) {
            CHECK(again.at(place.x, place.y).x ==
                  doctest::Approx(way.of(c).at(place.x, place.y).x).epsilon(1e-5));
            CHECK(again.at(place.x, place.y).y ==
                  doctest::Approx(way.of(c).at(place.x, place.y).y).epsilon(1e-5));
        }
    }
    const auto back = pass_of({{"st_map", "map"}}, one_map(maps[4].map));
    const Point there = moving(back).move(1001, plate).to_before.at(20, 30);
    CHECK(way.green().at(there.x, there.y).x == doctest::Approx(20).epsilon(1e-5));
}

TEST_CASE("an overscan holds the corners of the plate around the display window, as large as need be") {
    const auto pass = pass_of(with(barrel, {{"canvas", "overscan"}}));
    const Box all = moving(pass).data_window(1001, display);
    const passes::Move in = move_of(with(barrel, {{"direction", "distort"}}));
    for (const Point corner :
         {Point{0, 0}, Point{width - 1, 0}, Point{0, height - 1}, Point{width - 1, height - 1}}) {
        const Point there = in.to_before.at(corner.x, corner.y);
        CHECK((there.x >= all.x0 && there.x <= all.x1 - 1 && there.y >= all.y0 && there.y <= all.y1 - 1));
    }
    CHECK(all.width() > width);
    CHECK(moving(pass_of(barrel)).data_window(1001, display) == display);
}

TEST_CASE("what makes no sense is refused before any frame is read") {
    const json opencv = barrel.at("distortion");
    for (const json& params :
         {json{{"distortion", opencv}},
          json{{"distortion", {{"convention", "3de_radial"}, {"k1", 0.1}}}, {"focal", {300, 300}}},
          json{{"distortion", {{"convention", "3de_radial"}, {"k3", 0.1}}}},
          json{{"distortion", {{"convention", "opencv"}, {"p3", 0.1}}}, {"focal", {300, 300}}},
          json{{"vignette", {{"v1", -1.0}}}}, with(barrel, {{"st_map", "map"}}),
          json{{"st_map", "map"}, {"write_maps", true}},
          json{{"st_map", "map"}, {"direction", "distort"}, {"vignette", {{"v1", -0.1}}}},
          with(barrel, {{"canvas", "overscan"}, {"distortion", {{"convention", "opencv"}, {"k1", -3}}}}),
          json{{"distortion", {{"k1", 0.1}}}}}) {
        CAPTURE(params.dump());
        CHECK_THROWS_AS(pass_of(params), Error);
    }
}

}  // namespace wetgate::tests

#include "pipeline/straight_window.h"

#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <cmath>
#include <memory>

#include "spec/params.h"
#include "support/fake_window.h"

namespace wetgate::tests {
namespace {

using nlohmann::json;

constexpr int width = 320, height = 200;
constexpr Box display{0, 0, width, height};

// A texture that never repeats.
double scene(double x, double y) {
    double sum = 0;
    for (int k = 1; k <= 9; ++k) {
        const double along = x * std::cos(0.7 * k) + y * std::sin(0.7 * k);
        sum += std::sin(along * 0.11 * std::sqrt(k) + 1.3 * k) * std::cos(along * 0.031 * k);
    }
    return std::max(0.01, 0.25 + 0.04 * sum);
}

// A wide lens: near the edge the plate shows a step as little more than half as long as in the middle.
pipeline::ShotMove lens(const char* direction) {
    passes::PassContext context;
    context.params = spec::pass_params("lens", {{"direction", direction},
                                                {"distortion", {{"convention", "opencv"}, {"k1", -0.12}}},
                                                {"focal", {190, 190}}});
    context.display = display;
    std::shared_ptr<const passes::FramePass> pass = passes::find_pass("lens").make(context);
    return {0, "lens", std::dynamic_pointer_cast<const passes::MovingPass>(pass)};
}

// The scene as a camera that lies at (x, 0) shows it through the lens.
at::Tensor plate_from(double x) {
    const framing::Warp to_ideal = lens("distort").pass->move(0, {width, height}).to_before;
    at::Tensor picture = at::empty({3, height, width}, at::kFloat);
    auto values = picture.accessor<float, 3>();
    for (int row = 0; row < height; ++row) {
        for (int column = 0; column < width; ++column) {
            const framing::Point place = to_ideal.at(column, row);
            for (int c = 0; c < 3; ++c)
                values[c][row][column] = static_cast<float>(scene(place.x + x, place.y));
        }
    }
    return picture;
}

}  // namespace

TEST_CASE("behind a lens the whole picture moves by what the camera did, on the plate by less") {
    constexpr double step = 6.3;
    const FakeWindow plates = FakeWindow::of({plate_from(0), plate_from(step)}, 1);
    const pipeline::ShotMove undistort = lens("undistort");
    const std::vector<const pipeline::ShotMove*> moves{&undistort};
    const pipeline::StraightWindow straight(plates, moves, display);

    CHECK(straight[0].window == display);
    CHECK(&straight[0] == &straight[0]);  // moved once
    for (const auto& [x, y] : {std::pair{160, 100}, {40, 30}, {270, 170}}) {
        CHECK(straight[0].pixels[1][y][x].item<double>() ==
              doctest::Approx(scene(x + step, y)).epsilon(0.01));
        CHECK(straight[-1].pixels[1][y][x].item<double>() == doctest::Approx(scene(x, y)).epsilon(0.01));
    }

    passes::PassContext context;
    context.params = spec::pass_params("stabilise", json::object());
    const auto analysis = passes::find_pass("stabilise").make_analysis(context);
    const auto shift = [&](const passes::FrameWindow& window) {
        return analysis->measure(window).at("step").at("dx").get<double>();
    };
    CHECK(shift(straight) == doctest::Approx(-step).epsilon(0.005));
    CHECK(std::abs(shift(plates)) < 0.95 * step);
}

}  // namespace wetgate::tests

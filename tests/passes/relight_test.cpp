#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <cmath>

#include "support/refusal.h"
#include "support/shot.h"

namespace wetgate::passes {
namespace {

using nlohmann::json;
using tests::ShotPass;

constexpr int width = 240, height = 160;

/// A lit half and a shadowed one, two stops apart, both with fine detail.
at::Tensor two_sides(double stops_apart = 2) {
    at::Tensor light = at::full({height, width}, 0.4);
    light.slice(1, width / 2, width).mul_(std::exp2(-stops_apart));
    const at::Tensor x = at::arange(width, at::kDouble).view({1, width}),
                     y = at::arange(height, at::kDouble).view({height, 1});
    const at::Tensor detail = 1 + 0.05 * ((1.9 * x).sin() * (1.7 * y).sin());
    return (light * detail).to(at::kFloat).unsqueeze(0).repeat({3, 1, 1});
}

double stops_of(const at::Tensor& picture, int channel, int x0, int x1) {
    return picture[channel].slice(1, x0, x1).mean().log2().item<double>();
}

double ratio_stops(const at::Tensor& picture) {
    return stops_of(picture, 1, 10, width / 2 - 20) - stops_of(picture, 1, width / 2 + 20, width - 10);
}

/// Standard deviation of the log light around its mean.
double detail_of(const at::Tensor& picture, int x0, int x1) {
    return picture[1].slice(1, x0, x1).log().std().item<double>();
}

}  // namespace

TEST_CASE("key over fill grows by what is asked for, detail and order stay") {
    const std::vector<at::Tensor> shot = {two_sides()};
    const ShotPass pass("relight");
    for (const double asked : {0.8, -0.8}) {
        CAPTURE(asked);
        const json params = {{"key_fill_stops", asked}};
        const at::Tensor made = pass.run(shot, 0, pass.solved(shot, params), params).pixels;
        CHECK(ratio_stops(made) - ratio_stops(shot[0]) ==
              doctest::Approx(0.76 * asked).epsilon(0.1));  // a logistic's ends
        CHECK(detail_of(made, 10, 100) == doctest::Approx(detail_of(shot[0], 10, 100)).epsilon(0.15));
        CHECK(made[1].slice(1, 0, 100).min().item<double>() >
              made[1].slice(1, 140, width).max().item<double>());
    }
}

TEST_CASE("the colour of the key is shifted, the fill's hardly") {
    const std::vector<at::Tensor> shot = {two_sides()};
    const ShotPass pass("relight");
    const json params = {{"key_color_stops", {0.5, 0.0, -0.5}}};
    const at::Tensor made = pass.run(shot, 0, pass.solved(shot, params), params).pixels;
    CHECK(stops_of(made, 0, 10, 100) - stops_of(shot[0], 0, 10, 100) == doctest::Approx(0.44).epsilon(0.1));
    CHECK(stops_of(made, 2, 10, 100) - stops_of(shot[0], 2, 10, 100) == doctest::Approx(-0.44).epsilon(0.1));
    CHECK(std::abs(stops_of(made, 0, 140, 230) - stops_of(shot[0], 0, 140, 230)) < 0.1);
}

TEST_CASE("a falloff is flattened by the share that is asked for") {
    const at::Tensor fall = at::linspace(0, -2, width).view({1, 1, width}).exp2();
    const std::vector<at::Tensor> shot = {0.3 * fall.expand({3, height, width}).contiguous()};
    const ShotPass pass("relight");
    for (const double share : {1.0, 0.5}) {
        const json params = {{"flatten", share}};
        const at::Tensor made = pass.run(shot, 0, pass.solved(shot, params), params).pixels;
        const double left = stops_of(made, 1, 20, 30) - stops_of(made, 1, width - 30, width - 20);
        const double was = stops_of(shot[0], 1, 20, 30) - stops_of(shot[0], 1, width - 30, width - 20);
        CHECK(left == doctest::Approx((1 - share) * was).epsilon(0.12).scale(1));
    }
}

TEST_CASE("a reference gives its ratio of key to fill") {
    const std::vector<at::Tensor> shot = {two_sides(2)};
    const ShotPass pass("relight", {{"hero", {two_sides(1.2)}}});
    const json params = {{"reference", "hero"}};
    const json artefact = pass.solved(shot, params);
    CHECK(artefact["key_fill_stops"].get<double>() == doctest::Approx(-0.8).epsilon(0.1));
}

TEST_CASE("brightness is not turned around, whatever is asked for") {
    const std::vector<at::Tensor> shot = {two_sides()};
    const ShotPass pass("relight");
    const json params = {{"key_fill_stops", -9.0}};
    CHECK(ratio_stops(pass.run(shot, 0, pass.solved(shot, params), params).pixels) > 0.2);
}

TEST_CASE("nothing asked for changes nothing; lights above 1 and values below 0 stay what they are") {
    const std::vector<at::Tensor> shot = {
        at::cat({at::full({3, 20, 40}, 50.0F), at::full({3, 20, 40}, -0.05F)}, 1)};
    const ShotPass pass("relight");
    CHECK_FALSE(
        pass.run(shot, 0, pass.solved(shot, json::object()), json::object()).touch.any().item<bool>());
    const json params = {{"key_fill_stops", 1.0}};
    const at::Tensor made = pass.run(shot, 0, pass.solved(shot, params), params).pixels;
    CHECK(made[0][0][0].item<double>() > 50);
    CHECK(made[0][39][0].item<double>() < 0);
    CHECK(at::isfinite(made).all().item<bool>());
}

TEST_CASE("an edited number is used as it is, and one that makes no sense is refused") {
    const std::vector<at::Tensor> shot = {two_sides()};
    const ShotPass pass("relight");
    json artefact = pass.solved(shot, json::object());
    for (json& stops : artefact["field_stops"]) stops = 1.0;
    CHECK(at::allclose(pass.run(shot, 0, artefact, json::object()).pixels, shot[0] * 2, 1e-6));
    artefact["key_light"] = -50;
    CHECK(tests::refusal(ErrorKind::Usage, [&] {
              pass.run(shot, 0, artefact, json::object());
          }).find("fill_light") != std::string::npos);
}

}  // namespace wetgate::passes

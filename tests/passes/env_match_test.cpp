#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <cmath>

#include "passes/env_match_sky.h"
#include "support/refusal.h"
#include "support/shot.h"

namespace wetgate::passes {
namespace {

using nlohmann::json;
using tests::ShotPass;
using tests::texture;

constexpr int width = 320, height = 200, horizon = 110;

/// A blue sky that pales towards the horizon, over a textured ground.
at::Tensor scene(double x) {
    at::Tensor picture = 0.5 * texture(width, height, x, 0, 9, 6);
    const at::Tensor down = at::linspace(0, 1, horizon).view({horizon, 1});
    const at::Tensor clouds = 0.03 * (texture(width, horizon, x, 40, 4, 30)[0] - 0.3);
    const std::array<double, 3> top = {0.25, 0.4, 0.8}, bottom = {0.7, 0.75, 0.8};
    for (int c = 0; c < 3; ++c) {
        const auto at = static_cast<std::size_t>(c);
        picture[c].slice(0, 0, horizon).copy_(top[at] + (bottom[at] - top[at]) * down + clouds);
    }
    return picture;
}

at::Tensor sky() {
    at::Tensor matte = at::zeros({1, height, width});
    matte.slice(1, 0, horizon).fill_(1);
    return matte;
}

/// Hazier, darker at the top: what another hour makes of the sky.
at::Tensor other_hour(const at::Tensor& picture) {
    const at::Tensor way = ((at::arange(height) + 0.5) / height).view({height, 1});
    at::Tensor made = picture.clone();
    const std::array<double, 3> top = {-0.5, -0.7, -0.9}, bottom = {-0.3, -0.4, -0.5},
                                haze = {0.03, 0.02, 0.02};
    for (int c = 0; c < 3; ++c) {
        const auto at = static_cast<std::size_t>(c);
        made[c].copy_(picture[c] * (top[at] + (bottom[at] - top[at]) * way).exp2() + haze[at]);
    }
    return at::where(sky() > 0, made, picture);
}

double stops_off(const at::Tensor& made, const at::Tensor& truth, int from, int to) {
    return (made.slice(1, from, to) / truth.slice(1, from, to)).log2().abs().mean().item<double>();
}

const json to_noon = {{"reference", "noon"}, {"feather_px", 0}};

}  // namespace

TEST_CASE(
    "a sky under a matte comes to the reference, top and horizon alike, and the ground keeps its bits") {
    const std::vector<at::Tensor> shot = {other_hour(scene(0)), other_hour(scene(3))};
    const ShotPass pass("env_match", {{"noon", {scene(12)}}});
    const std::vector<at::Tensor> mattes = {sky(), sky()};
    const json artefact = pass.solved(shot, to_noon, mattes);
    CAPTURE(artefact.dump());
    const PassResult made = pass.run(shot, 0, artefact, to_noon, mattes);
    CHECK(stops_off(made.pixels, scene(0), 0, 10) < 0.05);
    CHECK(stops_off(made.pixels, scene(0), horizon - 10, horizon) < 0.05);
    CHECK(made.touch.slice(1, 0, horizon).min().item<float>() == 1.0F);
    CHECK_FALSE(made.touch.slice(1, horizon, height).any().item<bool>());
}

TEST_CASE("where no surface is shared, the region's light from top to bottom decides") {
    const std::vector<at::Tensor> shot = {other_hour(scene(0))};
    at::Tensor elsewhere = scene(0).clone();
    elsewhere.slice(1, horizon, height).copy_(texture(width, height - horizon, 0, 0, 55, 6));
    const ShotPass pass("env_match", {{"noon", {elsewhere}}});
    json params = to_noon;
    params["least_matches"] = 10000;
    const json artefact = pass.solved(shot, params, {sky()});
    CAPTURE(artefact.dump());
    CHECK(artefact.at("by") == "statistics");
    CHECK(stops_off(pass.run(shot, 0, artefact, params, {sky()}).pixels, scene(0), 0, horizon) < 0.05);
}

TEST_CASE("the sky is found by itself and the ground is not") {
    const at::Tensor found = env_match::sky_matte(scene(0));
    CHECK(found.slice(1, 0, horizon - 6).mean().item<double>() > 0.95);
    CHECK(found.slice(1, horizon + 10, height).mean().item<double>() < 0.02);
    CHECK_FALSE(env_match::sky_matte(0.5 * texture(width, height, 0, 0, 9, 6)).any().item<bool>());
}

TEST_CASE("the change sets in inside the region's edge") {
    const at::Tensor soft = env_match::feathered(sky(), 4);
    CHECK(soft.slice(1, horizon, height).max().item<float>() == 0.0F);
    CHECK(soft.slice(1, 0, horizon - 5).min().item<float>() == 1.0F);
    CHECK(soft[0][horizon - 2][100].item<double>() == doctest::Approx(0.5).epsilon(0.35));
}

TEST_CASE("a shot without sky, and without a matte, stays as it is and says so") {
    const std::vector<at::Tensor> shot = {0.5 * texture(width, height, 0, 0, 9, 6)};
    const ShotPass pass("env_match", {{"noon", {scene(0)}}});
    const json artefact = pass.solved(shot, to_noon);
    CHECK(artefact.at("verdict") == "left alone");
    const PassResult made = pass.run(shot, 0, artefact, to_noon);
    CHECK_FALSE(made.touch.any().item<bool>());
    CHECK(made.facts.contains("left_alone"));
}

TEST_CASE("a sky that matches already keeps its bits, and nothing is said of it") {
    const std::vector<at::Tensor> shot = {scene(0)};
    const ShotPass pass("env_match", {{"noon", {scene(8)}}});
    const json artefact = pass.solved(shot, to_noon, {sky()});
    CHECK(artefact.at("verdict") == "alike");
    const PassResult made = pass.run(shot, 0, artefact, to_noon, {sky()});
    CHECK_FALSE(made.touch.any().item<bool>());
    CHECK_FALSE(made.facts.contains("left_alone"));
}

TEST_CASE("edited numbers are used as they are; lights above 1 and values below 0 keep their place") {
    const std::vector<at::Tensor> shot = {
        at::cat({at::full({3, 4, 4}, 50.0F), at::full({3, 4, 4}, -0.05F)}, 1)};
    const std::vector<at::Tensor> matte = {at::ones({1, 8, 4})};
    json artefact = {{"schema", "wetgate.env_match/1"},
                     {"top_stops", {1.0, 0.0, 0.0}},
                     {"bottom_stops", {1.0, 0.0, 0.0}},
                     {"airlight", {0.0, 0.25, 0.0}}};
    const ShotPass pass("env_match", {{"noon", shot}});
    const at::Tensor made = pass.run(shot, 0, artefact, to_noon, matte).pixels;
    CHECK(made[0][0][0].item<float>() == 100.0F);
    CHECK(made[0][7][0].item<float>() == -0.1F);
    CHECK(made[1][0][0].item<float>() == 50.25F);
    artefact["airlight"] = {"some", 0, 0};
    CHECK(tests::refusal(ErrorKind::Usage, [&] {
              pass.run(shot, 0, artefact, to_noon, matte);
          }).find("/airlight/0") != std::string::npos);
}

}  // namespace wetgate::passes

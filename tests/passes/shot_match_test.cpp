#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "passes/cdl.h"
#include "support/refusal.h"
#include "support/shot.h"

namespace wetgate::passes {
namespace {

using nlohmann::json;
using tests::ShotPass;
using tests::texture;

constexpr int width = 320, height = 240;

/// The scene, from a camera that has moved on by `x`.
at::Tensor scene(double x) {
    return texture(width, height, x, 0.3 * x, 3, 6);
}

at::Tensor mixed(const at::Tensor& picture, const std::array<std::array<double, 4>, 3>& rows) {
    std::vector<at::Tensor> channels;
    for (const auto& row : rows)
        channels.push_back(picture[0] * row[0] + picture[1] * row[1] + picture[2] * row[2] + row[3]);
    return at::stack(channels);
}

double mean_stops(const at::Tensor& one, const at::Tensor& other) {
    return (one / other).log2().abs().mean().item<double>();
}

ShotPass matching(const at::Tensor& hero) {
    return ShotPass("shot_match", {{"hero", {hero}}});
}

const json to_hero = {{"reference", "hero"}};

}  // namespace

TEST_CASE("a take a stop under, and warmer, comes to its hero take as an ASC CDL") {
    const at::Tensor gains = at::tensor({0.6F, 0.5F, 0.4F}).view({3, 1, 1});
    std::vector<at::Tensor> take;
    for (const double x : {0.0, 4.0, 8.0}) take.push_back(scene(x) * gains);
    const ShotPass pass = matching(scene(40));
    const json artefact = pass.solved(take, to_hero);
    CAPTURE(artefact.dump());
    CHECK(artefact.at("verdict") == "matched");
    CHECK(artefact.at("most_matches").get<int>() >= 30);
    CHECK_FALSE(artefact.contains("matrix"));
    for (int i = 0; i < 3; ++i) {
        const PassResult made = pass.run(take, i, artefact, to_hero);
        CHECK(mean_stops(made.pixels, take[static_cast<std::size_t>(i)] / gains) < 0.01);
        CHECK(made.touch.min().item<float>() == 1.0F);
    }
}

TEST_CASE("crossed channels and a lifted black take a matrix beside the CDL") {
    const std::array<std::array<double, 4>, 3> look = {
        {{0.7, 0.09, 0.02, 0.004}, {0.06, 0.9, 0.1, 0.002}, {0.02, 0.12, 0.8, 0.006}}};
    const std::vector<at::Tensor> take = {mixed(scene(0), look), mixed(scene(5), look)};
    const ShotPass pass = matching(scene(20));
    const json artefact = pass.solved(take, to_hero);
    CAPTURE(artefact.dump());
    REQUIRE(artefact.contains("matrix"));
    CHECK(mean_stops(pass.run(take, 0, artefact, to_hero).pixels, scene(0)) < 0.02);
}

TEST_CASE("takes that match already keep their bits") {
    const std::vector<at::Tensor> take = {scene(0) * 1.01, scene(6) * 1.01};
    const ShotPass pass = matching(scene(25));
    const json artefact = pass.solved(take, to_hero);
    CHECK(artefact.at("verdict") == "alike");
    const PassResult made = pass.run(take, 0, artefact, to_hero);
    CHECK_FALSE(made.touch.any().item<bool>());
}

TEST_CASE("a take that shares nothing with its reference stays as it is and asks for picks") {
    const std::vector<at::Tensor> take = {scene(0) * 0.5};
    const ShotPass pass = matching(texture(width, height, 0, 0, 77, 6));
    const json artefact = pass.solved(take, to_hero);
    CHECK(artefact.at("verdict") == "needs picks");
    const PassResult made = pass.run(take, 0, artefact, to_hero);
    CHECK_FALSE(made.touch.any().item<bool>());
    CHECK(at::equal(made.pixels, take[0]));
    CHECK(made.facts.contains("needs_picks"));
}

TEST_CASE("picks match what no feature connects") {
    const at::Tensor gains = at::tensor({1.8F, 1.5F, 0.9F}).view({3, 1, 1});
    at::Tensor hero = at::full({3, 60, 90}, 0.2F), take = at::full({3, 60, 90}, 0.1F);
    const std::array<std::array<float, 3>, 3> colors = {
        {{0.5F, 0.2F, 0.1F}, {0.1F, 0.4F, 0.2F}, {0.2F, 0.2F, 0.6F}}};
    json picks = json::array();
    for (int i = 0; i < 3; ++i) {
        const auto& color = colors[static_cast<std::size_t>(i)];
        const at::Tensor patch = at::tensor({color[0], color[1], color[2]}).view({3, 1, 1});
        hero.slice(1, 10, 20).slice(2, 20 * i, 20 * i + 10).copy_(patch);
        take.slice(1, 40, 50).slice(2, 25 * i, 25 * i + 10).copy_(patch / gains);
        picks.push_back({{"frame", 1},
                         {"box", {25 * i, 40, 25 * i + 10, 50}},
                         {"reference_box", {20 * i, 10, 20 * i + 10, 20}}});
    }
    const json params = {{"reference", "hero"}, {"picks", picks}};
    const ShotPass pass = matching(hero);
    const json artefact = pass.solved({take}, params);
    const at::Tensor made = pass.run({take}, 0, artefact, params).pixels;
    for (int i = 0; i < 3; ++i)
        for (int c = 0; c < 3; ++c)
            CHECK(made[c][45][25 * i + 5].item<double>() ==
                  doctest::Approx(
                      static_cast<double>(colors[static_cast<std::size_t>(i)][static_cast<std::size_t>(c)]))
                      .epsilon(0.02));

    json outside = params;
    outside["picks"][0]["box"] = {200, 200, 210, 210};
    CHECK(tests::refusal(ErrorKind::Usage, [&] { pass.solved({take}, outside); }).find("holds no pixel") !=
          std::string::npos);
}

TEST_CASE("a hand-edited number and an ASC CDL file are used as they are") {
    const std::vector<at::Tensor> take = {scene(0)};
    const ShotPass pass = matching(scene(0));
    json artefact = pass.solved(take, to_hero);
    artefact["cdl"]["slope"] = {2.0, 1.0, 0.5};
    const PassResult edited = pass.run(take, 0, artefact, to_hero);
    CHECK(at::equal(edited.pixels[0], take[0][0] * 2));
    CHECK(at::equal(edited.pixels[1], take[0][1]));

    const json from_file = {{"schema", "wetgate.cdl/1"},
                            {"slope", {1.0, 1.5, 1.0}},
                            {"offset", {0.0, 0.0, 0.0}},
                            {"power", {1.0, 1.0, 1.0}},
                            {"saturation", 1.0}};
    const at::Tensor given = pass.run(take, 0, from_file, to_hero).pixels;
    color::Cdl cdl;
    cdl.slope = {1.0, 1.5, 1.0};
    CHECK(at::equal(given, with_cdl(take[0], cdl, false)));

    artefact["cdl"]["slope"] = {-1.0, 1.0, 1.0};
    CHECK(tests::refusal(ErrorKind::Usage, [&] {
              pass.run(take, 0, artefact, to_hero);
          }).find("/cdl/slope") != std::string::npos);
}

TEST_CASE("lights far above 1 and values below 0 keep their place") {
    const std::vector<at::Tensor> take = {
        at::cat({at::full({3, 8, 8}, 50.0F), at::full({3, 8, 8}, -0.05F)}, 1)};
    const json artefact = {{"schema", "wetgate.cdl/1"},
                           {"slope", {2.0, 2.0, 2.0}},
                           {"offset", {0.0, 0.0, 0.0}},
                           {"power", {1.0, 1.0, 1.0}},
                           {"saturation", 1.0}};
    const at::Tensor made = matching(take[0]).run(take, 0, artefact, to_hero).pixels;
    CHECK(made[0][0][0].item<float>() == 100.0F);
    CHECK(made[1][12][3].item<float>() == -0.1F);
}

TEST_CASE("the decision is a .cc that other tools read") {
    const json artefact = {{"schema", "wetgate.cdl/1"},
                           {"slope", {2.0, 1.0, 0.5}},
                           {"offset", {0.0, 0.0, 0.0}},
                           {"power", {1.0, 1.0, 1.0}},
                           {"saturation", 0.9}};
    const ShotPass pass = matching(scene(0));
    const auto sidecars = find_pass("shot_match").make(pass.context(to_hero, artefact))->sidecars();
    REQUIRE(sidecars.size() == 1);
    CHECK(sidecars[0].extension == ".cc");
    CHECK(sidecars[0].text.find("<Slope>2 1 0.5</Slope>") != std::string::npos);
}

TEST_CASE("a shot match without a reference is refused") {
    const ShotPass pass = matching(scene(0));
    CHECK(tests::refusal(ErrorKind::Usage, [&] {
              pass.solved({scene(0)}, json::object());
          }).find("reference") != std::string::npos);
}

}  // namespace wetgate::passes

#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <cmath>

#include "support/refusal.h"
#include "support/shot.h"

namespace wetgate::passes {
namespace {

using nlohmann::json;
using tests::ShotPass;
using tests::texture;

constexpr int width = 320, height = 192, frames = 24;

/// A camera that pans right and down, and back up.
at::Tensor scene(int t) {
    return texture(width, height, 5.0 * t, 2.5 * (t < 12 ? t : 24 - t), 6, 14);
}

/// A smudge of `stops` at its middle.
at::Tensor smudge(double stops) {
    const at::Tensor x = (at::arange(width, at::kDouble) - 200) / 30,
                     y = (at::arange(height, at::kDouble) - 80) / 24;
    return (-stops * (-0.5 * (x.view({1, width}).square() + y.view({height, 1}).square())).exp())
        .exp2()
        .to(at::kFloat);
}

std::vector<at::Tensor> behind(const at::Tensor& lens) {
    std::vector<at::Tensor> shot;
    for (int t = 0; t < frames; ++t) shot.push_back(scene(t) * lens);
    return shot;
}

double stops_off(const at::Tensor& made, const at::Tensor& truth, int x0, int x1) {
    return (made / truth).log2().abs().slice(2, x0, x1).mean().item<double>();
}

}  // namespace

TEST_CASE("a smudge that stays while the scene moves is given its light back, the rest hardly changes") {
    const std::vector<at::Tensor> shot = behind(smudge(0.6));
    const ShotPass pass("lens_dirt");
    const json artefact = pass.solved(shot, json::object());
    CAPTURE(artefact["explained"].dump());
    CAPTURE(artefact["darkest_stops"].dump());
    REQUIRE(artefact["verdict"] == "cleaned");
    CHECK(artefact["darkest_stops"].get<double>() == doctest::Approx(0.6).epsilon(0.2));
    const at::Tensor made = pass.run(shot, 10, artefact, json::object()).pixels;
    CHECK(stops_off(made, scene(10), 170, 230) < 0.35 * stops_off(shot[10], scene(10), 170, 230));
    CHECK(stops_off(made, scene(10), 0, 100) < 0.04);
}

TEST_CASE("a clean lens, and a camera that stands still, change nothing") {
    const ShotPass pass("lens_dirt");
    const std::vector<at::Tensor> clean = behind(at::ones({height, width}));
    const json artefact = pass.solved(clean, json::object());
    CAPTURE(artefact["explained"].dump());
    CAPTURE(artefact["darkest_stops"].dump());
    CHECK(artefact["verdict"] == "left alone");
    CHECK_FALSE(pass.run(clean, 5, artefact, json::object()).touch.any().item<bool>());
    const std::vector<at::Tensor> still(12, scene(0) * smudge(0.6));
    CHECK(pass.solved(still, json::object())["verdict"] == "left alone");
}

TEST_CASE("edited stops are used as they are; lights above 1 and values below 0 keep their place") {
    const std::vector<at::Tensor> shot = {
        at::cat({at::full({3, 4, 8}, 50.0F), at::full({3, 4, 8}, -0.05F)}, 1)};
    json artefact = {{"schema", "wetgate.lens_dirt/1"}, {"grid", {2, 1}}, {"stops", {1.0, 0.0}}};
    const ShotPass pass("lens_dirt");
    const PassResult made = pass.run(shot, 0, artefact, json::object());
    CHECK(made.pixels[0][0][0].item<float>() == 100.0F);
    CHECK(made.pixels[1][7][0].item<float>() == -0.1F);
    CHECK(made.touch[0][0][7].item<float>() == 0.0F);
    artefact["stops"] = {1.0};
    CHECK(tests::refusal(ErrorKind::Usage, [&] {
              pass.run(shot, 0, artefact, json::object());
          }).find("/stops") != std::string::npos);
}

}  // namespace wetgate::passes

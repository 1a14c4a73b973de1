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

constexpr int frames = 20;

at::Tensor scene(int t) {
    return texture(240, 144, 1.2 * t, 0.4 * t, 5, 12);
}

/// The largest distance of what is made from the light of frame 0, in stops: median over pixels, any frame.
double worst_stops(const ShotPass& pass, const std::vector<at::Tensor>& shot, const json& artefact,
                   const json& params = json::object()) {
    double worst = 0;
    for (int t = 0; t < frames; ++t) {
        const at::Tensor made = pass.run(shot, t, artefact, params).pixels;
        worst = std::max(worst, std::abs((made / scene(t)).log2().median().item<double>()));
    }
    return worst;
}

}  // namespace

TEST_CASE("a shot that loses a stop and turns warm keeps the light of its first frame") {
    std::vector<at::Tensor> shot;
    for (int t = 0; t < frames; ++t) {
        const double way = static_cast<double>(t) / (frames - 1);
        const at::Tensor gains =
            at::tensor({std::exp2(-0.8 * way), std::exp2(-way), std::exp2(-1.2 * way)}, at::kFloat);
        shot.push_back(scene(t) * gains.view({3, 1, 1}));
    }
    const ShotPass pass("light_drift");
    const json artefact = pass.solved(shot, json::object());
    CAPTURE(artefact["scenes"].dump());
    CHECK(worst_stops(pass, shot, artefact) < 0.05);
    CHECK(at::equal(pass.run(shot, 0, artefact, json::object()).pixels.round(), shot[0].round()));
}

TEST_CASE("the anchor is the frame that the job names") {
    std::vector<at::Tensor> shot;
    for (int t = 0; t < frames; ++t) shot.push_back(scene(t) * std::exp2(0.05 * (t - 12)));
    const ShotPass pass("light_drift");
    const json params = {{"anchor_frames", {13}}};  // numbered from 1
    CHECK(worst_stops(pass, shot, pass.solved(shot, params), params) < 0.05);
}

TEST_CASE("a shadow that creeps over one side is lifted there and nowhere else") {
    const at::Tensor side = at::linspace(0, 1, 240).clamp(0.4, 0.6).sub(0.4).mul(5).view({1, 1, 240});
    std::vector<at::Tensor> shot, shadow;
    for (int t = 0; t < frames; ++t) {
        shadow.push_back(-0.8 * t / (frames - 1) * side);
        shot.push_back(scene(t) * shadow.back().exp2());
    }
    const ShotPass pass("light_drift");
    const json artefact = pass.solved(shot, json::object());
    CAPTURE(artefact["scenes"].dump());
    REQUIRE(artefact["frames"][frames - 1].contains("local_stops"));
    const at::Tensor made = pass.run(shot, frames - 1, artefact, json::object()).pixels;
    const at::Tensor off = (made / scene(frames - 1)).log2().abs();
    CHECK(off.slice(2, 0, 75).mean().item<double>() < 0.12);
    CHECK(off.slice(2, 165, 240).mean().item<double>() < 0.12);
}

TEST_CASE("steady light keeps its bits") {
    std::vector<at::Tensor> shot;
    for (int t = 0; t < frames; ++t) shot.push_back(scene(t));
    const ShotPass pass("light_drift");
    const json artefact = pass.solved(shot, json::object());
    CAPTURE(artefact["scenes"].dump());
    CHECK_FALSE(pass.run(shot, frames - 1, artefact, json::object()).touch.any().item<bool>());
}

TEST_CASE(
    "an edited row is used as it is, lights above 1 and values below 0 keep their place, nonsense is "
    "refused") {
    const std::vector<at::Tensor> shot = {
        at::cat({at::full({3, 4, 4}, 50.0F), at::full({3, 4, 4}, -0.05F)}, 1)};
    json artefact = {{"schema", "wetgate.light_drift/1"},
                     {"grid", {1, 1}},
                     {"frames", {{{"frame", 1}, {"stops", {1.0, 0.0, -1.0}}}}}};
    const ShotPass pass("light_drift");
    const at::Tensor made = pass.run(shot, 0, artefact, json::object()).pixels;
    CHECK(made[0][0][0].item<float>() == 100.0F);
    CHECK(made[1][7][0].item<float>() == -0.05F);
    CHECK(made[2][7][0].item<float>() == -0.025F);
    artefact["frames"][0]["stops"] = {1.0, 99.0, 0.0};
    CHECK(tests::refusal(ErrorKind::Usage, [&] {
              pass.run(shot, 0, artefact, json::object());
          }).find("/frames/0/stops/1") != std::string::npos);
}

}  // namespace wetgate::passes

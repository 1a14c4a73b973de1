#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <cmath>

#include "passes/grain_texture.h"
#include "support/refusal.h"
#include "support/shot.h"

namespace wetgate::passes {
namespace {

using nlohmann::json;
using tests::ShotPass;

constexpr int width = 256, height = 192;

/// Coarse: a pixel shares half with its neighbours; green lies between red and blue.
GrainTexture coarse() {
    GrainTexture texture;
    for (auto& channel : texture.near) {
        for (int dy = 0; dy <= GrainTexture::reach_px; ++dy)
            for (int dx = -GrainTexture::reach_px; dx <= GrainTexture::reach_px; ++dx)
                channel[static_cast<std::size_t>(dy)][static_cast<std::size_t>(GrainTexture::reach_px + dx)] =
                    std::exp(-0.6 * (dx * dx + dy * dy));
    }
    texture.shared = {0.6, 0.4, 0.6};
    return texture;
}

/// Plain light that rises from left to right.
at::Tensor ramp() {
    return (0.1 + 0.4 * at::arange(width) / width)
        .view({1, 1, width})
        .expand({3, height, width})
        .contiguous();
}

double deviation(double value) {
    return std::sqrt(4e-4 * value + 2e-5);
}

/// The ramp with grain of variance 4e-4 * light + 2e-5, times `amount`.
at::Tensor grainy(std::uint64_t seed, double amount = 1) {
    const at::Tensor light = ramp();
    return light + amount * (4e-4 * light + 2e-5).sqrt() * coarse().field(seed, {0, 0, width, height});
}

at::Tensor middle() {
    at::Tensor matte = at::zeros({1, height, width});
    matte.slice(1, 40, 152).slice(2, 60, 200).fill_(1);
    return matte;
}

struct Look {
    double strength = 0;   // over the right one
    double neighbour = 0;  // correlation with the pixel to the right
    double shared = 0;     // of red and green
};

Look look_inside(const at::Tensor& picture) {
    const at::Tensor light = ramp();
    const at::Tensor grain =
        ((picture - light) / (4e-4 * light + 2e-5).sqrt()).slice(1, 44, 148).slice(2, 64, 196);
    const auto product = [](const at::Tensor& a, const at::Tensor& b) {
        return (a * b).mean().item<double>();
    };
    const double power = product(grain, grain);
    return {std::sqrt(power), product(grain.slice(2, 1), grain.slice(2, 0, -1)) / power,
            product(grain[0], grain[1]) / power};
}

std::vector<at::Tensor> cleaned_shot(double left = 0) {
    std::vector<at::Tensor> shot;
    for (std::uint64_t i = 0; i < 8; ++i)
        shot.push_back(at::where(middle() > 0, grainy(100 + i, left), grainy(i)));
    return shot;
}

const std::vector<at::Tensor> mattes(8, middle());

}  // namespace

TEST_CASE("grain has mean 0, deviation 1, the correlation it is asked for, and is the same in any window") {
    const at::Tensor grain = coarse().field(7, {-20, 10, 492, 522});
    CHECK(std::abs(grain.mean().item<double>()) < 0.02);
    CHECK(grain.std().item<double>() == doctest::Approx(1).epsilon(0.02));
    const auto correlation = [&](int dx, int dy) {
        return (grain.slice(1, dy).slice(2, dx) * grain.slice(1, 0, 512 - dy).slice(2, 0, 512 - dx))
            .mean()
            .item<double>();
    };
    CHECK(correlation(1, 0) == doctest::Approx(std::exp(-0.6)).epsilon(0.05));
    CHECK(correlation(0, 1) == doctest::Approx(std::exp(-0.6)).epsilon(0.05));
    CHECK(correlation(1, 1) == doctest::Approx(std::exp(-1.2)).epsilon(0.08));
    CHECK(std::abs(correlation(4, 0)) < 0.03);
    CHECK((grain[0] * grain[1]).mean().item<double>() == doctest::Approx(0.6).epsilon(0.05));
    CHECK((grain[0] * grain[2]).mean().item<double>() == doctest::Approx(0.4).epsilon(0.08));

    const at::Tensor part = coarse().field(7, {0, 30, 40, 60});
    CHECK(at::allclose(part, grain.slice(1, 20, 50).slice(2, 20, 60), 0, 1e-5));
    CHECK_FALSE(at::allclose(part, coarse().field(8, {0, 30, 40, 60}), 0, 0.5));
}

TEST_CASE("the texture of grain is measured where a picture is plain") {
    const at::Tensor picture = 0.3 + 0.02 * coarse().field(3, {0, 0, 512, 512});
    const auto found = measure_texture(picture, {});
    REQUIRE(found);
    constexpr std::size_t at = GrainTexture::reach_px;
    CHECK(found->near[1][0][at] == doctest::Approx(1));
    CHECK(found->near[1][0][at + 1] == doctest::Approx(std::exp(-0.6)).epsilon(0.08));
    CHECK(found->near[1][2][at] == doctest::Approx(std::exp(-2.4)).epsilon(0.5));
    CHECK(found->shared[0] == doctest::Approx(0.6).epsilon(0.1));
    CHECK_FALSE(measure_texture(at::full({3, 512, 512}, 0.3F), {}));
}

TEST_CASE("what a matte covers gets the grain that the rest of the shot has, the rest keeps its bits") {
    const ShotPass pass("regrain");
    for (const double left : {0.0, 0.6}) {
        CAPTURE(left);
        const std::vector<at::Tensor> shot = cleaned_shot(left);
        const json artefact = pass.solved(shot, json::object(), mattes);
        CAPTURE(artefact.dump());
        const PassResult made = pass.run(shot, 3, artefact, json::object(), mattes);
        const Look look = look_inside(made.pixels);
        CHECK(look.strength == doctest::Approx(1).epsilon(0.1));
        CHECK(look.neighbour == doctest::Approx(std::exp(-0.6)).epsilon(0.15));
        CHECK(look.shared == doctest::Approx(0.6).epsilon(0.15));
        CHECK_FALSE(made.touch.masked_select(middle() == 0).any().item<bool>());
        CHECK(made.touch.masked_select(middle() > 0).mean().item<double>() > 0.99);
    }
}

TEST_CASE("grain is another one on each frame, and the same one each time") {
    const ShotPass pass("regrain");
    const std::vector<at::Tensor> shot = cleaned_shot();
    const json artefact = pass.solved(shot, json::object(), mattes);
    const at::Tensor third = pass.run(shot, 2, artefact, json::object(), mattes).pixels;
    const at::Tensor fourth = pass.run(shot, 3, artefact, json::object(), mattes).pixels;
    CHECK(at::equal(third, pass.run(shot, 2, artefact, json::object(), mattes).pixels));
    const at::Tensor first_grain = (third - ramp()) * middle(), second_grain = (fourth - ramp()) * middle();
    const double shared =
        (first_grain * second_grain).sum().item<double>() / (first_grain * first_grain).sum().item<double>();
    CHECK(std::abs(shared) < 0.05);
}

TEST_CASE("a clean shot gets the grain of a reference") {
    const ShotPass pass("regrain", {{"plate", {grainy(40), grainy(41)}}});
    const std::vector<at::Tensor> shot(3, ramp());
    const json params = {{"reference", "plate"}};
    const json artefact = pass.solved(shot, params);
    CAPTURE(artefact.dump());
    const Look look = look_inside(pass.run(shot, 0, artefact, params).pixels);
    CHECK(look.strength == doctest::Approx(1).epsilon(0.1));
    CHECK(look.neighbour == doctest::Approx(std::exp(-0.6)).epsilon(0.15));
}

TEST_CASE("a place that has its grain gets no more, one too small to be measured is left alone") {
    const ShotPass pass("regrain");
    const std::vector<at::Tensor> sound = cleaned_shot(1);
    const json artefact = pass.solved(sound, json::object(), mattes);
    const at::Tensor change = pass.run(sound, 0, artefact, json::object(), mattes).pixels - sound[0];
    CHECK(change.square().mean().sqrt().item<double>() < 0.3 * deviation(0.3));

    at::Tensor little = at::zeros({1, height, width});
    little.slice(1, 50, 60).slice(2, 50, 60).fill_(1);
    const std::vector<at::Tensor> small(8, little);
    const json none = pass.solved(sound, json::object(), small);
    CHECK_FALSE(pass.run(sound, 0, none, json::object(), small).touch.any().item<bool>());
    CHECK(pass.run(sound, 0, none, json::object(), small).facts.contains("left_alone"));
    const json clean = {{"present", "none"}};
    CHECK(pass.run(sound, 0, pass.solved(sound, clean, small), clean, small).touch.any().item<bool>());
}

TEST_CASE("edited numbers are used as they are, lights and values below 0 keep their place") {
    const std::vector<at::Tensor> shot = {
        at::cat({at::full({3, 32, 64}, 50.0F), at::full({3, 32, 64}, -0.05F)}, 1)};
    const std::vector<at::Tensor> all = {at::ones({1, 64, 64})};
    json artefact = {{"schema", "wetgate.regrain/1"},
                     {"wanted", {{"coding", "acescct"}, {"a", {0, 0, 0}}, {"b", {1e-4, 4e-4, 0}}}},
                     {"present", {{"a", {0, 0, 0}}, {"b", {0, 3e-4, 0}}}}};
    const ShotPass pass("regrain");
    const at::Tensor made = pass.run(shot, 0, artefact, json::object(), all).pixels;
    const at::Tensor off = made - shot[0];
    CHECK(off[0].std().item<double>() == doctest::Approx(0.01).epsilon(0.05));
    CHECK(off[1].std().item<double>() == doctest::Approx(0.01).epsilon(0.05));
    CHECK(at::equal(made[2], shot[0][2]));
    artefact["wanted"]["near"] = json::array();
    CHECK(tests::refusal(ErrorKind::Usage, [&] {
              pass.run(shot, 0, artefact, json::object(), all);
          }).find("/wanted/near") != std::string::npos);
}

TEST_CASE("without a matte and a reference there is nothing to go by") {
    const ShotPass pass("regrain");
    CHECK(tests::refusal(ErrorKind::Usage, [&] {
              pass.solved({ramp()}, json::object());
          }).find("reference") != std::string::npos);
}

}  // namespace wetgate::passes

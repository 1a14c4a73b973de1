#include "train/generators.h"

#include <ATen/ATen.h>
#include <doctest/doctest.h>

namespace wetgate::train {
namespace {

at::Tensor photograph() {
    const at::Tensor x = at::arange(200, at::kFloat).view({1, 1, 200}) / 200;
    const at::Tensor y = at::arange(150, at::kFloat).view({1, 150, 1}) / 150;
    return (0.2 + 0.5 * x * y).expand({3, 150, 200}).clone();
}

}  // namespace

TEST_CASE("the same seed plants the same faults, another one others") {
    const auto make = [](std::uint64_t seed) {
        Dice dice(seed);
        const at::Tensor frames = moving_crops(photograph(), 48, dice);
        const NoisyWindow noisy = light_noise(frames, dice);
        return at::cat({noisy.input.flatten(), noisy.target.flatten(), hole(48, dice).flatten()});
    };
    CHECK(at::equal(make(7), make(7)));
    CHECK_FALSE(at::equal(make(7), make(8)));
}

TEST_CASE("planted display noise has the deviation that its map says") {
    for (std::uint64_t seed = 1; seed < 6; ++seed) {
        Dice dice(seed);
        const at::Tensor frames = at::full({5, 3, 64, 64}, 0.5);
        const NoisyWindow noisy = display_noise(frames, dice);
        REQUIRE(noisy.input.sizes() == at::IntArrayRef({16, 64, 64}));
        const double map = noisy.input[15][0][0].item<double>();
        const double measured = (noisy.input.narrow(0, 0, 15) - 0.5).std().item<double>();
        CHECK(measured == doctest::Approx(map).epsilon(0.05));
        CHECK(at::equal(noisy.target, frames[2]));
    }
}

TEST_CASE("a hole is never empty and never more than about half of the crop") {
    Dice dice(3);
    for (int i = 0; i < 60; ++i) {
        const at::Tensor mask = hole(96, dice);
        CHECK(mask.sizes() == at::IntArrayRef({1, 96, 96}));
        CHECK(((mask == 0) | (mask == 1)).all().item<bool>());
        CHECK(mask.sum().item<double>() >= 1);
        CHECK(mask.mean().item<double>() < 0.75);
    }
}

TEST_CASE("half the size of a ramp is that ramp") {
    const at::Tensor small = halved(photograph());
    REQUIRE(small.sizes() == at::IntArrayRef({3, 75, 100}));
    // A pixel of the small picture lies between four of the large one.
    const at::Tensor between = at::avg_pool2d(photograph().unsqueeze(0), {2, 2}).squeeze(0);
    CHECK((small - between).abs().narrow(1, 4, 66).narrow(2, 4, 90).max().item<double>() < 1e-4);
}

}  // namespace wetgate::train

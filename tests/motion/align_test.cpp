#include "motion/align.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <doctest/doctest.h>

#include <cmath>

namespace wetgate::tests {
namespace {

/// [2,H,W] of one vector.
at::Tensor everywhere(float dx, float dy, std::int64_t height, std::int64_t width) {
    return at::tensor({dx, dy}, at::kFloat).view({2, 1, 1}).expand({2, height, width}).contiguous();
}

}  // namespace

TEST_CASE("a flow found on a picture of half the size says how far whole pixels move") {
    motion::FlowField flow{4, 3, {}};
    for (int i = 0; i < 12; ++i) flow.vectors.insert(flow.vectors.end(), {1.5F, -2.0F});
    const at::Tensor shift = motion::shift_of(flow, 8, 6, c10::Device(c10::kCPU));
    CHECK(at::allclose(shift, everywhere(3.0F, -4.0F, 6, 8)));
    CHECK(at::equal(motion::shift_of(flow, 4, 3, c10::Device(c10::kCPU)), everywhere(1.5F, -2.0F, 3, 4)));
}

TEST_CASE("two steps lead where both together lead") {
    const at::Tensor both = motion::composed(everywhere(1.0F, 0.0F, 8, 9), everywhere(2.0F, -3.0F, 8, 9));
    CHECK(at::allclose(both, everywhere(3.0F, -3.0F, 8, 9)));
    // The second step is that of the place which the first one leads to: dx = x there.
    const at::Tensor x = at::arange(9, at::kFloat).view({1, 1, 9}).expand({1, 8, 9});
    const at::Tensor second = at::cat({x, at::zeros_like(x)});
    const at::Tensor made = motion::composed(everywhere(2.0F, 1.0F, 8, 9), second);
    CHECK(made[0][3][4].item<float>() == doctest::Approx(2 + 6));
    CHECK(made[1][3][4].item<float>() == doctest::Approx(1));
    CHECK(made[0][3][8].item<float>() == doctest::Approx(2 + 8));  // past the edge: as at the edge
}

TEST_CASE("a half guide is half as large, and quieter than what it is made of") {
    const at::Tensor noisy = 0.4 + 0.04 * at::randn({3, 64, 96}, at::detail::createCPUGenerator(5));
    const motion::GrayImage guide = motion::half_guide(noisy, 0.04);
    CHECK(guide.width == 48);
    CHECK(guide.height == 32);
    double sum = 0, squares = 0;
    for (const std::uint8_t value : guide.pixels) {
        sum += static_cast<double>(value);
        squares += static_cast<double>(value) * static_cast<double>(value);
    }
    const double mean = sum / static_cast<double>(guide.pixels.size());
    CHECK(mean == doctest::Approx(0.4 * 255).epsilon(0.01));
    // Of luminance, 0.04 times 0.75; a mean of four pixels halves it, non-local means does the rest.
    CHECK(std::sqrt(squares / static_cast<double>(guide.pixels.size()) - mean * mean) < 0.25 * 0.03 * 255);
    CHECK(motion::half_guide(at::full({3, 1, 5}, 0.4), 0).width == 5);  // too small to halve
}

}  // namespace wetgate::tests

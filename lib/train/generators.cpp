#include "train/generators.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "passes/coding.h"

namespace wetgate::train {
namespace {

constexpr std::int64_t frames = 5;
constexpr double largest_sigma = 55.0 / 255;

/// Coordinates -1..1 at which `out` x `out` pixels around (x, y) are sampled.
at::Tensor grid_of(const at::Tensor& picture, std::int64_t side, double x, double y, double zoom,
                   double turn) {
    const at::Tensor line = at::arange(side, at::kFloat) - 0.5 * static_cast<double>(side - 1);
    const at::Tensor u = line.view({1, side});
    const at::Tensor v = line.view({side, 1});
    const at::Tensor px = (u * std::cos(turn) - v * std::sin(turn)) * zoom + x;
    const at::Tensor py = (u * std::sin(turn) + v * std::cos(turn)) * zoom + y;
    const double half_width = 0.5 * static_cast<double>(picture.size(2) - 1);
    const double half_height = 0.5 * static_cast<double>(picture.size(1) - 1);
    return at::stack({px / half_width - 1, py / half_height - 1}, 2);
}

/// Sigma map and window from noisy frames.
NoisyWindow window_of(const at::Tensor& noisy, const at::Tensor& sigma, const at::Tensor& target) {
    return {at::cat({noisy.flatten(0, 1), sigma}), target};
}

}  // namespace

Dice::Dice(std::uint64_t seed) : generator_(at::detail::createCPUGenerator(seed)) {}

double Dice::uniform(double low, double high) {
    return low + (high - low) * at::rand({1}, generator_, at::kDouble).item<double>();
}

std::int64_t Dice::below(std::int64_t end) {
    return at::randint(std::max<std::int64_t>(1, end), {1}, generator_, at::kLong).item<std::int64_t>();
}

at::Tensor Dice::normal(at::IntArrayRef sizes) {
    return at::randn(sizes, generator_, at::kFloat);
}

at::Tensor moving_crops(const at::Tensor& picture, std::int64_t side, Dice& dice) {
    const double shrink =
        dice.chance(0.5) ? 1.0 : dice.uniform(1.0, 2.0);  // photographs are softer than video
    const double half = 0.5 * static_cast<double>(side) * shrink;
    const auto place = [&](std::int64_t size) {
        const auto length = static_cast<double>(size);
        return length > 2 * half ? dice.uniform(half, length - half) : length / 2;
    };
    const double x = place(picture.size(2));
    const double y = place(picture.size(1));
    // Half of the windows are as alignment leaves them: a fraction of a pixel off.
    const double speed = dice.chance(0.5) ? dice.uniform(0, 0.3) : 12 * std::pow(dice.uniform(0, 1), 2);
    const double way = dice.uniform(0, 2 * std::numbers::pi);
    const double zoom = speed > 0.5 ? dice.uniform(-0.01, 0.01) : 0;
    const double turn = speed > 0.5 ? dice.uniform(-0.01, 0.01) : 0;
    std::vector<at::Tensor> grids;
    for (std::int64_t t = 0; t < frames; ++t) {
        const auto k = static_cast<double>(t - frames / 2);
        grids.push_back(grid_of(picture, side, x + k * speed * std::cos(way), y + k * speed * std::sin(way),
                                shrink * (1 + k * zoom), k * turn));
    }
    const at::Tensor source = picture.unsqueeze(0).expand({frames, 3, picture.size(1), picture.size(2)});
    constexpr int cubic = 2;
    constexpr int border = 1;
    return at::grid_sampler(source, at::stack(grids), cubic, border, /*align_corners=*/true);
}

NoisyWindow display_noise(const at::Tensor& clean, Dice& dice) {
    const double sigma = dice.uniform(0, largest_sigma);
    at::Tensor noisy = clean + sigma * dice.normal(clean.sizes());
    if (dice.chance(0.25)) noisy = noisy.clamp(0, 1);
    return window_of(noisy, at::full({1, clean.size(2), clean.size(3)}, sigma), clean[frames / 2]);
}

NoisyWindow light_noise(const at::Tensor& clean, Dice& dice) {
    const passes::Coding coding(passes::Coding::Kind::AcesCct, 0, {});
    const at::Tensor light = coding.decode(as_light(clean, dice));
    const double a = std::pow(10.0, dice.uniform(-4.5, -1.7));
    const double b = std::pow(10.0, 2 * dice.uniform(-3.2, -1.6));
    at::Tensor noisy = light + (light.clamp_min(0) * a + b).sqrt() * dice.normal(light.sizes());
    if (dice.chance(0.15)) noisy = noisy.clamp_min(0);
    const at::Tensor smooth =
        at::avg_pool2d(noisy[frames / 2].unsqueeze(0), {5, 5}, {1, 1}, {2, 2}, false, false)
            .squeeze(0)
            .clamp_min(0);
    const at::Tensor sigma = ((smooth * a + b).sqrt() * coding.slope(smooth)).mean(0, /*keepdim=*/true);
    return window_of(coding.encode(noisy), sigma, coding.encode(light[frames / 2]));
}

at::Tensor hole(std::int64_t side, Dice& dice) {
    const auto length = static_cast<double>(side);
    const at::Tensor line = at::arange(side, at::kFloat);
    struct Turned {
        at::Tensor u, v;
    };
    const auto turned = [&] {
        const double angle = dice.uniform(0, std::numbers::pi);
        const at::Tensor x = line.view({1, side}) - dice.uniform(0.1, 0.9) * length;
        const at::Tensor y = line.view({side, 1}) - dice.uniform(0.1, 0.9) * length;
        return Turned{x * std::cos(angle) + y * std::sin(angle), y * std::cos(angle) - x * std::sin(angle)};
    };
    at::Tensor mask;
    const std::int64_t kind = dice.below(6);
    if (kind < 2) {  // sagging wires, thin ones more often
        mask = at::zeros({side, side}, at::kBool);
        const std::int64_t count = 1 + dice.below(3);
        for (std::int64_t i = 0; i < count; ++i) {
            const Turned at = turned();
            const double width = 2 * std::exp(dice.uniform(0, std::log(12.0)));
            const double sag = dice.uniform(-1, 1) / length;
            mask = mask.logical_or((at.v - at.u.square() * sag).abs() < width / 2);
        }
    } else if (kind == 2) {  // a pole with a thicker end
        const Turned at = turned();
        const double width = dice.uniform(3, 12);
        mask = (at.u > 0).logical_and(at.v.abs() < width * (0.5 + 0.5 * at.u / length));
        mask = mask.logical_or((at.u.square() + at.v.square()).sqrt() < width * 1.2);
    } else if (kind < 5) {  // a disc with a wavy edge
        const Turned at = turned();
        const double radius = dice.uniform(0.05, 0.28) * length;
        const at::Tensor angle = at::atan2(at.v, at.u);
        const at::Tensor wave =
            at::sin(angle * 3 + dice.uniform(0, 6)) * 0.2 + at::sin(angle * 5 + dice.uniform(0, 6)) * 0.15;
        mask = (at.u.square() + at.v.square()).sqrt() < radius * (1 + wave);
    } else {
        const Turned at = turned();
        mask = (at.u.abs() < dice.uniform(0.03, 0.25) * length)
                   .logical_and(at.v.abs() < dice.uniform(0.03, 0.25) * length);
    }
    mask[side / 2][side / 2] = true;  // never empty
    return mask.to(at::kFloat).unsqueeze(0);
}

at::Tensor as_light(const at::Tensor& picture, Dice& dice) {
    const at::Tensor size = picture.clamp(0, 1);
    const at::Tensor curve = ((size.clamp_min(0.04045) + 0.055) / 1.055).pow(2.4);
    at::Tensor light = at::where(size > 0.04045, curve, size / 12.92);
    if (dice.chance(0.6)) {
        const at::Tensor top = ((size.amax(-3, /*keepdim=*/true) - 0.8) / 0.2).clamp(0, 1).square();
        light = light * (1 + top * dice.uniform(0, 12));
    }
    const passes::Coding coding(passes::Coding::Kind::AcesCct, dice.uniform(-3, 3), {});
    return coding.encode(light);
}

at::Tensor halved(const at::Tensor& picture) {
    return at::_upsample_bicubic2d_aa(picture.unsqueeze(0), {picture.size(1) / 2, picture.size(2) / 2},
                                      /*align_corners=*/false)
        .squeeze(0);
}

}  // namespace wetgate::train

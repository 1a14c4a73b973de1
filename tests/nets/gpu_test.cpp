#include <ATen/ATen.h>
#include <doctest/doctest.h>

#include <cmath>

#include "compute/cuda.h"
#include "compute/runtime.h"
#include "nets/job_models.h"
#include "nets/tiles.h"

namespace wetgate::tests {
namespace {

bool has_cuda() {
    if (compute::cuda_device_count() > 0) return true;
    MESSAGE("skipped: no CUDA device here");
    return false;
}

struct Case {
    const char* model;
    const char* task;
    int channels;
};
constexpr Case cases[] = {{"denoise_t5", "denoise", 16}, {"inpaint", "inpaint", 4}, {"sr_x2", "upscale", 3}};

at::Tensor picture(int channels) {
    const at::Tensor x = at::arange(700, at::kFloat).view({1, 1, 700});
    const at::Tensor y = at::arange(500, at::kFloat).view({1, 500, 1});
    at::Tensor made = (0.4 + 0.2 * at::sin(x / 7) * at::sin(y / 9) + 0.1 * at::sin((x + 2 * y) / 3))
                          .expand({channels, 500, 700})
                          .clone();
    if (channels == 16) made[15].fill_(0.05);
    if (channels == 4) made[3].zero_();
    return made;
}

at::Tensor answer(const Case& one, c10::Device device, bool half, int tile_px) {
    const nets::JobModels models(WETGATE_SHIPPED_MODELS, "", device, half);
    const auto loaded = models.load({one.model, one.task});
    return nets::forward_tiled(loaded->network, picture(one.channels).to(device), tile_px).to(at::kCPU);
}

}  // namespace

TEST_CASE("float16 on CUDA is within 60 dB of float32 on the CPU, and the same in every run") {
    if (!has_cuda()) return;
    const compute::Runtime runtime({.device = "cuda", .precision = "fp16", .threads = 1});
    for (const Case& one : cases) {
        CAPTURE(one.model);
        const at::Tensor cpu = answer(one, c10::Device(c10::kCPU), false, 512);
        const at::Tensor cuda = answer(one, runtime.device(), true, 512);
        CHECK(-10 * std::log10((cpu - cuda).square().mean().item<double>()) > 60);
        CHECK(at::equal(cuda, answer(one, runtime.device(), true, 512)));
    }
}

}  // namespace wetgate::tests

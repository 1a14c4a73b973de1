// What scripts/bench asks of the networks alone: seconds a picture, without files.
//   bench_networks MODELS_FOLDER DEVICE WIDTH HEIGHT PICTURES
// Prints {"denoise_t5": {"seconds": [...], "tile_px": N}, ...}: a time for each picture after a first one
// that is not counted.
#include <ATen/ATen.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "compute/runtime.h"
#include "core/error.h"
#include "nets/job_models.h"
#include "nets/tiles.h"

namespace {

using namespace wetgate::nets;
using Clock = std::chrono::steady_clock;

nlohmann::json timed(const LoadedModel& model, c10::Device device, std::int64_t width, std::int64_t height,
                     int pictures) {
    nlohmann::json seconds = nlohmann::json::array();
    const at::Tensor picture =
        at::full({model.network.shape().channels_in, height, width}, 0.3, at::kFloat).to(device);
    for (int i = 0; i <= pictures; ++i) {
        const auto start = Clock::now();
        forward_tiled(model.network, picture, model.tile_px).sum().item<float>();  // waits for the device
        if (i > 0) seconds.push_back(std::chrono::duration<double>(Clock::now() - start).count());
    }
    return {{"seconds", seconds}, {"tile_px", model.tile_px}};
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 6) return 2;
    try {
        const wetgate::compute::Runtime runtime({.device = argv[2], .precision = "fp16", .threads = 2});
        const JobModels models(argv[1], "", runtime.device(), runtime.device().is_cuda());
        nlohmann::json results;
        for (const auto& [name, task] :
             {std::pair{"denoise_t5", "denoise"}, {"inpaint", "inpaint"}, {"sr_x2", "upscale"}}) {
            results[name] = timed(*models.load({name, task}), runtime.device(), std::atoll(argv[3]),
                                  std::atoll(argv[4]), std::atoi(argv[5]));
        }
        std::cout << results.dump() << "\n";
    } catch (const wetgate::Error& error) {
        std::cerr << error.what() << "\n";
        return 1;
    }
    return 0;
}

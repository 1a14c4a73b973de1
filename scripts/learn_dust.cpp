// What scripts/learn-dust asks of the pass `dust`: the clues of each spot of a planted frame.
//   learn_dust WIDTH HEIGHT
// Reads frames of float32 planes from standard input: R G B of the neighbour before, of the frame and of the
// neighbour behind, then the dirt's opacity. Prints a JSON list of spots a frame, one line each.
#include <ATen/ATen.h>

#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>

#include "passes/dust_spots.h"

int main(int argc, char** argv) {
    if (argc != 3) {
        std::cerr << "usage: learn_dust WIDTH HEIGHT\n";
        return 2;
    }
    const std::int64_t width = std::atoi(argv[1]);
    const std::int64_t height = std::atoi(argv[2]);
    constexpr std::int64_t planes = 10;
    if (width < 1 || height < 1 || width > 8192 || height > 8192) {
        std::cerr << "learn_dust: pictures are of 1 to 8192 pixels a side\n";
        return 2;
    }
    namespace dust = wetgate::passes::dust;
    at::Tensor data = at::empty({planes, height, width}, at::kFloat);
    while (std::cin.read(static_cast<char*>(data.data_ptr()), data.numel() * 4)) {
        const auto picture = [&](std::int64_t first) { return data.narrow(0, first, 3); };
        const float* opacity = data[9].data_ptr<float>();
        nlohmann::json found = nlohmann::json::array();
        for (const dust::Spot& spot : dust::spots(dust::gather(picture(3), picture(0), picture(6)))) {
            int dirty = 0, clean = 0;
            for (const std::int32_t pixel : spot.pixels) {
                dirty += opacity[pixel] > 0.1F ? 1 : 0;
                clean += opacity[pixel] <= 0.01F ? 1 : 0;
            }
            found.push_back({{"within", spot.within},
                             {"is_clear", spot.is_clear},
                             {"area", spot.region.area_px},
                             {"dirty", dirty},
                             {"clean", clean},
                             {"clues", spot.clues}});
        }
        std::cout << found.dump() << "\n";
    }
    return 0;
}

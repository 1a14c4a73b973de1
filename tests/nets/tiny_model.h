#pragma once
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "nets/safetensors.h"

namespace wetgate::tests {

inline nlohmann::json tiny_srnet() {
    return {{"cin", 3}, {"ch", 2}, {"blocks", 1}};
}

/// Weights of tiny_srnet(): `scale` times a wave.
inline nets::Tensors tiny_srnet_weights(float scale) {
    nets::Tensors weights;
    const auto add = [&](const std::string& name, std::int64_t out, std::int64_t in) {
        for (const auto& [part, shape] : {std::pair{".weight", std::vector<std::int64_t>{out, in, 3, 3}},
                                          std::pair{".bias", std::vector{out}}}) {
            nets::Tensor tensor{shape, {}};
            std::int64_t count = 1;
            for (const std::int64_t size : shape) count *= size;
            for (std::int64_t i = 0; i < count; ++i)
                tensor.values.push_back(scale * std::sin(static_cast<float>(i + out)));
            weights.by_name[name + part] = std::move(tensor);
        }
    };
    add("head", 2, 3);
    add("body.0.conv1", 2, 2);
    add("body.0.conv2", 2, 2);
    add("fuse", 2, 2);
    add("tail", 12, 2);
    return weights;
}

}  // namespace wetgate::tests
